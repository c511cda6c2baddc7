"""HAProxy's runtime API, HTTP between tasks, and Redis, all in memory."""

import asyncio
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import ConnectionError as RedisConnectionError

from supervisor.haproxy import ENGINE_PORT, TASKS_PORT
from tests.unit.container.simulation.engine import Process, Tomcat, answer
from tests.unit.container.simulation.scheduler import Scheduler

if TYPE_CHECKING:
    from tests.unit.container.simulation.machine import Machine
    from tests.unit.container.simulation.world import World

SECONDS: Final = 0.001
"""How long a message takes between two machines."""
UNAVAILABLE: Final = b"HTTP/1.1 503 \r\n\r\n"


class HaproxyProcess:
    """A machine's HAProxy: which servers are ready, and where the active engine is."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self.process: Process | None = None
        self.ready = {"engine/active": False, "own/tomcat": False}
        self.upstream: tuple[str, int] | None = None
        self.requests = 0
        """How many requests are running."""
        self.failing_calls = 0
        """How many calls of its runtime API fail from now on."""

    def restarted(self) -> Process:
        """Start it."""
        self.process = Process(self._machine)
        return self.process

    def command(self, text: str) -> str:
        """Do what the runtime API is told."""
        if found := re.fullmatch(r"set server (\S+) state (ready|drain|maint)", text):
            self.ready[found[1]] = found[2] == "ready"
        elif found := re.fullmatch(r"set server engine/active addr (\S+) port (\d+)", text):
            self.upstream = (found[1], int(found[2]))
        elif text.startswith("shutdown sessions server "):
            self.requests = 0
        elif text.startswith("show stat"):
            return f"# pxname,svname,scur,qcur\nengine,active,{self.requests},0\nown,tomcat,0,0\n"
        return "\n"


def engine_behind(world: "World", machine: "Machine") -> Tomcat | None:
    """Return the engine that a request to a machine is served by; None if it is not."""
    upstream = machine.haproxy.upstream
    if not machine.runs or not machine.haproxy.ready["engine/active"] or upstream is None:
        return None
    address, port = upstream
    other = next((other for other in world.machines if other.address == address), None)
    if other is None or not other.runs or other.tomcat is None or not other.tomcat.serves:
        return None
    if port == TASKS_PORT:
        return other.tomcat if other.haproxy.ready["own/tomcat"] else None
    return other.tomcat if port == ENGINE_PORT and other is machine else None


class _Writer:
    """Sends a request once it is complete, and lets `respond` have it."""

    def __init__(self, respond: Callable[[str], None]) -> None:
        self._respond = respond

    def write(self, data: bytes) -> None:
        self._respond(data.decode())

    async def drain(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


async def open_connection(world: "World", address: str, port: int) -> tuple[asyncio.StreamReader, Any]:
    """Connect to an engine or to another machine's HAProxy. Raises OSError."""
    machine = world.current
    await asyncio.sleep(SECONDS)
    target = next((other for other in world.machines if other.address == address), None)
    reader = asyncio.StreamReader()
    if target is None or target.dead:
        raise OSError("no route to host")
    direct = port == ENGINE_PORT and target is machine
    if direct and (target.tomcat is None or not target.tomcat.deployed):
        raise ConnectionRefusedError

    def respond(request: str) -> None:
        if target.frozen:
            return
        tomcat = target.tomcat if direct or target.haproxy.ready["own/tomcat"] else None
        path = request.split(" ")[1]
        content = UNAVAILABLE
        if tomcat is not None and tomcat.deployed:
            content = answer(tomcat, path, own_task=direct)
        if content is not None:
            world.scheduler.later(SECONDS, lambda: machine.post(lambda: _feed(reader, content)))

    return reader, _Writer(respond)


async def open_runtime_api(world: "World", _: str) -> tuple[asyncio.StreamReader, Any]:
    """Connect to the machine's own HAProxy."""
    machine = world.current
    if machine.haproxy.failing_calls:
        machine.haproxy.failing_calls -= 1
        raise ConnectionRefusedError
    reader = asyncio.StreamReader()

    def respond(command: str) -> None:
        _feed(reader, machine.haproxy.command(command.strip()).encode())

    return reader, _Writer(respond)


def _feed(reader: asyncio.StreamReader, content: bytes) -> None:
    reader.feed_data(content)
    reader.feed_eof()


class RedisServer:
    """Redis with one key and one channel."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.up = True
        self.delay = SECONDS
        """How long a message of the channel takes."""
        self.published: list[str] = []
        self._value = ""
        self._expires_at = 0.0
        self._subscribers: list[tuple[Machine, asyncio.Queue[str]]] = []

    @property
    def left(self) -> float:
        """Seconds until the key expires; 0 or less if there is none."""
        return self._expires_at - self._scheduler.now

    @property
    def value(self) -> str | None:
        """The key's value."""
        return self._value if self.left > 0 else None

    def set(self, text: str, seconds: float) -> None:
        """Set the key."""
        self._value, self._expires_at = text, self._scheduler.now + seconds

    def flush(self) -> None:
        """Forget the key."""
        self._expires_at = 0.0

    def publish(self, text: str) -> None:
        """Send a message to all subscribers."""
        self.published.append(text)
        self._scheduler.later(self.delay, lambda: self.deliver(text))

    def deliver(self, text: str) -> None:
        """Let a message arrive, wherever Redis can be reached."""
        for machine, messages in self._subscribers:
            if self.up and not machine.redis_cut and not machine.dead:
                machine.post(lambda messages=messages: messages.put_nowait(text))

    def subscribe(self, machine: "Machine", messages: "asyncio.Queue[str]") -> None:
        """Send messages to a machine from now on."""
        self._subscribers = [entry for entry in self._subscribers if entry[0] is not machine]
        self._subscribers.append((machine, messages))


class _Client:
    """`redis.asyncio.Redis` and its channel, as far as the supervisor uses them."""

    def __init__(self, world: "World") -> None:
        self._machine = world.current
        self._server = world.redis
        self._messages: asyncio.Queue[str] = asyncio.Queue()

    async def _reach(self) -> None:
        await asyncio.sleep(SECONDS)
        if self._machine.redis_cut:
            await asyncio.sleep(1.0)
        if not self._server.up or self._machine.redis_cut or self._machine.dead:
            raise RedisConnectionError

    async def set(self, _: str, text: str, *, px: int) -> None:
        await self._reach()
        self._server.set(text, px / 1000)

    async def get(self, _: str) -> str | None:
        await self._reach()
        return self._server.value

    async def pttl(self, _: str) -> int:
        await self._reach()
        return int(self._server.left * 1000) if self._server.left > 0 else -2

    async def delete(self, _: str) -> None:
        await self._reach()
        self._server.flush()

    async def publish(self, _: str, text: str) -> None:
        await self._reach()
        self._server.publish(text)

    def pubsub(self, **_: object) -> "_Client":
        return self

    async def subscribe(self, _: str) -> None:
        await self._reach()
        self._messages = asyncio.Queue()
        self._server.subscribe(self._machine, self._messages)

    async def get_message(self, *, timeout: float) -> dict[str, str] | None:  # noqa: ASYNC109 - the library's name
        try:
            async with asyncio.timeout(timeout):
                return {"data": await self._messages.get()}
        except TimeoutError:
            return None

    async def aclose(self) -> None:
        """Do nothing."""


def redis_module(world: "World") -> SimpleNamespace:
    """Return what takes the place of the library."""

    def client(**_: object) -> _Client:
        return _Client(world)

    return SimpleNamespace(asyncio=SimpleNamespace(Redis=client))

"""The leader's key in Redis: what is written, what is believed, and what an error of Redis changes: nothing."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from typing_extensions import override

from supervisor import discovery, timings
from supervisor.discovery import Discovery, Leader, LeaderRegistry
from supervisor.variables import RedisVariables

KEY = "yawl:dev:leader"
ENTRY = {"epoch": 7, "task": "task1", "address": "10.0.0.1", "port": 8081, "engine": "running"}
ERRORS = [RedisConnectionError(), RedisError(), OSError(), TimeoutError()]


class Client:
    """Redis's client and its channel: notes calls, and fails those that a test names."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.failing: dict[str, list[Exception]] = {}
        self.value: bytes | None = None
        self.left = 4000
        self.messages: list[bytes | None] = []
        self.silent = asyncio.Event()

    async def _do(self, name: str, *given: Any) -> None:
        self.calls.append((name, *given))
        if self.failing.get(name):
            raise self.failing[name].pop(0)

    async def set(self, key: str, text: str, *, px: int) -> None:
        await self._do("set", key, json.loads(text), px)

    async def publish(self, key: str, text: str) -> None:
        await self._do("publish", key, json.loads(text))

    async def get(self, key: str) -> bytes | None:
        await self._do("get", key)
        return self.value

    async def pttl(self, key: str) -> int:
        await self._do("pttl", key)
        return self.left

    async def delete(self, key: str) -> None:
        await self._do("delete", key)

    async def aclose(self) -> None:
        await self._do("aclose")

    def pubsub(self, *, ignore_subscribe_messages: bool) -> "Client":
        assert ignore_subscribe_messages
        self.calls.append(("pubsub",))
        return self

    async def subscribe(self, key: str) -> None:
        await self._do("subscribe", key)

    async def get_message(self, *, timeout: float) -> dict[str, bytes] | None:  # noqa: ASYNC109 - the library's name
        await self._do("get_message", timeout)
        if not self.messages:
            self.silent.set()
            await asyncio.sleep(60)
        text = self.messages.pop(0)
        return None if text is None else {"data": text}

    @property
    def names(self) -> list[str]:
        return [call[0] for call in self.calls]


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def registry(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LeaderRegistry:
    monkeypatch.setattr(discovery, "RECONNECT_PAUSE", 0.0)
    (tmp_path / "ca.pem").write_text("")
    variables = RedisVariables(host="redis", port=6379, auth_token="secret", ca_bundle=tmp_path / "ca.pem")
    made = LeaderRegistry(variables, environment="dev")
    monkeypatch.setattr(made, "_client", client)
    return made


def announce(registry: LeaderRegistry, *, change: bool) -> None:
    asyncio.run(
        registry.announce(epoch=7, task="task1", address="10.0.0.1", port=8081, engine="running", change=change)
    )


def test_connection_is_verified_and_gives_up_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def make(**options: Any) -> Client:
        given.update(options)
        return Client()

    monkeypatch.setattr("redis.asyncio.Redis", make)
    variables = RedisVariables(host="redis", port=6379, auth_token="secret", ca_bundle=tmp_path / "ca.pem")
    LeaderRegistry(variables, environment="dev")
    retry = given.pop("retry")
    assert (retry.get_retries(), retry._backoff.compute(3)) == (0, 0)
    assert given == {
        "host": "redis",
        "port": 6379,
        "password": "secret",
        "ssl": True,
        "ssl_ca_certs": str(tmp_path / "ca.pem"),
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "socket_keepalive": True,
        "socket_timeout": 1.0,
        "socket_connect_timeout": 1.0,
    }


@pytest.mark.parametrize("change", [True, False])
def test_only_changes_are_published(registry: LeaderRegistry, client: Client, change: bool) -> None:
    announce(registry, change=change)
    assert client.calls == [("set", KEY, ENTRY, 5000), *([("publish", KEY, ENTRY)] if change else [])]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("call", ["set", "publish"])
def test_leader_does_not_depend_on_redis(registry: LeaderRegistry, client: Client, call: str, error: Exception) -> None:
    client.failing[call] = [error]
    announce(registry, change=True)
    assert client.names[-1] == call


@pytest.mark.parametrize(
    ("value", "removed"),
    [(ENTRY, True), ({**ENTRY, "epoch": 6}, False), ({**ENTRY, "epoch": 8}, False), (None, False), ("broken", False)],
)
def test_only_its_own_entry_is_removed(registry: LeaderRegistry, client: Client, value: Any, removed: bool) -> None:
    client.value = value and json.dumps(value).encode()
    asyncio.run(registry.withdraw(epoch=7))
    assert client.calls == [("get", KEY), *([("delete", KEY), ("publish", KEY, None)] if removed else [])]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_handover_does_not_depend_on_redis(registry: LeaderRegistry, client: Client, error: Exception) -> None:
    client.failing["get"] = [error]
    asyncio.run(registry.withdraw(epoch=7))
    client.failing["aclose"] = [error]
    asyncio.run(registry.close())
    assert client.names == ["get", "aclose"]


@pytest.mark.parametrize("call", ["set", "get"])
def test_redis_that_never_answers_is_not_waited_for(
    registry: LeaderRegistry, client: Client, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    async def never(*_: Any, **__: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(discovery, "CALL_TIMEOUT", 0.005)
    monkeypatch.setattr(client, call, never)
    if call == "get":
        work = registry.withdraw(epoch=7)
    else:
        work = registry.announce(epoch=7, task="t", address="a", port=1, engine="running", change=True)
    asyncio.run(asyncio.wait_for(work, 60))


class Listening(Discovery):
    """Notes each leader that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Leader | None] = []

    @override
    def update_from_redis(self, leader: Leader | None) -> None:
        self.found.append(leader)
        super().update_from_redis(leader)


def listen(registry: LeaderRegistry, client: Client) -> list[Leader | None]:
    """Listen until there are no more messages."""

    async def main() -> list[Leader | None]:
        known = Listening()
        task = asyncio.create_task(registry.listen(known))
        async with asyncio.timeout(60):
            await client.silent.wait()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        return known.found

    return asyncio.run(main())


def test_standby_hears_of_the_key_and_of_changes(registry: LeaderRegistry, client: Client) -> None:
    client.value = json.dumps(ENTRY).encode()
    client.messages = [json.dumps({**ENTRY, "epoch": 8}).encode(), None, b"null"]
    found = [leader and (leader.epoch, leader.age_seconds) for leader in listen(registry, client)]
    # The key lives for 5 s and has 4 s left; what was published is new.
    assert found == [(7, 1.0), (8, 0.0), (7, 1.0), (7, 1.0), None, (7, 1.0)]
    assert client.calls[:5] == [
        ("pubsub",),
        ("subscribe", KEY),
        ("get", KEY),
        ("pttl", KEY),
        ("get_message", timings.ANNOUNCE_INTERVAL),
    ]
    assert client.names[-1] == "aclose"


@pytest.mark.parametrize(("left", "age"), [(5000, 0.0), (1, 4.999), (0, 0.0), (-1, 0.0), (-2, 0.0), (6000, 0.0)])
def test_age_of_the_key(registry: LeaderRegistry, client: Client, left: int, age: float) -> None:
    client.value, client.left = json.dumps(ENTRY).encode(), left
    [leader] = listen(registry, client)
    assert leader
    assert leader.age_seconds == pytest.approx(age)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("call", ["subscribe", "get", "get_message"])
def test_standby_listens_again_after_an_error(
    registry: LeaderRegistry, client: Client, call: str, error: Exception
) -> None:
    client.value = json.dumps(ENTRY).encode()
    client.failing = {call: [error], "aclose": [error]}
    found = listen(registry, client)
    assert client.names.count("pubsub") == 2
    assert found[-1]


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"no JSON", b"[]", b"7", b'{"epoch": 7}', json.dumps({**ENTRY, "port": "http"}).encode(), b"\xff"],
)
def test_what_is_no_leader_is_none(registry: LeaderRegistry, client: Client, text: bytes) -> None:
    client.value = text
    assert not listen(registry, client)[0]


def test_entry_is_read_whole(registry: LeaderRegistry, client: Client) -> None:
    client.value = json.dumps({**ENTRY, "epoch": "7", "port": "8081"}).encode()
    [leader] = listen(registry, client)
    assert leader
    assert {name: getattr(leader, name) for name in ENTRY} == ENTRY


def test_newer_of_two_entries_of_one_epoch_counts() -> None:
    def entry(engine: str, *, age_seconds: float, heard_at: float) -> Leader:
        return Leader(
            epoch=7,
            task="task1",
            address="10.0.0.1",
            port=8081,
            engine=engine,
            age_seconds=age_seconds,
            heard_at=heard_at,
        )

    start = discovery.now()
    for ages, expected in [((3.0, 0.5), "row"), ((0.5, 3.0), "redis")]:
        known = Discovery()
        known.update_from_redis(entry("redis", age_seconds=ages[0], heard_at=start))
        known._from_row = entry("row", age_seconds=ages[1], heard_at=start)
        assert known.leader
        assert known.leader.engine == expected
    known = Discovery()
    assert not known.redis_knows
    known.update_from_redis(entry("redis", age_seconds=1.0, heard_at=start))
    assert known.redis_knows


def test_only_changes_of_its_state_are_logged(
    registry: LeaderRegistry, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []

    def note(event: str, _: object = None) -> None:
        logged.append(event)

    monkeypatch.setattr(discovery.JOURNAL, "warning", note)
    monkeypatch.setattr(discovery.JOURNAL, "info", note)
    for error in (None, None, RedisError(), RedisError(), None):
        client.failing["set"] = [error] if error else []
        announce(registry, change=False)
    there, gone = "Redis is reachable", "Redis is unreachable; the leader is read from the database"
    assert logged == [there, gone, there]


def test_calls_have_time_for_an_answer_and_its_loss(
    registry: LeaderRegistry, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    timeout = asyncio.timeout

    def noted(seconds: float | None) -> asyncio.Timeout:
        limits.append(seconds or 0.0)
        return timeout(seconds)

    monkeypatch.setattr(discovery, "CALL_TIMEOUT", 3.0)
    monkeypatch.setattr(discovery.asyncio, "timeout", noted)
    announce(registry, change=True)
    asyncio.run(registry.withdraw(epoch=7))
    assert limits == [6.0, 6.0]
    limits.clear()
    client.messages = [None]
    listen(registry, client)
    # The first limit is this test's own; then those of subscribe, of both reads and of the wait for a message, twice.
    assert limits[1:] == [6.0, 6.0, 7.0, 6.0, 7.0]

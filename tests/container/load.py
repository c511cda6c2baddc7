"""A steady load of writes, sent to all tasks in turn as by a load balancer, without waiting for earlier responses."""

import asyncio
import base64
import enum
import hashlib
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from testbed import client
from testbed.client import Answer, UnansweredError, UnreachableError
from testbed.task import ENGINE_PORT, PORT, Task
from testbed.testbed import Testbed

INTERVAL: Final = 0.1
"""Seconds between two writes. The engine needs 0.04 s for each, one at a time; half a machine must keep up."""
ANSWER_LIMIT: Final = 5.0
"""Seconds a client waits for a response."""
SETUP_SECONDS: Final = 60.0
"""Limit for logging in and uploading."""
SPECIFICATION: Final = """<specificationSet xmlns="http://www.yawlfoundation.org/yawlschema" version="4.0">
<specification uri="steady"><metaData><version>0.1</version><identifier>UID-steady</identifier></metaData>
<decomposition id="Net"><processControlElements><inputCondition id="in"><flowsInto><nextElementRef id="only"/>
</flowsInto></inputCondition></processControlElements></decomposition></specification></specificationSet>"""
STEADY: Final = {"specidentifier": "UID-steady", "specversion": "0.1", "specuri": "steady"}
"""The form fields that identify the specification."""
_PREFIXES = itertools.count(1)


class Outcome(enum.Enum):
    """What a client knows about its write."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The client knows that nothing was written."""
    UNCERTAIN = "uncertain"
    """No response, or one that does not say whether the write happened."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write; times are those of the event loop."""

    mark: str
    """A unique text that identifies the row."""
    task: str
    sent_at: float
    answered_at: float
    outcome: Outcome
    output: str

    @property
    def case(self) -> int:
        """The primary key in the engine's response."""
        return int(self.output)


class Load:
    """Context manager that writes until it exits."""

    def __init__(self, testbed: Testbed, *, answer_limit: float = ANSWER_LIMIT) -> None:
        """Write to the tasks of `testbed`; a client waits `answer_limit` seconds for a response."""
        self._testbed = testbed
        self._answer_limit = answer_limit
        self.prefix = f"load {next(_PREFIXES)}:"
        self.writes: list[Write] = []
        """Completed writes, in order of completion."""
        self._numbers = itertools.count(1)
        self._session = ""
        self._logging_in = asyncio.Lock()
        self._deregistered: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._sending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # Measurements begin with the first write, so a busy machine may be slow before it.
        async with asyncio.timeout(SETUP_SECONDS):
            while not await self._uploaded():  # noqa: ASYNC110 - a poll is plainer
                await asyncio.sleep(INTERVAL)
        self._sending = asyncio.create_task(self._send())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sending is not None:
            self._sending.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def deregister(self, task: Task) -> None:
        """Send no further writes to the task, as ECS does before SIGTERM."""
        self._deregistered.add(task.name)

    async def until_writes_succeed(self, *, after: float, writes: int = 3, within_seconds: float = 600) -> None:
        """Wait until `writes` writes sent `after` a time are accepted."""
        async with asyncio.timeout(within_seconds):
            while sum(write.sent_at > after for write in self.accepted) < writes:  # noqa: ASYNC110 - a poll is plainer
                await asyncio.sleep(INTERVAL)

    @property
    def accepted(self) -> list[Write]:
        return [write for write in self.writes if write.outcome is Outcome.ACCEPTED]

    def of(self, outcome: Outcome) -> list[Write]:
        return [write for write in self.writes if write.outcome is outcome]

    def longest_pause(self, *, since: float) -> float:
        """Return the longest time in seconds without an accepted write."""
        times = [write.answered_at for write in self.accepted]
        return max((later - max(since, at) for at, later in itertools.pairwise(times) if later > since), default=0.0)

    async def write_to_engine(self, task: Task, *, within_seconds: float) -> Write:
        """Write directly to a task's engine, bypassing the proxies."""
        session = self._session
        return await self._write(task, ENGINE_PORT, session, within_seconds=within_seconds)

    async def break_engine(self, task: Task) -> None:
        """Make a task's engine fail a write; it then answers 500 to every call."""
        form = {"action": "launchCase", "sessionHandle": self._session, **STEADY, "caseParams": "\0"}
        answer = await client.post(task.address, ENGINE_PORT, "/yawl/ib", form, within_seconds=ANSWER_LIMIT)
        assert answer.status == 500, answer.text

    def _tasks(self) -> list[Task]:
        return [task for task in self._testbed.tasks if task.running and task.name not in self._deregistered]

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for turn in itertools.count():
            if tasks := self._tasks():
                attempt = asyncio.create_task(self._attempt(tasks[turn % len(tasks)]))
                self._running.add(attempt)
                attempt.add_done_callback(self._running.discard)
            due = max(due + INTERVAL, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _attempt(self, task: Task) -> None:
        session = self._session
        write = await self._write(task, PORT, session, within_seconds=self._answer_limit)
        self.writes.append(write)
        if "expired session" in write.output:
            await self._log_in(session, task)

    async def _write(self, task: Task, port: int, session: str, *, within_seconds: float) -> Write:
        loop = asyncio.get_running_loop()
        mark = f"{self.prefix}{next(self._numbers)}"
        sent_at = loop.time()
        form = {
            "action": "launchCase",
            "sessionHandle": session,
            **STEADY,
            "caseParams": mark,
        }
        outcome, output = await _classified(
            lambda: client.post(task.address, port, "/yawl/ib", form, within_seconds=within_seconds)
        )
        return Write(
            mark=mark, task=task.name, sent_at=sent_at, answered_at=loop.time(), outcome=outcome, output=output
        )

    async def _log_in(self, former: str, task: Task) -> None:
        """Log in unless another write has already replaced the `former` session."""
        async with self._logging_in:
            if self._session != former:
                return
            secret = base64.b64encode(
                hashlib.sha1(self._testbed.credentials.password.encode(), usedforsecurity=False).digest()
            ).decode()
            form = {"action": "connect", "userid": self._testbed.credentials.username, "password": secret}
            try:
                answer = await client.post(task.address, PORT, "/yawl/ib", form, within_seconds=ANSWER_LIMIT)
            except (UnreachableError, UnansweredError):
                return
            if found := re.fullmatch(r"<response>([0-9a-f-]{36})</response>", answer.text):
                self._session = found[1]

    async def _uploaded(self) -> bool:
        """Log in and upload the specification; return whether the engine has it, including from an earlier upload."""
        task = self._tasks()[0]
        await self._log_in(self._session, task)
        form = {"action": "upload", "sessionHandle": self._session, "specXML": SPECIFICATION}
        try:
            answer = await client.post(task.address, PORT, "/yawl/ia", form, within_seconds=ANSWER_LIMIT)
        except (UnreachableError, UnansweredError):
            return False
        return "<upload>" in answer.text or "identical id" in answer.text


async def _classified(post: Callable[[], Awaitable[Answer]]) -> tuple[Outcome, str]:
    """Return the outcome of a write as its client sees it, and the response's text."""
    try:
        answer = await post()
    except UnreachableError as error:
        return Outcome.REFUSED, str(error)
    except UnansweredError as error:
        return Outcome.UNCERTAIN, str(error)
    if answer.status == 503:
        return Outcome.REFUSED, answer.text
    content = re.fullmatch(r"<response>(.*)</response>", answer.text, re.DOTALL)
    if answer.status != 200 or content is None:
        return Outcome.UNCERTAIN, f"{answer.status} {answer.text[:100]}"
    if content[1].isdecimal():
        return Outcome.ACCEPTED, content[1]
    return Outcome.REFUSED, content[1]

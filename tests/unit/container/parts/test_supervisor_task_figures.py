"""A task's metrics, a term's beginning, and the states that a standby reports."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from supervisor import __main__ as program
from supervisor import probe, timings
from supervisor import task as module
from supervisor.database import PasswordRefusedError
from supervisor.discovery import Leader
from supervisor.leadership import Term
from supervisor.lease import now
from supervisor.masking import MASK, Secrets
from supervisor.task import Exit, Task
from tests.unit.container.supervisor_task import environment


def measured(
    monkeypatch: pytest.MonkeyPatch, term: object, *, start_seconds: float | None = None
) -> tuple[list[dict[str, Any]], Any]:
    """Return the metrics of two intervals in which a task has this term, and the task."""
    written: list[dict[str, Any]] = []
    task: Any = SimpleNamespace(
        _most_waiting=7,
        _term=term,
        _engine=SimpleNamespace(start_seconds=start_seconds),
        _variables=SimpleNamespace(environment="dev"),
    )
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 2:
            raise asyncio.CancelledError

    def emit(*, environment: str, values: dict[str, Any]) -> None:
        assert environment == "dev"
        written.append(values)

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    monkeypatch.setattr(module.metrics, "emit", emit)
    with pytest.raises(asyncio.CancelledError):
        Task._measure(task).send(None)
    assert set(pauses) == {60.0}
    return written, task


def test_leader_emits_metrics_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    term = SimpleNamespace(restarts=2, epoch=5)
    first, second = measured(monkeypatch, term, start_seconds=12.5)[0]
    assert first == {
        "QueueDepth": (7, "Count"),
        "EngineRestarts": (2, "Count"),
        "LeaderEpoch": (5, "None"),
        "EngineStartTime": (12.5, "Seconds"),
    }
    assert second["QueueDepth"] == (0, "Count")


def test_leader_without_an_epoch_and_a_started_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    written, _ = measured(monkeypatch, SimpleNamespace(restarts=0, epoch=None))
    assert written[0]["LeaderEpoch"] == (0, "None")
    assert "EngineStartTime" not in written[0]


def test_standby_emits_none_and_forgets_what_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    written, task = measured(monkeypatch, None)
    assert (written, task._most_waiting) == ([], 0)


def test_term_begins_without_restarts_and_epoch() -> None:
    async def main() -> None:
        context: Any = None
        session: Any = None
        term = Term(context, lock_session=session, sent_at=now())
        assert (term.restarts, term.epoch, term.lease_valid) == (0, None, True)
        assert 0 <= term.lease_age < timings.LEASE
        term._lease.end()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("state", "reason", "shown"),
    [
        ("failed", "", "running"),
        ("starting", "bad", "starting"),
        ("stopping", "bad", "stopping"),
        ("stopped", "bad", "stopped"),
        ("failed", "bad", "failed"),
        ("running", "bad", "unreachable"),
        ("strange", "bad", "unreachable"),
        (None, "bad", "unreachable"),
    ],
)
def test_engine_as_a_standby_reports_it(state: str | None, reason: str, shown: str) -> None:
    leader = state and Leader(
        epoch=7, task="t", address="10.0.0.1", port=8081, engine=state, age_seconds=0.0, heard_at=now()
    )
    assert module._engine_of(leader or None, reason) == shown


@pytest.mark.parametrize(("types", "good"), [(("text/xml", "text/html"), True), (("text/html", "text/xml"), False)])
def test_first_of_two_content_types_counts(types: tuple[str, str], good: bool) -> None:
    headers = "".join(f"Content-Type: {one}\r\n" for one in types)
    assert probe._judge_engine(f"HTTP/1.1 200 \r\n{headers}\r\n<response>".encode()).good is good


@pytest.mark.parametrize("secret", ['"quoted" first', 'last "quoted"', "back\\slash"])
def test_no_letter_of_a_secret_in_json_is_left(secret: str) -> None:
    once = json.dumps(secret)
    assert Secrets(secret).mask(once) == f'"{MASK}"'
    assert Secrets(secret).mask(json.dumps(once)) == json.dumps(f'"{MASK}"')


def test_files_of_a_task_are_private(task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masks: list[int] = []

    async def run(*_: object) -> Exit:
        return Exit.ENDED

    for name, value in environment(task_folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(program.os, "umask", masks.append)
    monkeypatch.setattr(program, "_run", run)
    with pytest.raises(SystemExit):
        program.main()
    assert masks == [0o077]


ENDS: dict[str, tuple[str | None, bool, Exit, list[str]]] = {
    # What ends first, whether the database then rejects the password, the exit code, and what is logged.
    "the contest, after SIGTERM": (None, False, Exit.ENDED, []),
    "the contest, because of the password": (None, True, Exit.PASSWORD_REFUSED, ["the database rejects"]),
    "HAProxy": ("proxy", False, Exit.PART_ENDED, ["HAProxy has exited"]),
    "HAProxy, and then the password is refused": (
        "proxy",
        True,
        Exit.PASSWORD_REFUSED,
        ["HAProxy has exited", "the database rejects"],
    ),
    "the first loop": ("first", False, Exit.FAILED, ["a part of the supervisor has failed"]),
    "the last loop": ("last", False, Exit.FAILED, ["a part of the supervisor has failed"]),
}


@pytest.mark.parametrize("which", ENDS)
def test_task_ends_with_the_code_of_the_part_that_ended_first(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contest always ends in order, whatever ended before; requests finish if HAProxy still runs."""
    first, refused, code, logged = ENDS[which]
    errors: list[str] = []
    finished: list[str] = []

    def error(message: str, _: object = None) -> None:
        errors.append(message)

    monkeypatch.setattr(module.JOURNAL, "error", error)

    async def main() -> Exit:
        stopping = asyncio.Event()

        async def part(name: str) -> Any:
            if name != first:
                await asyncio.Event().wait()
            if name != "proxy":
                raise RuntimeError(name)
            return 1

        async def compete() -> None:
            if first:
                await stopping.wait()
            finished.append("contest")
            if refused:
                raise PasswordRefusedError

        async def finish_requests(*, within_seconds: float) -> None:
            assert within_seconds == timings.DRAIN_LIMIT
            finished.append("requests")

        loops = [asyncio.create_task(part(name)) for name in ("first", "middle", "last")]
        haproxy = SimpleNamespace(ended=lambda: part("proxy"), finish_requests=finish_requests)
        task: Any = SimpleNamespace(_compete=compete, _stop=stopping.set, _haproxy=haproxy)
        return await asyncio.wait_for(Task._run_until_stopped(task, loops), 10)

    assert asyncio.run(main()) is code
    assert finished == (["contest", "requests"] if first != "proxy" and not refused else ["contest"])
    assert [error.partition(" the password")[0] for error in errors] == logged

"""What becomes of a program's output and of the supervisor's own log lines."""

import asyncio
import json
import logging
import queue
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supervisor import log, metrics, processes
from supervisor.log import LEVELS, TEXT_LIMIT, Journal, JsonLine
from supervisor.masking import MASK, Secrets
from supervisor.processes import Program, as_documents, as_text, thrown


class Recorded:
    """A journal that notes what is written at which level."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, Any]] = []

    def __getattr__(self, level: str) -> Any:
        if level not in {"debug", "info", "warning", "error"}:
            raise AttributeError(level)

        def write(text: str, fields: Any = None) -> None:
            self.lines.append((level, text, fields))

        # The same function each time, as a method compares.
        setattr(self, level, write)
        return write


TRACE = "\norg.example.SomeException\n\tat a"
LEVELS_OF_LINES = {
    "TRACE": ("debug", "warning"),
    "FINE": ("debug", "warning"),
    "FINER": ("debug", "warning"),
    "DEBUG": ("debug", "warning"),
    "CONFIG": ("debug", "warning"),
    "INFO": ("info", "warning"),
    "WARN": ("warning", "warning"),
    "WARNING": ("warning", "warning"),
    "ERROR": ("error", "error"),
    "SEVERE": ("error", "error"),
    "FATAL": ("error", "error"),
    "INFORMATION": ("info", "warning"),
}
"""How a line of each level is written, without and with a stack trace."""


@pytest.mark.parametrize("level", LEVELS_OF_LINES)
def test_level_of_a_line(level: str) -> None:
    journal: Any = Recorded()
    line = f"2026-11-24 02:22:46.091 {level} YEngine it broke"
    for text in (line, line + TRACE):
        as_text(journal)(text)
    assert tuple(found for found, _, _ in journal.lines) == LEVELS_OF_LINES[level]
    assert [text for _, text, _ in journal.lines] == [line, line + TRACE]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"event": "request", "status": 200}', ("info", "request", {"status": 200})),
        ('{"status": 200}', ("info", "", {"status": 200})),
        ("[1]", ("error", "[1]", None)),
        ("7", ("error", "7", None)),
        ("null", ("error", "null", None)),
        ("no JSON", ("error", "no JSON", None)),
    ],
)
def test_documents(text: str, written: tuple[str, str, object]) -> None:
    journal: Any = Recorded()
    as_documents(journal, other=journal.error)(text)
    assert journal.lines == [written]


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        ("java.lang.Error", True),
        ("org.example.OtherException: message", True),
        ("org.example.Other$Inner$Failure", True),
        ("javax.xml.SOAPFault: x", True),
        ("java.lang.Throwable", True),
        ("org.example.Exceptional", False),
        ("Exception", False),
        (" org.example.OtherException", False),
        ("org.example.other", False),
    ],
)
def test_first_line_of_a_stack_trace(line: str, begins: bool) -> None:
    assert thrown(line) is begins


def events(*lines: str, pauses: bool = False) -> list[str]:
    """Return the events of an output; with `pauses`, the reader waits after each line."""
    found: list[str] = []

    async def read() -> None:
        output = asyncio.StreamReader(limit=1000)
        reading = asyncio.create_task(processes._read_events(output, found.append))
        for line in lines:
            output.feed_data(line.encode())
            if pauses:
                await asyncio.sleep(0.01)
        output.feed_eof()
        await asyncio.wait_for(reading, 60)

    asyncio.run(read())
    return found


class TestEvents:
    def test_trace_belongs_to_the_line_before(self) -> None:
        first = "2026-11-24 02:22:46.091 ERROR YEngine it broke\n"
        trace = "org.example.OtherException: a\nand more\n\tat a\nCaused by: b\nSuppressed: c\n  at d\n... 3 more\n"
        assert events(first, trace, "next\n") == [(first + trace).rstrip(), "next"]

    def test_second_exception_is_another_event(self) -> None:
        trace = "java.lang.Error\n\tat a\n"
        assert events(trace, trace) == [trace.rstrip()] * 2

    @pytest.mark.parametrize("line", ["24-Nov-2026 02:22:46.091 INFO x", '{"a": 1}', "[main] x", "2026-11-24 02:22 x"])
    def test_message_ends_at_the_next_log_line(self, line: str) -> None:
        assert events("java.lang.Error: a\n", "more\n", f"{line}\n") == ["java.lang.Error: a\nmore", line]

    def test_text_after_frames_is_another_event(self) -> None:
        assert events("java.lang.Error\n", "\tat a\n", "text\n") == ["java.lang.Error\n\tat a", "text"]

    def test_text_without_an_exception_is_one_event_a_line(self) -> None:
        assert events("one\n", "two\n", "\n", "  three\n", "four\r\n") == ["one", "two\n  three", "four"]

    @pytest.mark.parametrize(("lines", "more"), [(199, ""), (200, "\n… (1 more lines)"), (202, "\n… (3 more lines)")])
    def test_long_events_are_cut(self, lines: int, more: str) -> None:
        assert events("broken\n", "\tat a\n" * lines) == ["broken" + "\n\tat a" * 199 + more]

    def test_event_is_written_without_a_next_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(processes, "EVENT_PAUSE", 0.001)
        assert events("one\n", "\tat a\n", "two\n", pauses=True)[0] == "one"

    def test_no_output(self) -> None:
        assert events() == []
        assert events("\n", "  \n") == []

    def test_line_beyond_the_limit(self) -> None:
        assert events("a" * 5000 + "\n", "next\n") == ["(a line that was too long)", "next"]

    def test_line_without_an_end(self) -> None:
        assert events("one\n", "tw") == ["one", "tw"]


class Process:
    """A process as asyncio shows it."""

    pid = 42

    def __init__(self, *, stubborn: bool) -> None:
        self.returncode: int | None = None
        self.signals: list[int] = []
        self._stubborn = stubborn
        self._end = asyncio.Event()

    def kill(self, process_id: int, number: signal.Signals) -> None:
        assert process_id == 42
        self.signals.append(number)
        if number == signal.SIGKILL or not self._stubborn:
            self.returncode = -number
            self._end.set()

    async def wait(self) -> int:
        await self._end.wait()
        return self.returncode or 0


@pytest.mark.parametrize(("stubborn", "signals"), [(False, [signal.SIGTERM]), (True, [signal.SIGTERM, signal.SIGKILL])])
def test_stop(stubborn: bool, signals: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        process: Any = Process(stubborn=stubborn)
        monkeypatch.setattr(processes.os, "kill", process.kill)

        async def read() -> None:
            """The output ends with the process."""

        program = Program(process, asyncio.create_task(read()))
        assert (program.running, program.process_id) == (True, 42)
        await program.stop(within_seconds=0.01)
        assert process.signals == signals
        assert not program.running
        program.signal(signal.SIGTERM)
        assert process.signals == signals, "the id may belong to another process now"

    asyncio.run(main())


def test_program_that_has_just_ended_cannot_be_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: object) -> None:
        raise ProcessLookupError

    async def main() -> None:
        monkeypatch.setattr(processes.os, "kill", kill)
        process: Any = Process(stubborn=False)
        Program(process, asyncio.create_task(asyncio.sleep(0))).signal(signal.SIGTERM)

    asyncio.run(main())


class TestLines:
    def line(self, secrets: Secrets | None = None, **record: object) -> dict[str, Any]:
        made = logging.makeLogRecord({"name": "yawl.test", "levelno": logging.INFO, "levelname": "INFO", **record})
        found: dict[str, Any] = json.loads(JsonLine("task1", secrets or Secrets()).format(made))
        return found

    def test_fields(self) -> None:
        at = datetime(2026, 11, 24, 12, 0, 0, 5000, tzinfo=UTC).timestamp()
        line = self.line(msg="it began", created=at, fields={"epoch": 7, "path": Path("/a")})
        assert line == {
            "time": "2026-11-24T12:00:00.005+00:00",
            "level": "INFO",
            "source": "test",
            "task": "task1",
            "event": "it began",
            "epoch": 7,
            "path": "/a",
        }

    def test_warning_is_called_as_log4j_calls_it(self) -> None:
        assert self.line(msg="x", levelno=logging.WARNING, levelname="WARNING")["level"] == "WARN"
        assert self.line(msg="x", levelno=logging.ERROR, levelname="ERROR")["level"] == "ERROR"

    @pytest.mark.parametrize(
        ("length", "more"), [(TEXT_LIMIT, ""), (TEXT_LIMIT + 1, f"… ({TEXT_LIMIT + 1} characters)")]
    )
    def test_texts_are_bounded(self, length: int, more: str) -> None:
        line = self.line(msg="a" * length, fields={"text": "b" * length})
        assert (line["event"], line["text"]) == ("a" * TEXT_LIMIT + more, "b" * TEXT_LIMIT + more)

    def test_documents_are_written_as_they_are(self) -> None:
        assert self.line(msg="", document={"text": "a" * 9000}) == {"text": "a" * 9000}

    @pytest.mark.parametrize(
        ("level", "lowest"), [("TRACE", 10), ("DEBUG", 10), ("INFO", 20), ("WARN", 30), ("ERROR", 40), ("FATAL", 50)]
    )
    def test_levels(self, level: str, lowest: int) -> None:
        assert LEVELS[level] == lowest

    def test_dropped_lines_are_counted(self) -> None:
        lines: queue.Queue[logging.LogRecord] = queue.Queue(2)
        handler = log._BoundedHandler(lines)
        for number in range(4):
            handler.enqueue(logging.makeLogRecord({"msg": str(number)}))
        assert [lines.get().msg for _ in range(2)] == ["0", "1"]
        handler.enqueue(logging.makeLogRecord({"msg": "4"}))
        dropped, latest = lines.get(), lines.get()
        assert (dropped.msg, dropped.levelno, dropped.fields) == (  # type: ignore[attr-defined]
            "log lines were dropped",
            logging.WARNING,
            {"lines": 2},
        )
        assert latest.msg == "4"
        handler.enqueue(logging.makeLogRecord({"msg": "5"}))
        assert lines.qsize() == 1

    def test_queue_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sizes: list[int] = []

        def make(size: int) -> "queue.Queue[logging.LogRecord]":
            sizes.append(size)
            return made

        made: queue.Queue[logging.LogRecord] = queue.Queue()
        monkeypatch.setattr(log.queue, "Queue", make)
        log.start_log(level="INFO", task="task1", secrets=Secrets()).stop()
        assert sizes == [10_000]
        assert not logging.getLogger("yawl").propagate

    def test_metrics_have_the_time_in_milliseconds(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(metrics.time, "time", lambda: 1_795_521_600.5)
        listener = log.start_log(level="FATAL", task="task1", secrets=Secrets())
        metrics.emit(environment="dev", values={"LeaderEpoch": (7, "None"), "QueueDepth": (3, "Count")})
        Journal("test").error("unseen")
        listener.stop()
        [line] = map(json.loads, capsys.readouterr().out.splitlines())
        assert line["_aws"]["Timestamp"] == 1_795_521_600_500
        assert (line["LeaderEpoch"], line["QueueDepth"]) == (7, 3)


class TestMasking:
    @pytest.mark.parametrize(("secret", "masked"), [("abcd", True), ("abc", False)])
    def test_shortest_secret(self, secret: str, masked: bool) -> None:
        assert (MASK in Secrets(secret).mask(f"x{secret}x")) is masked

    def test_secrets_may_come_later(self) -> None:
        secrets = Secrets("first")
        secrets.add("second", "first")
        secrets.add("first")
        assert secrets.mask("first second third") == f"{MASK} {MASK} third"

    def test_json_in_json_is_masked(self) -> None:
        text = 'a"b\\c'
        written = json.dumps({"a": json.dumps({"b": text})})
        assert MASK in Secrets(text).mask(written)
        assert Secrets(text).mask(json.dumps(json.dumps(text)))[:10].count(MASK) == 1

"""Programs of a task: their output becomes events, and none outlives the supervisor."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor import die_with_parent
from supervisor.log import Journal, JsonLine, start_log
from supervisor.masking import Secrets
from supervisor.processes import OnEvent, Program, as_documents, as_text

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


def run(script: str, folder: Path, on_event: OnEvent, environment: dict[str, str] | None = None) -> int:
    async def start() -> int:
        program = await Program.start(
            [sys.executable, "-c", script], environment=environment or {}, folder=folder, on_event=on_event
        )
        return await program.ended()

    return asyncio.run(start())


@pytest.mark.parametrize(
    ("printed", "events"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("one\n\n\ntwo", ["one", "two"]),
        (
            "broken\n\tat a\n\tat b\nCaused by: c\n\t... 3 more\nnext\n",
            ["broken\n\tat a\n\tat b\nCaused by: c\n\t... 3 more", "next"],
        ),
        (
            "2026-11-24 02:22:46.091 ERROR YEngine it broke\njava.lang.IllegalStateException: a\nand more\n"
            "\tat a\norg.example.Other$Inner$Failure\n\tat b\n2026-11-24 02:22:46.092 INFO YEngine next\n",
            [
                "2026-11-24 02:22:46.091 ERROR YEngine it broke\njava.lang.IllegalStateException: a\nand more\n\tat a",
                "org.example.Other$Inner$Failure\n\tat b",
                "2026-11-24 02:22:46.092 INFO YEngine next",
            ],
        ),
        (
            "java.lang.Error\n24-Nov-2026 02:22:46.091 INFO [main] next\n",
            ["java.lang.Error", "24-Nov-2026 02:22:46.091 INFO [main] next"],
        ),
        ("broken\n" + "\tat a\n" * 250 + "next\n", ["broken" + "\n\tat a" * 199 + "\n… (51 more lines)", "next"]),
        ("a" * 300_000 + "\nnext\n", ["(a line that was too long)", "next"]),
        ("bad \\udc80\n", ["bad \N{REPLACEMENT CHARACTER}"]),
    ],
)
def test_lines_become_events(tmp_path: Path, printed: str, events: list[str]) -> None:
    heard: list[str] = []
    (tmp_path / "printed").write_bytes(printed.replace("\\udc80", "\udc80").encode(errors="surrogateescape"))
    assert run("import sys; sys.stdout.buffer.write(open('printed', 'rb').read())", tmp_path, heard.append) == 0
    assert [event for event in heard if event.strip()] == events


def test_event_is_logged_while_the_program_runs(tmp_path: Path) -> None:
    async def first() -> str:
        received: asyncio.Queue[str] = asyncio.Queue()
        program = await Program.start(
            [sys.executable, "-c", "import time; print('now', flush=True); time.sleep(60)"],
            environment={},
            folder=tmp_path,
            on_event=received.put_nowait,
        )
        try:
            return await asyncio.wait_for(received.get(), 5)
        finally:
            await program.stop(within_seconds=5)

    assert asyncio.run(first()) == "now"


def test_program_gets_only_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YAWL_DB_PASSWORD", "secret")
    heard: list[str] = []
    run("import os; print(sorted(os.environ))", tmp_path, heard.append, {"ONLY": "this"})
    assert "ONLY" in heard[0]
    assert "YAWL_DB_PASSWORD" not in heard[0]


def test_stop_kills_stubborn_programs(tmp_path: Path) -> None:
    async def stop() -> float:
        ready = asyncio.Event()
        program = await Program.start(
            [sys.executable, "-c", STUBBORN],
            environment={},
            folder=tmp_path,
            on_event=lambda _: ready.set(),
        )
        await asyncio.wait_for(ready.wait(), 5)
        started = time.monotonic()
        await program.stop(within_seconds=0.2)
        assert not program.running
        return time.monotonic() - started

    assert 0.2 <= asyncio.run(stop()) < 2


def test_program_dies_with_a_killed_supervisor(tmp_path: Path) -> None:
    supervisor = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable, sys.argv[1], str(os.getpid()), '/bin/sleep', '60'])\n"
            "print(p.pid, flush=True); time.sleep(60)",
            die_with_parent.__file__,
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert supervisor.stdout is not None
    with supervisor.stdout:
        program = int(supervisor.stdout.readline())
    try:
        eventually(lambda: _command_of(program) == "sleep")
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()
        eventually(lambda: _command_of(program) != "sleep")
    finally:
        supervisor.kill()
        supervisor.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)


def test_program_does_not_start_without_its_supervisor() -> None:
    ran = subprocess.run(
        [sys.executable, die_with_parent.__file__, "1", "/bin/echo", "started"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stdout == ""


def test_log_lines_are_one_json_object_each_with_level_and_task(capsys: pytest.CaptureFixture[str]) -> None:
    log = start_log(level="INFO", task="task1", secrets=Secrets())
    journal = Journal("test")
    journal.debug("unseen")
    journal.info("a\nb", {"number": 1})
    journal.warning("x" * 20_000)
    as_text(journal)("24-Nov-2026 02:22:46.091 SEVERE [main] it broke")
    as_text(journal)("2026-11-24 02:22:46.091 WARN YEngine careful")
    as_text(journal)('{"level":"ERROR","task":"other"}')
    as_text(journal)("2026-11-24 02:22:46.091 DEBUG YEngine connect\norg.example.SomeException\n\tat a")
    as_documents(journal, other=journal.warning)('{"event":"request","status":200}')
    as_documents(journal, other=journal.warning)("[ALERT] no JSON")
    log.stop()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines] == ["INFO", "WARN", "ERROR", "WARN", "INFO", "WARN", "INFO", "WARN"]
    assert {line["task"] for line in lines} == {"task1"}
    assert lines[0]["event"] == "a\nb"
    assert lines[0]["number"] == 1
    assert len(lines[1]["event"]) < 10_000
    assert lines[6]["event"] == "request"
    assert lines[6]["status"] == 200


def test_metrics_have_their_own_format(capsys: pytest.CaptureFixture[str]) -> None:
    from supervisor import metrics

    log = start_log(level="FATAL", task="task1", secrets=Secrets())
    metrics.emit(environment="dev", values={"QueueDepth": (3, "Count")})
    log.stop()
    line = json.loads(capsys.readouterr().out)
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "YAWLApp",
            "Dimensions": [["Environment"]],
            "Metrics": [{"Name": "QueueDepth", "Unit": "Count"}],
        }
    ]
    assert (line["Environment"], line["QueueDepth"]) == ("dev", 3)


def test_formatter_without_fields() -> None:
    import logging

    record = logging.makeLogRecord({"name": "yawl.test", "msg": "plain", "levelno": logging.INFO, "levelname": "INFO"})
    assert json.loads(JsonLine("t", Secrets()).format(record))["event"] == "plain"


def eventually(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _command_of(process_id: int) -> str:
    try:
        name, _, rest = Path(f"/proc/{process_id}/stat").read_text().partition("(")[2].rpartition(")")
    except FileNotFoundError:
        return ""
    return "" if rest.split()[0] == "Z" else name

"""Child processes: whatever happens, none of them outlives its run."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from rehearsal.process.processes import LEFT_BEHIND, Processes, Stopped
from tests.paths import ROOT

ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture
def processes() -> Generator[Processes, None, None]:
    started = Processes()
    yield started
    started.end_all()


def lives(process_id: int) -> bool:
    """Whether a process still runs; one that has ended but was not waited for yet does not."""
    try:
        os.kill(process_id, 0)
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True, check=False
        ).stdout
    except ProcessLookupError:
        return False
    return bool(state.strip()) and not state.strip().startswith("Z")


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def shell(
    processes: Processes, script: str, *, timeout: float | None = 20, directory: Path | None = None
) -> tuple[int, list[str]]:
    lines: list[str] = []
    code = processes.run(
        ["sh", "-c", script],
        directory=directory or Path.cwd(),
        environment=ENVIRONMENT,
        on_line=lines.append,
        timeout_seconds=timeout,
    )
    return code, lines


def test_output_lines_and_exit_code(processes: Processes, tmp_path: Path) -> None:
    code, lines = shell(processes, "pwd; echo error >&2; printf 'no end'; exit 3", directory=tmp_path)
    assert (code, lines) == (3, [str(tmp_path), "error", "no end"])


def test_binary_output_is_decoded(processes: Processes) -> None:
    assert shell(processes, r"printf 'a\377b\n'") == (0, ["a\N{REPLACEMENT CHARACTER}b"])


def test_child_has_only_the_given_environment(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTSIDE", "leaks")
    assert "OUTSIDE=leaks" not in shell(processes, "env")[1]


def test_child_has_no_stdin(processes: Processes) -> None:
    assert shell(processes, "read line || echo nothing to read") == (0, ["nothing to read"])


def test_timeout_kills_the_process_group(processes: Processes) -> None:
    lines: list[str] = []
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        processes.run(
            ["sh", "-c", "sleep 60 & echo $!; sleep 60"],
            directory=Path.cwd(),
            environment=ENVIRONMENT,
            on_line=lines.append,
            timeout_seconds=0.1,
        )
    assert time.monotonic() - began < 5
    assert eventually(lambda: not lives(int(lines[0])))


def test_background_processes_are_killed(processes: Processes) -> None:
    # The first keeps the output open, the second does not.
    began = time.monotonic()
    code, lines = shell(processes, "sleep 60 & echo $!; sleep 60 >/dev/null 2>&1 & echo $!; exit 4", timeout=None)
    assert code == 4
    assert time.monotonic() - began < 5
    assert eventually(lambda: not any(lives(int(line)) for line in lines))


DETACHED = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(60)"
"""A daemon that keeps the output of what has started it."""


def detach(python: str = sys.executable) -> str:
    return f"{python} -c '{DETACHED}' & wait_for() {{ sleep 1; }}; wait_for"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, nothing tells which processes have left their group")
@pytest.mark.parametrize("timeout", [0.9, 20], ids=["timed out", "ended"])
def test_daemons_are_killed_and_not_waited_for(timeout: float, processes: Processes) -> None:
    lines: list[str] = []
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        processes.run(
            ["sh", "-c", f"{detach()}; echo over; [ {timeout} = 20 ] || sleep 60"],
            directory=Path.cwd(),
            environment=ENVIRONMENT,
            on_line=lines.append,
            timeout_seconds=timeout,
        )
    assert time.monotonic() - began < 30
    assert not lines or eventually(lambda: not lives(int(lines[0])))
    assert timeout < 20 or lines[1:] == ["over"]


def test_output_that_stays_open_is_given_up(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing shows the processes, as on macOS."""
    monkeypatch.setattr("rehearsal.process.processes.PROCESSES", tmp_path)
    monkeypatch.setattr("rehearsal.process.processes.OUTPUT_SECONDS", 0.1)
    began = time.monotonic()
    code, lines = shell(processes, f"{detach()}; printf 'no end'; exit 3", timeout=None)
    os.kill(int(lines[0]), signal.SIGKILL)
    assert (code, lines[1:]) == (3, ["no end", LEFT_BEHIND])
    assert time.monotonic() - began < 30


def test_lines_may_end_as_on_other_systems(processes: Processes) -> None:
    script = r"printf 'one\r\ntwo\rthree\n\n'; printf '\303'; sleep 0.1; printf '\244\n'"
    assert shell(processes, script) == (0, ["one", "two", "three", "", "ä"])


def test_listener_error_ends_the_command(processes: Processes) -> None:
    heard: list[str] = []

    def listen(line: str) -> None:
        heard.append(line)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        processes.run(["sh", "-c", "echo $$; sleep 60"], directory=Path.cwd(), environment=ENVIRONMENT, on_line=listen)
    assert not lives(int(heard[0]))


def test_end_all_kills_everything(processes: Processes) -> None:
    lines: list[str] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            processes.run(
                ["sh", "-c", "sleep 60 & echo $!; echo $$; wait"],
                directory=Path.cwd(),
                environment=ENVIRONMENT,
                on_line=lines.append,
            )
        except Stopped as stopped:
            raised.append(stopped)

    thread = threading.Thread(target=run)
    thread.start()
    held = processes.start(["cat"], directory=Path.cwd(), environment=ENVIRONMENT, hold_input=True)
    assert eventually(lambda: len(lines) == 2)
    processes.end_all()
    thread.join(5)
    assert not thread.is_alive()
    assert len(raised) == 1
    assert held.returncode == -signal.SIGTERM
    assert eventually(lambda: not any(lives(int(line)) for line in lines))


def test_nothing_starts_after_end_all(processes: Processes) -> None:
    processes.end_all()
    with pytest.raises(Stopped):
        processes.start(["true"], directory=Path.cwd(), environment=ENVIRONMENT)


KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
from rehearsal.process.processes import Processes

processes = Processes()

def start(script, **options):
    child = processes.start(["sh", "-c", script], directory=Path.cwd(), environment=dict(os.environ), **options)
    return child.stdout.readline().strip()

numbers = [
    start("sleep 60 & echo $$ $!; wait"),
    start("trap '' TERM; echo $$; while :; do sleep 1; done"),
    start("echo $$; while read line; do :; done", hold_input=True),
    start("echo $$; read line; touch asked-to-end", hold_input=True, shutdown_seconds=5),
]
if sys.argv[1] == "asked at once":
    for _ in range(20):
        numbers.append(start("trap '' TERM; echo $$; while :; do sleep 1; done"))
        os.killpg(int(numbers[-1]), signal.SIGTERM)
if sys.argv[1] == "ending":
    threading.Thread(target=processes.end_all).start()
    time.sleep(0.5)
print(*numbers, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("when", ["running", "asked at once", "ending"])
def test_nothing_outlives_a_killed_rehearsal(when: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, when]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as rehearsal:
        assert rehearsal.stdout is not None
        children = [int(word) for word in rehearsal.stdout.readline().split()]
        assert any(map(lives, children))
        rehearsal.kill()
    try:
        assert eventually(lambda: not any(map(lives, children)))
        assert eventually((tmp_path / "asked-to-end").exists)
    finally:
        for child in filter(lives, children):
            os.kill(child, signal.SIGKILL)


def test_missing_command_fails(processes: Processes) -> None:
    lines: list[str] = []
    command = ["no-such-command"]
    assert processes.run(command, directory=Path.cwd(), environment=ENVIRONMENT, on_line=lines.append) == 127
    assert "no-such-command: not found" in lines[0]


def test_stubborn_child_is_killed(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.process.processes.GRACE_SECONDS", 0.1)
    command = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"]
    child = processes.start(command, directory=Path.cwd(), environment=ENVIRONMENT)
    assert child.stdout is not None
    assert child.stdout.readline() == "deaf\n"
    processes.end_all()
    assert child.returncode == -signal.SIGKILL


INTERRUPTED = """
import os, pathlib, signal, sys
from rehearsal.process.processes import run_in_parallel
from rehearsal.process.processes import Processes

# Whoever runs the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
processes = Processes()

def work(name):
    # Two say something at once: each line goes out whole.
    say = lambda line: os.write(1, f"{line}\\n".encode())
    processes.run(["sh", "-c", "echo $$; sleep 60"], directory=pathlib.Path.cwd(), environment={}, on_line=say)

try:
    run_in_parallel(work, sys.argv[1:], processes)
except KeyboardInterrupt:
    processes.end_all()
    print("interrupted")
"""


@pytest.mark.parametrize("items", [["one"], ["one", "two"]])
def test_interrupt_ends_parallel_commands(items: list[str]) -> None:
    command = [sys.executable, "-c", INTERRUPTED, *items]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        children = [int(process.stdout.readline()) for _ in items]
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert time.monotonic() - began < 5
    assert rest == "interrupted\n"
    assert not any(lives(child) for child in children)

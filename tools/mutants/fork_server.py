"""Runs pytest in forks of a process that has imported the libraries: a script, started in the working copy.

It reads a JSON line `{"arguments": […], "seconds": LIMIT, "bytecode": false}` and answers with one: `exit` (null: the
limit passed), the first failing `test`, the `seconds`, and the seconds of each test file. Nothing of the project is
imported before the fork, so that each fork reads its mutant. None of the libraries starts a thread; the CDK library,
which starts Node, is imported after the fork.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

LIBRARIES = ("boto3", "botocore.session", "httpx", "hypothesis", "pydantic", "pytest", "xml.etree.ElementTree")
_PR_SET_CHILD_SUBREAPER = 36


class Recorder:
    """A pytest plugin: notes the first failure and the seconds of each file."""

    def __init__(self) -> None:
        self.test: str | None = None
        self.files: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a test's part."""
        self.files[report.nodeid.partition("::")[0]] += report.duration
        self._note(report)

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that cannot be imported."""
        self._note(report)

    def _note(self, report: Any) -> None:
        if report.failed and not self.test:
            self.test = report.nodeid


def run(arguments: list[str], answer: int) -> int:
    """Run pytest in this process; write the findings to the pipe and return its exit code."""
    import pytest  # noqa: PLC0415 - by name, after the libraries have been imported

    # The project is found from here, as with `python -m pytest`.
    sys.path.insert(0, str(Path.cwd()))
    recorder = Recorder()
    code = int(pytest.main(arguments, plugins=[recorder]))
    os.write(answer, json.dumps({"test": recorder.test, "files": recorder.files}).encode())
    return code


def fork(arguments: list[str], seconds: float, log: Path) -> dict[str, Any]:
    """Run pytest in a fork, and end whatever it leaves behind."""
    start = time.monotonic()
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setsid()
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            code = run(arguments, send)
        finally:
            os._exit(code)
    os.close(send)
    ended = None
    try:
        while ended is None and time.monotonic() < start + seconds:
            process, status = os.waitpid(child, os.WNOHANG)
            if process:
                ended = os.waitstatus_to_exitcode(status)
            else:
                time.sleep(0.02)
    finally:
        _end(child, reaped=ended is not None)
    with os.fdopen(receive, "rb") as pipe:
        found = pipe.read()
    details = json.loads(found) if found else {"test": None, "files": {}}
    return {"exit": ended, "seconds": time.monotonic() - start, **details}


def _end(child: int, *, reaped: bool) -> None:
    """Kill what is left of a fork: its group, and on Linux also its children in groups of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if not reaped:
        os.waitpid(child, 0)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while children.exists() and (left := children.read_text().split()):
        for process in map(int, left):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)


def _write_bytecode(*, allowed: bool) -> None:
    """Allow forks and what they start to write bytecode; a mutant's must not be found by the next run."""
    sys.dont_write_bytecode = not allowed
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not allowed:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def main() -> None:
    """Answer requests until the input ends."""
    log = Path(sys.argv[1])
    sys.path[:] = [folder for folder in sys.path if folder != str(Path(__file__).parent)]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    # SystemExit passes through `finally`, which ends the fork.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        _write_bytecode(allowed=request["bytecode"])
        answers.write(json.dumps(fork(request["arguments"], request["seconds"], log)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

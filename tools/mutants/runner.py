"""Runs the tests on mutants, first those of the Synth action, then those that only `make test` runs."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools.mutants.mutant import Mutant
from tools.mutants.parts import TEMPLATES, Part
from tools.mutants.selection import Selection
from tools.mutants.working_copy import WorkingCopy

SYNTH = "Synth action"
TEST = "make test"
NEVER = "never"

BASE_SECONDS = 20.0
FACTOR = 4.0
"""A mutant's tests may take so many times as long as without it, and BASE_SECONDS more: an endless loop is caught."""
FIRST_RUN_SECONDS = 1800.0
_NO_TESTS = 5
_SERVER = Path(__file__).parent / "fork_server.py"


class BrokenTestsError(Exception):
    """Tests fail without any mutant."""


@dataclass(frozen=True)
class Result:
    """Where a mutant was caught."""

    where: str
    """SYNTH, TEST or NEVER."""
    test: str
    """The first test that failed, or a word about the end of the tests; empty if none failed."""
    seconds: float


class Runner:
    """Tests mutants of one part after another in the working copy. A context manager."""

    def __init__(self, copy: WorkingCopy, folder: Path, *, further: bool) -> None:
        self._copy = copy
        self._folder = folder
        self._further = further
        self._selection = Selection(copy.folder, copy.files)
        self._durations: dict[str, float] = {}
        self._known = folder / f"durations-{copy.digest()}.json"

    def __enter__(self) -> Self:
        """Start the server, and remove the durations of earlier versions of the files."""
        for path in self._folder.glob("durations-*"):
            if path != self._known:
                path.unlink()
        if self._known.exists():
            self._durations = json.loads(self._known.read_text())
        # Outside of the repository, because tests create folders that belong to no clone.
        self._own = Path(tempfile.mkdtemp(prefix="mutants-"))
        self._temporary, self._fixtures = self._own / "tmp", self._own / "kept"
        self._temporary.mkdir()
        self._fixtures.mkdir()
        self._server = subprocess.Popen(
            [sys.executable, _SERVER, self._folder / "pytest.txt"],
            cwd=self._copy.folder,
            env={**os.environ, "TMPDIR": str(self._temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the server and the tests that still run."""
        self._server.terminate()
        self._server.communicate()
        shutil.rmtree(self._own, ignore_errors=True)

    def test(self, part: Part, mutant: Mutant) -> Result:
        """Run the tests on a mutant until one fails; raises BrokenTestsError if one fails without the mutant too."""
        seconds = 0.0
        for where, tests in self._series(part, mutant):
            self._measure(tests, mutant, where)
            limit = BASE_SECONDS + FACTOR * sum(self._durations[test] for test in tests)
            with self._copy.mutated(mutant):
                found = self._run(tests, limit, mutant, where)
            seconds += found["seconds"]
            if found["exit"] != 0:
                name = found["test"] or ("time limit" if found["exit"] is None else f"exit code {found['exit']}")
                self._selection.note(mutant.file, name.partition("::")[0])
                return Result(where, name, seconds)
        return Result(NEVER, "", seconds)

    def _measure(self, tests: Sequence[str], mutant: Mutant, where: str) -> None:
        """Run tests without any mutant, once, for their durations."""
        missing = [test for test in tests if test not in self._durations]
        if not missing:
            return
        found = self._run(missing, FIRST_RUN_SECONDS, mutant, where, bytecode=True)
        if found["exit"] != 0:
            what = found["test"] or f"a run of {', '.join(missing)}"
            raise BrokenTestsError(f"{what} fails without any mutant; see {self._folder / 'pytest.txt'}")
        # What a file's fixtures took may have been counted for another file.
        share = found["seconds"] / len(missing)
        self._durations |= {test: max(found["files"].get(test, 0.0), share) for test in missing}
        self._known.write_text(json.dumps(self._durations))

    def tests_digest(self, part: Part) -> str:
        """Identify the tests that a survivor passed: with other tests it is run again."""
        folders = [*part.synth, *(part.further if self._further else ())]
        texts = [self._copy.text(test) for test in self._selection.tests(folders)]
        return hashlib.sha256(repr((folders, texts)).encode()).hexdigest()[:20]

    def _series(self, part: Part, mutant: Mutant) -> list[tuple[str, list[str]]]:
        """Return the series of tests: where they run, and their files."""
        first = [test for test in mutant.tests if test in self._copy.files]
        rest = [test for test in self._selection.related(mutant.file, part.synth) if test not in first]
        series = [(SYNTH, first), (SYNTH, rest)]
        if self._further and part.further:
            series.append((TEST, self._selection.related(mutant.file, part.further)))
        return [item for item in series if item[1]]

    def _run(
        self, tests: Sequence[str], seconds: float, mutant: Mutant, where: str, *, bytecode: bool = False
    ) -> dict[str, Any]:
        arguments = ["--exitfirst", "--tb=short", *tests]
        if where == SYNTH:
            arguments.append("--example-only")
            # Further tests deploy the app with the functions' code.
            if not mutant.file.startswith(TEMPLATES):
                arguments.append(f"--keep-fixtures={self._fixtures}")
        request = {"arguments": arguments, "seconds": seconds, "bytecode": bytecode}
        answer = self._ask(request)
        if not answer:
            raise BrokenTestsError(f"the server of the tests has ended with {self._server.wait()}")
        for leftover in self._temporary.iterdir():
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink()
        found: dict[str, Any] = json.loads(answer)
        if found["exit"] == _NO_TESTS:
            raise BrokenTestsError(f"there is no test in {', '.join(tests)}")
        return found

    def _ask(self, request: object) -> str:
        """Send the server a request and wait for the answer; it is empty if the server has ended."""
        questions, answers = self._server.stdin, self._server.stdout
        if not questions or not answers:
            return ""
        questions.write(json.dumps(request) + "\n")
        questions.flush()
        return answers.readline()

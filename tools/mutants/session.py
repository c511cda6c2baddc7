"""What has been found so far: a later run continues after an interrupt, and repeats only what may have changed."""

import hashlib
import json
from pathlib import Path

from tools.mutants.mutant import Mutant
from tools.mutants.runner import NEVER, Result
from tools.mutants.working_copy import WorkingCopy


class Session:
    """Results in a file, one line each.

    A caught mutant counts until its file, or the test file that caught it, changes; a survivor until any test changes.
    """

    def __init__(self, file: Path, copy: WorkingCopy) -> None:
        self._file = file
        self._copy = copy
        self._rows: dict[str, dict[str, str | float]] = {}
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                self._rows[row["mutant"]] = row

    def result(self, mutant: Mutant, tests: str) -> Result | None:
        """Return the result of a mutant if it still counts; `tests` identifies the tests of today."""
        row = self._rows.get(self._key(mutant))
        if not row:
            return None
        result = Result(str(row["where"]), str(row["test"]), float(row["seconds"]))
        return result if row["with"] == self._with(result, tests) else None

    def add(self, mutant: Mutant, tests: str, result: Result) -> None:
        """Note a result, on disk."""
        row: dict[str, str | float] = {
            "mutant": self._key(mutant),
            "name": mutant.name,
            "where": result.where,
            "test": result.test,
            "seconds": round(result.seconds, 1),
            "with": self._with(result, tests),
        }
        self._rows[self._key(mutant)] = row
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _key(self, mutant: Mutant) -> str:
        return mutant.key(self._copy.text(mutant.file))

    def _with(self, result: Result, tests: str) -> str:
        """Identify what a result depends on besides the mutant; nothing else if no single test failed."""
        if result.where == NEVER:
            return tests
        catcher = result.test.partition("::")[0]
        return hashlib.sha256(self._copy.text(catcher).encode()).hexdigest()[:20] if catcher in self._copy.files else ""

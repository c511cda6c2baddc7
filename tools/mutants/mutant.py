"""A mutant, and the tables of those made by hand."""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BY_HAND = "by hand"
COSMIC_RAY = "Cosmic Ray"

_KEYS = {"name": str, "file": str, "before": str, "after": str, "part": str, "safety": bool}


class InvalidTableError(Exception):
    """A table of mutants contains mistakes; one per line."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A file with one passage replaced."""

    part: str
    source: str
    """`Cosmic Ray` or `by hand`."""
    name: str
    file: str
    """Relative to the repository."""
    start: int
    """Position of the replaced passage in the file, in characters."""
    before: str
    after: str
    safety: bool = False
    """Its survival could let harm through: exit codes, leadership, fencing, the guards of reviews, trust, secrets."""
    tests: tuple[str, ...] = field(default=())
    """Test files below `tests/unit` to try first."""

    def applied(self, text: str) -> str:
        """Return the file's text with the passage replaced; raises ValueError if the passage is not there."""
        end = self.start + len(self.before)
        if text[self.start : end] != self.before:
            raise ValueError(f"{self.file} has changed: {self.name}")
        return text[: self.start] + self.after + text[end:]

    def key(self, text: str) -> str:
        """Identify the mutant and the text that it changes, for the session."""
        return hashlib.sha256(repr((self.file, self.start, self.before, self.after, text)).encode()).hexdigest()[:20]


def read_tables(folder: Path, root: Path) -> list[Mutant]:
    """Read all tables of a folder.

    Raises InvalidTableError if a key is missing or unknown, a name occurs twice, a test file does not exist, or the
    text before the mutation does not occur exactly once.
    """
    mutants: list[Mutant] = []
    mistakes: list[str] = []
    for table in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(table.read_text(encoding="utf-8")).get("mutant", []):
            found = list(_mistakes(row, root))
            mistakes += [f"{table.name}: {row.get('name', row)}: {mistake}" for mistake in found]
            if not found:
                mutants.append(_mutant(row, root))
    names = [mutant.name for mutant in mutants]
    mistakes += [
        f"the name {name!r} occurs twice" for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if mistakes:
        raise InvalidTableError("\n".join(mistakes))
    return mutants


def _mistakes(row: dict[str, Any], root: Path) -> Iterable[str]:
    unknown = row.keys() - _KEYS.keys() - {"tests"}
    if unknown:
        yield f"unknown keys: {', '.join(sorted(unknown))}"
    wrong = [key for key, kind in _KEYS.items() if not isinstance(row.get(key), kind)]
    if wrong:
        yield f"missing, or of the wrong type: {', '.join(wrong)}"
        return
    if not (root / row["file"]).is_file():
        yield f"there is no file {row['file']}"
        return
    count = (root / row["file"]).read_text(encoding="utf-8").count(row["before"])
    if count != 1:
        yield f"`before` occurs {count} times in {row['file']}; it must occur once"
    if row["before"] == row["after"]:
        yield "`after` equals `before`"
    for test in row.get("tests", []):
        if not (root / test).is_file() or not test.startswith("tests/unit/"):
            yield f"there is no file {test} below tests/unit"


def _mutant(row: dict[str, Any], root: Path) -> Mutant:
    return Mutant(
        part=row["part"],
        source=BY_HAND,
        name=row["name"],
        file=row["file"],
        start=(root / row["file"]).read_text(encoding="utf-8").index(row["before"]),
        before=row["before"],
        after=row["after"],
        safety=row["safety"],
        tests=tuple(row.get("tests", ())),
    )

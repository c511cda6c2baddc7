"""Mutants that Cosmic Ray generates, and samples of them."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from tools.mutants.harmless import OPERATORS, Harmless, operator_name
from tools.mutants.mutant import COSMIC_RAY, Mutant
from tools.mutants.parts import Part

PYTHON = ".venv-mutants/bin/python"
"""The environment that has Cosmic Ray; `make mutants` prepares it."""
_SCRIPT = Path(__file__).parent / "cosmic_ray_operators.py"


def generate(part: Part, root: Path, *, sample: int | None, seed: int) -> tuple[list[Mutant], int]:
    """Return a part's mutants, or a sample of them, and how many there are.

    A mutant's place in the sample depends on the seed, its file, operator and number, not on the other mutants: a
    larger sample contains the smaller ones, and a change to one file leaves the mutants of the others.
    """
    files = [
        str(file.relative_to(root))
        for folder in part.programs
        for file in sorted((root / folder).rglob("*.py"))
        if file.stat().st_size
    ]
    rows = _ask(root, "list", {"files": files, "operators": list(map(operator_name, OPERATORS))})
    harmless = {file: Harmless((root / file).read_text(encoding="utf-8")) for file in files}
    rows = [row for row in rows if not harmless[row[0]].contains(row[1], (row[3], row[4]))]
    chosen = sorted(rows, key=lambda row: _place(seed, row))[:sample]
    chosen.sort()
    edits = _ask(root, "edits", chosen)
    return [
        Mutant(
            part=part.name,
            source=COSMIC_RAY,
            name=f"{file}:{line} {operator.removeprefix('Replace')}",
            file=file,
            start=start,
            before=before,
            after=after,
        )
        for (file, operator, _, line, _), (start, before, after) in zip(chosen, edits, strict=True)
        if before != after
    ], len(rows)


def _place(seed: int, row: list[Any]) -> str:
    return hashlib.sha256(f"{seed} {row[0]} {row[1]} {row[2]}".encode()).hexdigest()


def _ask(root: Path, what: str, question: object) -> list[Any]:
    run = subprocess.run(
        [root / PYTHON, _SCRIPT, what],
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=root,
    )
    return json.loads(run.stdout)

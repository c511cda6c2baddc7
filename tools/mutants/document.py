"""The dated figures: a table for the terminal and a section of docs/FAULTS.md."""

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.mutants.mutant import Mutant
from tools.mutants.runner import NEVER, SYNTH, TEST, Result

TITLE = "## Mutants that the tests catch"
_INTRODUCTION = """\
`make mutants` makes one small change after another and runs the tests on each; it writes this section, part by part.
[Cosmic Ray](https://cosmic-ray.readthedocs.io) generates mutants of the programs; those by hand are rows of tables in
`tools/mutants/`. *Synth action* counts mutants caught by tests that the pipeline runs before each delivery, of those
tests that import the changed file; *make test* counts those caught only by further tests, where these were run. An
endless loop counts as caught. `tools/mutants/harmless.py` lists what is not counted because it changes nothing that
matters. A sample is random; its seed chooses it. The figures of later seeds than 1 are from before tests were added for
their survivors.
"""
_SEED = re.compile(r"seed (\d+)")
_HEAD = (
    "| part | mutants | tested | Synth action | make test | never | caught by the Synth action | seconds | date |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---|"
)


@dataclass(kw_only=True)
class Figures:
    """The results of one part's mutants from one source."""

    part: str
    source: str
    total: int
    seed: int
    """Chooses the sample, if not all were tested."""
    further: bool
    results: list[tuple[Mutant, Result]] = field(default_factory=list)

    def count(self, where: str) -> int:
        """Return how many mutants were caught there."""
        return sum(result.where == where for _, result in self.results)

    def row(self, day: datetime.date) -> str:
        """Return the row of the table."""
        tested = len(self.results)
        share = f"{self.count(SYNTH) / tested:.0%}" if tested else "-"
        safety = [result.where == SYNTH for mutant, result in self.results if mutant.safety]
        if safety:
            share += f"; {sum(safety)} of {len(safety)} that matter for safety"
        sample = tested if tested == self.total else f"{tested} of {self.total} (seed {self.seed})"
        counts = (self.count(SYNTH), self.count(TEST) if self.further else "-", self.count(NEVER), share)
        seconds = sum(result.seconds for _, result in self.results)
        cells = (self.part, self.source, sample, *counts, f"{seconds:.0f}", day.isoformat())
        return f"| {' | '.join(map(str, cells))} |"


def table(rows: Iterable[str]) -> str:
    """Return the table."""
    return "\n".join([_HEAD, *rows])


def survivors(figures: Sequence[Figures]) -> str:
    """Return each mutant that was not caught, with its change, the ones that matter for safety first."""
    found = [
        (not mutant.safety, mutant.file, mutant.start, mutant)
        for part in figures
        for mutant, result in part.results
        if result.where == NEVER
    ]
    return "\n".join(_described(mutant) for *_, mutant in sorted(found, key=lambda item: item[:3]))


def _described(mutant: Mutant) -> str:
    safety = " (safety)" if mutant.safety else ""
    before, after = (
        "\n".join(f"    {sign} {line}" for line in text.rstrip("\n").split("\n"))
        for sign, text in (("-", mutant.before), ("+", mutant.after))
    )
    return f"{mutant.name}{safety}: {mutant.file}\n{before}\n{after}"


def write(file: Path, rows: Iterable[str]) -> None:
    """Replace the rows of the parts that were run in the document's section; the rest of the document stays."""
    text = file.read_text(encoding="utf-8")
    others, _, section = text.partition(TITLE)
    old = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| part ")]
    by_part = {_part(row): row for row in [*old, *rows]}
    section = "\n".join([TITLE, "", _INTRODUCTION, table(row for _, row in sorted(by_part.items())), ""])
    file.write_text(f"{others.rstrip()}\n\n{section}", encoding="utf-8")


def _part(row: str) -> tuple[str, ...]:
    """Identify a row by its part, the source of its mutants, and the seed of a sample."""
    part, source, tested = row.split("|")[1:4]
    return part, source, *_SEED.findall(tested)

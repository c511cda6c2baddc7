"""Test the tests: `python -m tools.mutants [--part NAME]… [--sample N]`, which `make mutants` runs.

Each mutant is the project with one small defect. Prints where each was caught, and the mutants that survived. Exit
codes: 0 all mutants were tested, caught or not; 1 a test fails without any mutant; 2 bad input; 130 interrupted: the
same command continues.
"""

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.mutants.document import Figures, survivors, table, write
from tools.mutants.generated import generate
from tools.mutants.mutant import BY_HAND, COSMIC_RAY, InvalidTableError, Mutant, read_tables
from tools.mutants.parts import PARTS, part_named
from tools.mutants.runner import BrokenTestsError, Runner
from tools.mutants.session import Session
from tools.mutants.working_copy import WorkingCopy

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".mutants"
"""The working copy and the session; ignored by git."""
TABLES = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        by_hand = read_tables(TABLES, ROOT)
        names = dict.fromkeys([*(part.name for part in PARTS), *sorted({mutant.part for mutant in by_hand})])
        unknown = sorted(set(options.part) - names.keys())
        if unknown:
            print(f"mutants: no part {', '.join(unknown)}; the parts are {', '.join(names)}", file=sys.stderr)
            return 2
        chosen = [name for name in names if not options.part or name in options.part]
        return _run(chosen, by_hand, options)
    except InvalidTableError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    except BrokenTestsError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmutants: interrupted; the same command continues", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--part", action="append", default=[], help="only this part; may be repeated")
    parser.add_argument("--sample", type=_positive, help="test so many of each part's generated mutants (all)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another sample (1)")
    parser.add_argument("--source", choices=[COSMIC_RAY, BY_HAND], help="only mutants from this source")
    parser.add_argument("--synth-only", action="store_true", help="run no tests but those of the Synth action")
    parser.add_argument("--document", type=Path, help="write the figures into this document's section")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _run(chosen: Sequence[str], by_hand: Sequence[Mutant], options: argparse.Namespace) -> int:
    FOLDER.mkdir(exist_ok=True)
    copy = WorkingCopy(ROOT, FOLDER / "copy")
    copy.update()
    session = Session(FOLDER / "session.jsonl", copy)
    everything: list[Figures] = []
    with Runner(copy, FOLDER, further=not options.synth_only) as runner:
        for name in chosen:
            for figures, mutants in _mutants(name, by_hand, options):
                _test(figures, mutants, runner, session)
                everything.append(figures)
                if options.document:
                    write(options.document, [figures.row(_today())])
    print(survivors(everything))
    print(table(figures.row(_today()) for figures in everything))
    return 0


def _mutants(
    name: str, by_hand: Sequence[Mutant], options: argparse.Namespace
) -> list[tuple[Figures, Sequence[Mutant]]]:
    """Return a part's mutants from each source, with empty figures."""
    found: list[tuple[Figures, Sequence[Mutant]]] = []
    part, further = part_named(name), not options.synth_only
    if part.programs and options.source != BY_HAND:
        mutants, total = generate(part, ROOT, sample=options.sample, seed=options.seed)
        found.append((Figures(part=name, source=COSMIC_RAY, total=total, seed=options.seed, further=further), mutants))
    ours = [mutant for mutant in by_hand if mutant.part == name]
    if ours and options.source != COSMIC_RAY:
        found.append((Figures(part=name, source=BY_HAND, total=len(ours), seed=options.seed, further=further), ours))
    return found


def _test(figures: Figures, mutants: Sequence[Mutant], runner: Runner, session: Session) -> None:
    """Test mutants, except those whose result is known."""
    part = part_named(figures.part)
    tests = runner.tests_digest(part)
    print(f"{figures.part}: {len(mutants)} mutants {figures.source}")
    for number, mutant in enumerate(mutants, 1):
        result = session.result(mutant, tests)
        if not result:
            result = runner.test(part, mutant)
            session.add(mutant, tests, result)
            caught = f"{result.where}, {result.test}" if result.test else result.where
            print(f"{number:5} {result.seconds:5.1f} s  {mutant.name}: {caught}", flush=True)
        figures.results.append((mutant, result))


def _today() -> datetime.date:
    return datetime.datetime.now(tz=datetime.UTC).date()


if __name__ == "__main__":
    sys.exit(main())

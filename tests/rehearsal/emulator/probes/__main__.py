"""`python -m tests.rehearsal.emulator.probes`: run all probes, and print the differences from AWS and the score."""

import argparse
import tempfile
from pathlib import Path

from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress
from tests.rehearsal.emulator.probes.score import LEAST, ask_all, share, table


def main() -> int:
    """Start an emulator, run the probes and print; return 1 if too few answers are AWS's."""
    parser = argparse.ArgumentParser(prog="python -m tests.rehearsal.emulator.probes", description=__doc__)
    parser.add_argument("--table", type=Path, help="write the results to this page")
    options = parser.parse_args()
    processes = Processes()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        try:
            asked = ask_all(
                EmulatorSetup(Progress(directory / "logs", lambda _: None), processes, directory).start_emulator()
            )
        finally:
            processes.end_all()
    for one in asked:
        if not one.passed:
            print(one)
    print(f"{sum(one.passed for one in asked)} of {len(asked)} probes answered as AWS does: {share(asked):.1%}")
    if options.table:
        options.table.write_text(table(asked))
    return 0 if share(asked) >= LEAST else 1


if __name__ == "__main__":
    raise SystemExit(main())

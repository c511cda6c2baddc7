"""Estimate the monthly cost of environments: `python -m jobs.cost --help`."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cloud_assembly import UserError
from cloud_assembly.synthesize_commit import synthesized
from jobs.cost.assembly import read_environments
from jobs.cost.details import details
from jobs.cost.difference import difference
from jobs.cost.estimate import Estimate, estimate
from jobs.cost.markdown import as_markdown
from jobs.cost.report import as_json, as_text, changes_as_json, changes_as_text
from jobs.cost.usage import Assumptions, read_assumptions


def main(arguments: list[str] | None = None) -> int:
    """Estimate, print, and return the exit code."""
    options = _options(arguments)
    try:
        assumptions = read_assumptions(options.usage, options.assume)
        found = _estimated(options.assembly, assumptions)
        if options.page:
            options.page.write_text(as_markdown(found, assumptions), encoding="utf-8")
            print(f"written: {options.page}")
        elif options.before:
            with _assembly(options.before) as folder:
                changed = difference(_estimated(folder, assumptions), found)
            text = partial(changes_as_text, changed, before=options.before, all_changes=options.details)
            print(changes_as_json(changed) if options.json else text())
        elif options.json:
            print(as_json(found, assumptions))
        else:
            print(details(found, assumptions) if options.details else as_text(found))
    except (UserError, OSError) as error:
        print(f"cost: {error}", file=sys.stderr)
        return 2
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m jobs.cost",
        description="Estimate the monthly cost of environments from synthesized templates and dated prices.",
        epilog=(
            'Sums that lack a price begin with "at least", and JSON lists what lacks one as `unpriced`. Exit codes: 0 '
            "estimated; 2 bad input."
        ),
    )
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    parser.add_argument(
        "--from",
        dest="before",
        metavar="COMMIT|FOLDER",
        help="show what changed since a commit, or since the assembly in a folder",
    )
    parser.add_argument("--usage", type=Path, metavar="FILE", help="read usage assumptions from this TOML file")
    parser.add_argument(
        "--assume", action="append", default=[], metavar="NAME=NUMBER", help="change one usage assumption; repeatable"
    )
    parser.add_argument(
        "--details", action="store_true", help="list every resource, or every changed charge, and all assumptions"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="write the estimate to this Markdown file and print nothing else"
    )
    return parser.parse_args(arguments)


def _estimated(assembly: Path, assumptions: Assumptions) -> Estimate:
    return estimate(read_environments(assembly), assumptions)


@contextmanager
def _assembly(before: str) -> Generator[Path, None, None]:
    if Path(before, "manifest.json").exists():
        yield Path(before)
    else:
        with synthesized(before, Path.cwd()) as folder:
            yield folder


if __name__ == "__main__":
    sys.exit(main())

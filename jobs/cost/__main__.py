"""What environments cost a month: `python -m jobs.cost --help`.

Exit codes: 0 all is priced, 1 something has no price and is not counted, 2 bad input.
"""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from jobs.cost.assembly import read_environments
from jobs.cost.difference import difference
from jobs.cost.errors import CostError
from jobs.cost.estimate import Estimate, estimate
from jobs.cost.markdown import as_markdown
from jobs.cost.prices import read_prices
from jobs.cost.report import as_json, changes_as_json, changes_on_the_screen, on_the_screen
from jobs.cost.synthesize_commit import synthesized
from jobs.cost.usage import Assumptions, read_assumptions


def main(arguments: list[str] | None = None) -> int:
    """Estimate, print, and return the exit code."""
    options = _options(arguments)
    try:
        if options.price_queries:
            print("\n".join(read_prices(options.price_queries).queries()))
            return 0
        assumptions = read_assumptions(options.usage, options.assume)
        found = _estimated(options.assembly, assumptions)
        unpriced = found.unpriced
        if options.before:
            with _assembly(options.before) as folder:
                changed = difference(_estimated(folder, assumptions), found)
            unpriced = changed.unpriced
            print(changes_as_json(changed) if options.json else changes_on_the_screen(changed, before=options.before))
        else:
            print(as_json(found, assumptions) if options.json else on_the_screen(found, assumptions))
        if options.page:
            options.page.write_text(as_markdown(found, assumptions), encoding="utf-8")
    except (CostError, OSError) as error:
        print(f"cost: {error}", file=sys.stderr)
        return 2
    return 1 if unpriced else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m jobs.cost",
        description="Estimate what environments cost a month, from synthesized templates and dated prices.",
        epilog="Exit codes: 0 all is priced, 1 something has no price and is not counted, 2 bad input.",
    )
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    parser.add_argument(
        "--from",
        dest="before",
        metavar="COMMIT|FOLDER",
        help="shows what changes since a commit, or since the assembly in a folder",
    )
    parser.add_argument("--usage", type=Path, metavar="FILE", help="a TOML file with assumptions of your own")
    parser.add_argument(
        "--assume", action="append", default=[], metavar="NAME=NUMBER", help="one assumption of your own; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="prints data")
    parser.add_argument("--page", type=Path, metavar="FILE", help="writes a page of Markdown as well")
    parser.add_argument(
        "--price-queries",
        nargs="?",
        const="us-east-1",
        metavar="REGION",
        help="prints the commands that show what AWS charges today, and nothing else",
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

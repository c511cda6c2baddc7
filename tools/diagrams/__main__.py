"""`python -m tools.diagrams`: draw the architecture, the pipeline and the dashboards of a synthesized app as SVG.

Exit codes: 0 drawn; 2 bad input.
"""

import argparse
import sys
from pathlib import Path

from cloud_assembly import UserError
from tools.diagrams import pictures


def main(arguments: list[str] | None = None) -> int:
    """Draw all pictures into a folder and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="diagrams", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (default: cdk.out)")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("docs/pictures"),
        help="the folder for the pictures (default: docs/pictures)",
    )
    options = parser.parse_args(arguments)
    try:
        drawn = pictures.draw(options.assembly)
        options.output.mkdir(parents=True, exist_ok=True)
        for name, svg in drawn.items():
            (options.output / name).write_text(svg, encoding="utf-8")
            print(f"drawn: {options.output / name}")
    except (UserError, OSError) as error:
        print(f"diagrams: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the commands that draw have in common."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from diagrams.errors import DiagramError

Draw = Callable[[Path], Mapping[str, str]]


def run(draw: Draw, *, prog: str, description: str | None, arguments: list[str] | None = None) -> int:
    """Draw the pictures of an assembly into a folder and return the exit code."""
    parser = argparse.ArgumentParser(prog=prog, description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (default: cdk.out)")
    parser.add_argument(
        "--output", type=Path, default=Path("docs/pictures"), help="where the pictures go (default: docs/pictures)"
    )
    options = parser.parse_args(arguments)
    try:
        drawn = draw(options.assembly)
        options.output.mkdir(parents=True, exist_ok=True)
        for name, svg in drawn.items():
            (options.output / name).write_text(svg, encoding="utf-8")
            print(f"drawn: {options.output / name}")
    except (DiagramError, OSError) as error:
        print(f"diagrams: {error}", file=sys.stderr)
        return 2
    return 0

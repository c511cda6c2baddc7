"""`python -m diagrams`: draw the architecture and the pipeline of a synthesized app, as SVG.

Exit codes: 0 drawn; 2 the input was bad.
"""

import sys

from diagrams import pictures
from diagrams.command_line import run


def main(arguments: list[str] | None = None) -> int:
    """Draw and return the exit code."""
    return run(pictures.draw, prog="diagrams", description=__doc__, arguments=arguments)


if __name__ == "__main__":
    sys.exit(main())

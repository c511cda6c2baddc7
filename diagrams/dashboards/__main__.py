"""`python -m diagrams.dashboards`: draw the dashboards of a synthesized app, with sample data, as SVG.

Exit codes: 0 drawn; 2 the input was bad.
"""

import sys

from diagrams.command_line import run
from diagrams.dashboards import pictures

if __name__ == "__main__":
    sys.exit(run(pictures.draw, prog="diagrams.dashboards", description=__doc__))

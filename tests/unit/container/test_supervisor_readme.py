"""container/README.md has the supervisor's variables, exit codes and figures."""

import re
from pathlib import Path

from supervisor import timings, variables
from supervisor.task import Exit
from tests.paths import ROOT

CONTAINER = ROOT / "container"
README = (CONTAINER / "README.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the tables below a heading, up to the next one."""
    part = README.partition(f"{heading}\n")[2].partition("\n#")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")
    ]
    return [row for row in cells if row[0] and not row[0].startswith("---") and row[0] != "variable"]


def test_every_variable_is_described() -> None:
    described = {name for row in rows("### Variables") for name in re.findall(r"`([A-Z_]+)`", row[0])}
    source = Path(variables.__file__).read_text()
    read = set(re.findall(r"reader\.\w+\(\s*\"([A-Z_]+)\"", source))
    assert described == read


def test_every_exit_code_is_described() -> None:
    assert [int(row[0]) for row in rows("### Exit codes") if row[0].isdigit()] == sorted(Exit)


def test_figures_match_the_code() -> None:
    figures = {
        row[0].partition(":")[0]: float(row[1]) for row in rows("## How one engine stays one") if row[1] != "seconds"
    }
    assert list(figures.values()) == [
        timings.HEARTBEAT,
        timings.LEASE,
        timings.KILL_GRACE,
        timings.FENCING_DELAY,
        timings.SERVER_IDLE_LIMIT,
    ]
    assert f"at most {timings.DRAIN_LIMIT:g} s" in README
    assert f"{timings.FENCING_DELAY:g} s + {timings.CONTEST_INTERVAL:g} s" in README

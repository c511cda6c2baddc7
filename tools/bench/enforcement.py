"""Measures the cost of enforcing permissions: rehearses with and without, alternating."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.bench.measure import children_seconds

GOAL = 1.15
"""Maximum ratio of enforced to off."""
MODES = ("off", "enforced")


@dataclass(frozen=True)
class Cost:
    """CPU-seconds of a rehearsal of the current commit, all processes together."""

    off: float
    enforced: float

    @property
    def ratio(self) -> float:
        """Enforced divided by off."""
        return self.enforced / self.off


def measure(runs: int) -> Cost:
    """Rehearse `runs` times in each mode and return the minimum of each, because other load only adds time."""
    seconds: dict[str, list[float]] = {mode: [] for mode in MODES}
    for _ in range(runs):
        for mode in MODES:
            seconds[mode].append(_rehearse(mode))
    return Cost(min(seconds["off"]), min(seconds["enforced"]))


def _rehearse(mode: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        results = ["--html", str(Path(folder) / "report.html"), "--logs", str(Path(folder) / "logs")]
        settings = ["--set", "BAKE_MINUTES=0.005", "--set", "P99_LIMIT_SECONDS=30"]
        before = children_seconds()
        subprocess.run(
            [sys.executable, "-m", "rehearsal", "--approve", "yes", "--permissions", mode, *settings, *results],
            env=dict(os.environ),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return children_seconds() - before

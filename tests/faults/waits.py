"""A plug-in for a run of the integration tests: writes down for how long it could have gone on and had no processor.

`-p tests.faults.waits --waits=FILE`: seconds, by what Linux counts of the thread that does all the work; elsewhere 0.
"""

from pathlib import Path

import pytest

_COUNTED = Path("/proc/self/schedstat")
_start = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the test say where the seconds go."""
    parser.addoption("--waits", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    """Count from here."""
    config.stash[_start] = _waited()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the seconds down."""
    waited = _waited() - session.config.stash[_start]
    session.config.getoption("--waits").write_text(f"{waited:.3f}")


def _waited() -> float:
    return int(_COUNTED.read_text().split()[1]) / 1e9 if _COUNTED.exists() else 0.0

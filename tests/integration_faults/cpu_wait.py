"""A plug-in for a run of the integration tests: writes how long it was ready to run and had no processor.

`-p tests.integration_faults.cpu_wait --waits=FILE`: seconds that Linux counts for the thread that runs the tests; 0 on
other systems.
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

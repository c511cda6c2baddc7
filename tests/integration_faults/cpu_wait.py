"""A pytest plug-in for runs of the integration tests: writes how long the run waited for a CPU.

`-p tests.integration_faults.cpu_wait --waits=FILE`: Linux's count for the thread that runs the tests, in seconds; 0 on
other systems.
"""

from pathlib import Path

import pytest

_COUNTED = Path("/proc/self/schedstat")
_start = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the file."""
    parser.addoption("--waits", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[_start] = _waited()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the seconds."""
    waited = _waited() - session.config.stash[_start]
    session.config.getoption("--waits").write_text(f"{waited:.3f}")


def _waited() -> float:
    return int(_COUNTED.read_text().split()[1]) / 1e9 if _COUNTED.exists() else 0.0

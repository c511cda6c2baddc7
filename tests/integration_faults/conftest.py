"""Gives each test of a fault its recorder, and collects the rows of all processes for the document."""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration_tests import waiting
from tests.faulty_http_server import PROXY_VARIABLES
from tests.integration_faults.environment_under_test import EnvironmentUnderTest, environment_under_test
from tests.integration_faults.matrix import Recorder, Row, as_property, row_of, rows_in, updated

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the table's file."""
    parser.addoption("--faults-table", type=Path, help="write the matrix of faults to this file when all tests pass")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and collect the rows in the main process, which gets the reports of all workers."""
    config.addinivalue_line("markers", "fault(name, caught_by): causes a fault that a check must detect")
    config.addinivalue_line("markers", "tolerated(name, by): causes a circumstance that a check must tolerate")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Table(config.getoption("--faults-table", None)))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect directly, even if this machine's environment names a proxy."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def longer_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a pause of the machine of one or two seconds from causing a time-out."""
    monkeypatch.setattr(waiting, "MIN_PROBE_SECONDS", 3.0)


@pytest.fixture(scope="session")
def dev(
    assembly: "CloudAssembly", tmp_path_factory: pytest.TempPathFactory
) -> Generator[EnvironmentUnderTest, None, None]:
    """Deploy the environment dev to an emulated account, once for all tests."""
    with environment_under_test(assembly, tmp_path_factory.mktemp("dev")) as found:
        yield found


@pytest.fixture
def recorder(request: pytest.FixtureRequest) -> Generator[Recorder, None, None]:
    """Record the duration of the check for the row that the test's mark names."""
    row = row_of(request.node)
    assert row, "a test with a recorder has a mark: fault or tolerated"
    recorder = Recorder()
    yield recorder
    if recorder.seconds is not None:
        request.node.user_properties.append(as_property(row, recorder.seconds))


class _Table:
    """Collects the rows of a run, and writes the table if all tests passed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect a row; a fixture's properties are in the report of the teardown."""
        if report.when == "teardown":
            self._rows += rows_in(report.user_properties)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the table."""
        if self._path and exitstatus == pytest.ExitCode.OK:
            document = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
            self._path.write_text(updated(document, self._rows), encoding="utf-8")

"""One testbed for all scenarios, in an event loop that keeps running between them."""

import asyncio
import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from testbed import applications, system_packages
from testbed.applications import Applications, StartCost
from testbed.testbed import Testbed
from tests.container.load import Load
from tests.container.scratch_postgresql import Cluster
from tests.container.service import SETTLING_SECONDS, Service
from tests.container.table import Row, rows_in, write

TASKS = 3
ENGINE_START = 1.0
"""Default for the seconds an engine takes to start, without Tomcat's own start."""
Result = TypeVar("Result")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options for the table's file and the duration of the engine's start."""
    parser.addoption("--scenarios-table", type=Path, help="write the table of scenarios into this document")
    parser.addoption("--engine-start", type=float, default=ENGINE_START, metavar="SECONDS")


def pytest_configure(config: pytest.Config) -> None:
    """Collect the rows in the main process, which gets the reports of all workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Table(config.getoption("--scenarios-table", None)))


class LoopThread:
    """An event loop in a thread; it keeps running between tests, as tasks and proxies need it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loop_thread", daemon=True)
        self._thread.start()

    def run(self, steps: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end; return what it returns."""
        return asyncio.run_coroutine_threadsafe(steps, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def found() -> system_packages.SystemPackages:
    """Find the packages; without them the tests are skipped, or fail if CI is set."""
    try:
        return system_packages.find()
    except system_packages.PackagesMissingError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the container's packages: {error}", pytrace=False)
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def loop_thread() -> Generator[LoopThread, None, None]:
    loop_thread = LoopThread()
    yield loop_thread
    loop_thread.close()


@pytest.fixture(scope="session")
def quick_engine(
    found: system_packages.SystemPackages, loop_thread: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Applications:
    """Build an engine that starts in a second, once for all processes of a test run."""
    # Not `shared_fixture`, which builds a folder and moves it: these files contain their own path.
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "applications"
    complete = folder / "complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            loop_thread.run(_build(found, folder))
            complete.touch()
    return Applications(folder)


async def _build(found: system_packages.SystemPackages, folder: Path) -> None:
    """Build the applications, and have one engine record its classes, which makes later starts faster."""
    built = await applications.build(found, folder=folder, start=StartCost(wait_seconds=ENGINE_START))
    async with Testbed(built=built) as testbed:
        task = await testbed.start_task(JAVA_HOME=str(built.recording_java))
        await testbed.all_healthy(within_seconds=SETTLING_SECONDS)
        async with Load(testbed) as load:
            await load.until_writes_succeed(after=asyncio.get_running_loop().time())
        task.send(signal.SIGTERM)
        await task.ended()


@pytest.fixture(scope="module")
def service(
    found: system_packages.SystemPackages, loop_thread: LoopThread, request: pytest.FixtureRequest
) -> Generator[Service, None, None]:
    """A service without tasks."""
    assert found
    engine_start = request.config.getoption("--engine-start", ENGINE_START)
    built = request.getfixturevalue("quick_engine") if engine_start == ENGINE_START else None
    testbed = Testbed(start=StartCost(wait_seconds=engine_start), built=built)
    loop_thread.run(testbed.__aenter__())
    try:
        yield Service(testbed, wanted=TASKS)
    finally:
        loop_thread.run(testbed.__aexit__(None, None, None))


class _Table:
    """Collects the rows of a run and writes the table if all tests passed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._rows += rows_in(report.user_properties)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if self._path and exitstatus == pytest.ExitCode.OK:
            write(self._path, self._rows)


@pytest.fixture(scope="session")
def cluster() -> Generator[Cluster, None, None]:
    """Run a PostgreSQL server for tests of the supervisor that need no task."""
    # PostgreSQL's user may not have access to pytest's folders.
    folder = Path(tempfile.mkdtemp())
    cluster = Cluster(folder)
    try:
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)

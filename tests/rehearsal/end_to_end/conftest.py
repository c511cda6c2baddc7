"""Rehearsals of the real project in a repository of its own, with the emulated accounts open to questions afterwards.

`test_main_job.py` rehearses the commit as it is. The others start from an assembly that is synthesized once and lies in
the commit, so that their Synth action copies it instead of building it again; their builds install nothing.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Generator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal import assembly
from rehearsal.actions.run import Approver
from rehearsal.engine.approvals import PresetApprover
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report.notification_collector import NotificationCollector
from rehearsal.report.progress import Progress, Result, Status
from tests.example import EXAMPLE
from tests.paths import ROOT
from tests.rehearsal.end_to_end.failure_matrix import Matrix
from tests.rehearsal.end_to_end.topologies_table import TopologiesTable
from tests.rehearsal.workloads import FAKE
from tests.shared_fixture import shared_fixture

MATRIX = "failure matrix"
PROD = "444444444444"
PUBLISHING = ("UpdatePipeline", "Assets")
"""Stages without which an environment can be delivered to, where nothing of theirs is asked for."""
HERE, THERE = "us-east-1", "eu-west-1"
"""Regions."""
REALLY_TEST = (
    f"{sys.executable} -m pytest integration_tests -vv --junitxml=report/integration-tests.xml"
    " --summary=report/integration-tests.txt"
)
MAKEFILE = f"""\
.PHONY: synth change-review integration-tests bake

synth:
	cp -r synthesized cdk.out
	{sys.executable} -m jobs.change_review.approval.history cdk.out

change-review:
	NODE_PATH={ROOT}/node_modules {sys.executable} -m jobs.change_review $(ARGS)

integration-tests:
	{REALLY_TEST}

bake:
	{sys.executable} -m jobs.bake
"""
"""What builds run, less what they install first; the main job's test installs it."""
SHORT_DEADLINE = "\n[environments.dev.verification]\ndeadline_seconds = 10\nconsecutive_successes = 2\n"


@contextlib.contextmanager
def stages_left_out(rehearsal: Rehearsal, names: Collection[str]) -> Generator[None, None, None]:
    """Let deliveries do without these stages of the deployed pipeline."""
    whole = rehearsal.definition
    assert whole
    rest = replace(whole, stages=tuple(stage for stage in whole.stages if stage.name not in names))
    rehearsal.definition = rest
    yield
    if rehearsal.definition == rest:  # otherwise the pipeline has changed itself
        rehearsal.definition = whole


@dataclass
class Rehearsed:
    """A rehearsal that has ended, its emulated AWS still there."""

    rehearsal: Rehearsal
    progress: Progress
    commit: str
    assembly: Path
    """What the pipeline was first deployed from."""

    def deliver_again(self, *, approver: Approver) -> None:
        """Deliver the commit once more, over whatever is there now: what was published for it is there already."""
        assert self.rehearsal.cloud is not None
        with (
            NotificationCollector(self.rehearsal.cloud, self.progress, self.assembly),
            stages_left_out(self.rehearsal, PUBLISHING),
        ):
            result, reason = self.rehearsal.deliver(self.commit, approver=approver)
        self.progress.finish(result, reason)

    @property
    def result(self) -> Result | None:
        return self.progress.result

    def status(self, name: str) -> Status:
        """The status of `Stage/Action`."""
        return self.progress.action(*name.split("/", 1)).status

    def statuses(self, stage: str) -> set[Status]:
        """The statuses of a stage's actions."""
        return {action.status for found in self.progress.stages if found.name == stage for action in found.actions}

    def log(self, name: str) -> str:
        """What `Stage/Action` printed."""
        return self.progress.action(*name.split("/", 1)).log_file.read_text()

    def stacks(self, account: str, region: str = "us-east-1") -> dict[str, str]:
        """The states of an account's stacks, the bootstrap's own left out."""
        assert self.rehearsal.cloud is not None
        client = self.rehearsal.cloud.in_account("cloudformation", AwsEnvironment(account, region))
        found = {stack["StackName"]: stack["StackStatus"] for stack in client.describe_stacks()["Stacks"]}
        assert found.pop("CDKToolkit") == "CREATE_COMPLETE"
        return found


@dataclass
class Repository:
    """A repository whose commit holds its own assembly."""

    path: Path
    commit: str
    directory: Path

    @contextlib.contextmanager
    def rehearse(
        self,
        *,
        approver: Approver | None = None,
        workload: str = FAKE,
        fail: frozenset[str] = frozenset(),
        deployed_first: Path | None = None,
    ) -> Generator[Rehearsed, None, None]:
        """Rehearse the commit; `deployed_first` is the assembly the pipeline is first deployed from."""
        directory = deployed_first or self.path / "cdk.out"
        plan = Plan(
            assembly=assembly.read(directory),
            repository=self.path,
            commit=self.commit,
            approver=approver or PresetApprover(answer=True),
            workload=workload,
            fail=fail,
            variable_overrides={"BAKE_MINUTES": "0.005", "P99_LIMIT_SECONDS": "30"},
        )
        progress = Progress(self.directory / "logs", lambda _: None)
        with Rehearsal(plan, progress) as rehearsal:
            rehearsal.run()
            yield Rehearsed(rehearsal, progress, self.commit, directory)


def run(*command: str, directory: Path) -> str:
    """Run a command that must succeed; return what it printed."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def copy_of_the_work_tree(target: Path) -> None:
    """Copy what git would commit, uncommitted changes included."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", directory=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def commit_all(repository: Path) -> None:
    """Commit everything in a new repository."""
    run("git", "init", "--quiet", directory=repository)
    run("git", "add", "--all", directory=repository)
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    run("git", *author, "commit", "--quiet", "--message=Rehearse a scenario", directory=repository)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run rehearse every failure and other topologies, and say where the tables of them go."""
    parser.addoption(
        "--failures-table", type=Path, help="rehearse every failure; write them to this file when all hold"
    )
    parser.addoption(
        "--topologies-table", type=Path, help="rehearse topologies; write them to this file when all are delivered"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Gather the failures and topologies that are rehearsed."""
    config.pluginmanager.register(Matrix(config.getoption("--failures-table", None)), MATRIX)
    config.addinivalue_line("markers", "topologies: takes minutes and runs with --topologies-table only")
    if table := config.getoption("--topologies-table", None):
        config.pluginmanager.register(TopologiesTable(table))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Rehearse topologies only where a run asks for it."""
    if config.getoption("--topologies-table", None) is None:
        left_out = [item for item in items if item.get_closest_marker("topologies")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest) -> Matrix:
    """Where failures are recorded."""
    found = request.config.pluginmanager.get_plugin(MATRIX)
    assert isinstance(found, Matrix)
    return found


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project with a short deadline in dev and a Synth action that takes the assembly from the commit."""
    return with_settings(EXAMPLE.read_text() + SHORT_DEADLINE, tmp_path_factory)


@pytest.fixture(scope="session")
def prod_in_two_regions(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project with no environment but prod, which has a further region."""
    text = re.sub(r"\[environments\.(dev|staging)\].*?(?=\n\[|\Z)", "", EXAMPLE.read_text(), flags=re.DOTALL)
    own = f'account = "{PROD}"\nregion = "{HERE}"\n'
    assert text.count(own) == 1
    return with_settings(text.replace(own, f"{own}further_regions = {{ {THERE} = 2 }}\n"), tmp_path_factory)


def with_settings(settings: str, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project with these settings, and with builds that find installed and synthesized what they need."""

    def prepare(path: Path) -> None:
        path.mkdir()
        copy_of_the_work_tree(path)
        (path / "delivery.toml").write_text(settings)
        run("cdk", "synth", "--quiet", "--no-validation", directory=path)
        shutil.copytree(path / "cdk.out", path / "synthesized")
        (path / "Makefile").write_text(MAKEFILE)
        commit_all(path)

    name = f"repository-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"
    path = shared_fixture(tmp_path_factory, name, prepare)
    commit = run("git", "rev-parse", "HEAD", directory=path).strip()
    return Repository(path, commit, tmp_path_factory.mktemp("rehearsals"))


@pytest.fixture(scope="session", autouse=True)
def _offline() -> None:
    """No rehearsal under test may find real credentials by accident."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]

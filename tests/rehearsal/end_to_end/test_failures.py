"""Deliveries that fail at one action each, over an earlier release; checked in the emulated accounts only."""

import json
import shlex
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal import assembly
from rehearsal.engine.approvals import PresetApprover
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report.progress import Progress, Result, Status
from tests.rehearsal.end_to_end import accounts
from tests.rehearsal.end_to_end.accounts import Account
from tests.rehearsal.end_to_end.conftest import PUBLISHING, Repository, stages_left_out
from tests.rehearsal.end_to_end.failure_matrix import (
    ACTIONS,
    ALL_ACTIONS,
    BEFORE_THE_ENVIRONMENTS,
    CIRCUMSTANCES,
    ENVIRONMENTS,
    GATED,
    LET_THROUGH,
    REPRESENTATIVE,
    STOPPED,
    Matrix,
    Row,
)
from tests.rehearsal.end_to_end.prepared_releases import Releases, before, in_place_of
from tests.upgrades import STATEFUL, Upgrade, draw

SEED = 20261125
LOSING, KEEPING = 15, 15
FUNCTIONS_SECONDS = 30.0
"""Time for the notification functions to process the last events."""
REGION = "us-east-1"
PLACES = {
    "Dev": AwsEnvironment("222222222222", REGION),
    "Staging": AwsEnvironment("333333333333", REGION),
    "Prod": AwsEnvironment("444444444444", REGION),
}


@dataclass
class Delivery:
    """A finished delivery, and the accounts before and after it."""

    result: Result
    reason: str
    progress: Progress
    before: dict[str, Account]
    after: dict[str, Account]
    notified: list[str]
    """Headlines of its notifications."""
    seconds: float

    def status(self, name: str) -> Status:
        """The status of `Stage/Action`."""
        return self.progress.action(*name.split("/", 1)).status


class Environments:
    """Emulated accounts to which one release after another is delivered."""

    def __init__(self, rehearsal: Rehearsal, progress: Progress, releases: Releases, first: str) -> None:
        self.releases = releases
        self.first = first
        self._rehearsal = rehearsal
        self._progress = progress
        self._found: dict[str, Account] | None = None
        assert "Delivery started" in self.notified()

    def accounts(self) -> dict[str, Account]:
        """What the environments' accounts hold now."""
        assert self._rehearsal.cloud
        return {name: accounts.read(self._rehearsal.cloud, place) for name, place in PLACES.items()}

    def notified(self) -> list[str]:
        """The headlines of all notifications so far; waits until the functions that send them have run."""
        cloud = self._rehearsal.cloud
        assert cloud
        deadline = time.monotonic() + FUNCTIONS_SECONDS
        while not cloud.fact("functions")["idle"] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert cloud.fact("functions")["failures"] == []
        return [message["subject"].partition(": ")[0] for message in cloud.fact("messages")]

    def actions(self) -> set[str]:
        """All actions of the deployed pipeline."""
        assert self._rehearsal.definition
        return {
            f"{stage.name}/{action.name}" for stage in self._rehearsal.definition.stages for action in stage.actions
        }

    def deliver(
        self,
        commit: str,
        *,
        fail: frozenset[str] = frozenset(),
        without: tuple[str, ...] = (),
        until: str | None = None,
    ) -> Delivery:
        """Deliver a commit, leaving out these stages and all after `until`; read the accounts before and after."""
        assert self._rehearsal.definition
        names = [stage.name for stage in self._rehearsal.definition.stages]
        later = names[names.index(until) + 1 :] if until else []
        # Nothing changes between two deliveries, so the last reading is still valid.
        found, notified = self._found or self.accounts(), len(self.notified())
        start = time.monotonic()
        with stages_left_out(self._rehearsal, [*without, *later]):
            result, reason = self._rehearsal.deliver(commit, approver=PresetApprover(answer=True), fail=fail)
        seconds = time.monotonic() - start
        self._found = self.accounts()
        return Delivery(result, reason, self._progress, found, self._found, self.notified()[notified:], seconds)


@pytest.fixture(scope="module")
def environments(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Environments, None, None]:
    """Accounts with a release in every environment and a marker object in every bucket."""
    folder = tmp_path_factory.mktemp("failures")
    releases = Releases(repository, folder / "repository")
    first = releases.commit("one", before)
    plan = Plan(
        assembly=assembly.read(releases.path / "cdk.out"),
        repository=releases.path,
        commit=first,
        approver=PresetApprover(answer=True),
        workload=shlex.join([sys.executable, str(Path(__file__).with_name("other_workload.py"))]),
    )
    progress = Progress(folder / "logs", lambda _: None)
    with Rehearsal(plan, progress) as rehearsal:
        rehearsal.run()
        assert progress.result is Result.SUCCEEDED, progress.reason
        assert rehearsal.cloud
        for place in PLACES.values():
            accounts.put_marker_objects(rehearsal.cloud, place)
        yield Environments(rehearsal, progress, releases, first)


@pytest.fixture(scope="module")
def second(environments: Environments) -> str:
    """The commit whose deliveries fail."""
    return environments.releases.commit("two")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Rehearse every failure if the table is written, otherwise representative ones."""
    whole = metafunc.config.getoption("--failures-table", None) is not None
    if "failing" in metafunc.fixturenames:
        metafunc.parametrize("failing", ALL_ACTIONS if whole else REPRESENTATIVE)


def untouched(ended: Delivery, names: tuple[str, ...]) -> None:
    """Assert that environments have not changed: not one event more."""
    for name in names:
        assert ended.after[name] == ended.before[name], f"{name} has been touched"


def nothing_stateful_lost(ended: Delivery) -> None:
    for name in ENVIRONMENTS:
        assert ended.after[name].stateful() == ended.before[name].stateful()
        assert ended.after[name].holdings.secrets == ended.before[name].holdings.secrets
        assert ended.after[name].holdings.objects == ended.before[name].holdings.objects


def test_every_action_of_the_pipeline_has_its_row(environments: Environments) -> None:
    assert environments.actions() == set(ALL_ACTIONS)


def test_failing_integration_tests_stop_the_delivery(environments: Environments) -> None:
    """The real integration tests: what answers them is not the engine."""
    commit = environments.releases.commit("two", really_tested=True)
    ended = environments.deliver(commit, without=_skipped("Dev"))
    assert (ended.result, ended.status("Dev/IntegrationTests")) == (Result.FAILED, Status.FAILED)
    assert "/resourceService/" in ended.progress.action("Dev", "IntegrationTests").log_file.read_text()
    untouched(ended, ("Staging", "Prod"))
    nothing_stateful_lost(ended)
    _check_environment(ended, "Dev/IntegrationTests", "Dev", environments.first)


def test_failing_action_stops_the_delivery(
    environments: Environments, second: str, failing: str, matrix: Matrix
) -> None:
    stage = failing.partition("/")[0]
    ended = environments.deliver(second, fail=frozenset({failing}), without=_skipped(stage))
    assert ended.result is (Result.REJECTED if stage.endswith("Approval") else Result.FAILED)
    assert failing in ended.reason
    later = [
        name for name in ENVIRONMENTS if ALL_ACTIONS.index(failing) < ALL_ACTIONS.index(f"{name}Review/ReviewChanges")
    ]
    untouched(ended, tuple(later))
    nothing_stateful_lost(ended)
    outcome = _check_environment(ended, failing, stage, environments.first)
    notifications = failure_notifications(ended)
    assert notifications == expected_notifications(failing, rolled_back="rolled back" in ended.reason)
    outcome += f"; notified: {', '.join(notifications)}"
    matrix.rows.append(Row(group=ACTIONS, name=f"`{failing}`", outcome=outcome, seconds=ended.seconds))


def failure_notifications(ended: Delivery) -> list[str]:
    """The headlines that a successful delivery does not have."""
    return [
        headline
        for headline in ended.notified
        if any(word in headline for word in ("failed", "rejected", "rolled back"))
    ]


def expected_notifications(failing: str, *, rolled_back: bool) -> list[str]:
    stage = failing.partition("/")[0]
    if stage.endswith("Approval"):
        return [f"{stage.removesuffix('Approval')} deployment rejected"]
    return [f"Delivery failed in {failing}", *([f"{stage} rolled back"] if rolled_back else [])]


def _skipped(stage: str) -> tuple[str, ...]:
    """Return the stages to skip in a delivery that fails in `stage`.

    A row of a review or an approval runs the environments before it; a row of a deployment skips them.
    """
    if stage in PUBLISHING:
        return ()
    if stage not in ENVIRONMENTS:
        return PUBLISHING
    earlier = ENVIRONMENTS[: ENVIRONMENTS.index(stage)]
    return (*PUBLISHING, *earlier, *(f"{name}Review" for name in ENVIRONMENTS), f"{GATED}Approval")


def _check_environment(ended: Delivery, failing: str, stage: str, first: str) -> str:
    """Check the environment that failed; return its state for the table."""
    if failing in BEFORE_THE_ENVIRONMENTS:
        untouched(ended, ENVIRONMENTS)
        return "no environment touched"
    environment = next(name for name in ENVIRONMENTS if stage.startswith(name))
    if stage != environment:
        untouched(ended, (environment,))
        return f"{environment} unchanged"
    assert f"rolled back to commit {first[:12]}" in ended.reason
    assert ended.after[environment].as_left() == ended.before[environment].as_left()
    assert ended.after[environment].releases() == {"one"}
    assert ended.after[environment].states() <= {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
    touched = sorted(
        name.rpartition("-")[2]
        for name, stack in ended.after[environment].stacks.items()
        if stack.last_event != ended.before[environment].stacks[name].last_event
    )
    assert touched, "a deployment leaves events"
    return f"{environment} rolled back to the previous release; updated and restored: {', '.join(touched)}"


def test_same_commit_is_delivered_after_the_failures(environments: Environments, second: str, matrix: Matrix) -> None:
    if not matrix.is_complete:
        pytest.skip("only after the whole matrix; other tests deliver to prod")
    ended = environments.deliver(second)
    assert (ended.result, ended.reason) == (Result.SUCCEEDED, "")
    assert [ended.after[name].releases() for name in ENVIRONMENTS] == [{"two"}] * 3
    nothing_stateful_lost(ended)
    outcome = "delivered to every environment"
    matrix.rows.append(Row(group=CIRCUMSTANCES, name="nothing fails", outcome=outcome, seconds=ended.seconds))


def templates(environments: Environments) -> dict[str, dict[str, Any]]:
    """Dev's deployed templates without the probes."""
    found: dict[str, dict[str, Any]] = {}
    dev = environments.accounts()["Dev"]
    for part in STATEFUL:
        if f"yawl-dev-{part}" not in dev.stacks:
            continue
        template = json.loads(dev.stacks[f"yawl-dev-{part}"].template)
        template["Resources"].pop(accounts.PROBE)
        found[part] = template
    return found


@pytest.fixture(scope="module")
def upgrades(environments: Environments, matrix: Matrix) -> list[Upgrade]:
    drawn = draw(templates(environments), seed=SEED, losing=LOSING, keeping=KEEPING)
    if matrix.is_complete:
        return drawn
    return [next(one for one in drawn if bool(one.loses) is loses) for loses in (True, False)]


def test_review_stops_exactly_the_upgrades_that_lose_data(
    environments: Environments, upgrades: list[Upgrade], matrix: Matrix
) -> None:
    for upgrade in upgrades:
        changed = in_place_of(upgrade.part, upgrade.template)
        commit = environments.releases.commit("two" if matrix.is_complete else "one", changed)
        ended = environments.deliver(commit, without=PUBLISHING, until=None if upgrade.loses else "DevReview")
        review = ended.status("DevReview/ReviewChanges")
        untouched(ended, ENVIRONMENTS)
        if upgrade.loses:
            assert (ended.result, review) == (Result.FAILED, Status.FAILED), upgrade.title
            log = ended.progress.action("DevReview", "ReviewChanges").log_file.read_text()
            assert all(logical_id in log for logical_id in upgrade.loses), upgrade.title
        else:
            assert (ended.result, review) == (Result.SUCCEEDED, Status.SUCCEEDED), (upgrade.title, ended.reason)
        group = STOPPED if upgrade.loses else LET_THROUGH
        outcome = ", ".join(f"`{name}`" for name in upgrade.loses)
        matrix.rows.append(Row(group=group, name=upgrade.title, outcome=outcome, seconds=ended.seconds))


def test_no_rollback_after_a_pipeline_change(environments: Environments, matrix: Matrix) -> None:
    if not matrix.is_complete:
        pytest.skip("part of the whole matrix")
    commit = environments.releases.commit(
        "three", pipeline=lambda text: text.replace('"BranchName":"main"', '"BranchName":"other"')
    )
    ended = environments.deliver(commit, fail=frozenset({"Dev/Bake"}))
    assert ended.result is Result.FAILED
    assert "cannot roll back: the pipeline has changed" in ended.reason
    untouched(ended, ("Staging", "Prod"))
    assert ended.after["Dev"].releases() == {"three"}
    nothing_stateful_lost(ended)
    outcome = "Dev keeps the new release, and the reason says that it cannot be rolled back"
    name = "`Dev/Bake`, after the release has changed the pipeline itself"
    matrix.rows.append(Row(group=CIRCUMSTANCES, name=name, outcome=outcome, seconds=ended.seconds))

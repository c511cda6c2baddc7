"""What becomes of deliveries, rehearsed with the project's own stacks and judged on the emulated accounts.

One delivery after another goes to the same accounts: the first fails in staging, the second is refused, the third
arrives. What each of them left is written down when it ends; a test asks for the delivery it is about, and that one for
those before it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.engine.approvals import PresetApprover
from rehearsal.engine.cloud import Credentials
from rehearsal.report import report
from rehearsal.report.page.rendering import render
from rehearsal.report.progress import Notification, Result, Status
from testbed import system_packages
from tests.environment_stacks import LEVELS_OF, own_region
from tests.paths import ROOT
from tests.rehearsal.end_to_end.conftest import Rehearsed, Repository
from tests.rehearsal.workloads import CONTAINER, FAKE

HOME = AwsEnvironment("111111111111", "us-east-1")
DEV, STAGING, PROD = "222222222222", "333333333333", "444444444444"
ACCOUNTS = {"dev": DEV, "staging": STAGING, "prod": PROD}
COPIES = {"yawl-prod-recovery-copies": "CREATE_COMPLETE"}
"""Prod's stack in another region, where its backups are copied to."""
COPIES_REGION = "us-west-2"
WITHOUT_PACKAGES = bool(system_packages.missing()) and not os.environ.get("CI")
FAILING = "Staging/yawl-staging-cache.Deploy"


@dataclass(frozen=True)
class Ended:
    """What a delivery left, when it ended."""

    result: Result | None
    reason: str
    restarts: int
    statuses: dict[str, Status]
    """By `Stage/Action`."""
    log: str
    """What the action that was made to fail printed."""
    stacks: dict[str, dict[str, str]]
    """States of the stacks in each environment's own region."""
    copies: dict[str, str]
    """The same of prod's other region."""
    received: list[Notification]
    failed_functions: list[str]
    releases: list[dict[str, Any]]
    """What `make releases` shows."""
    pages: dict[str, list[str]]
    """The pages that each action left, by `Stage/Action`."""

    @property
    def headlines(self) -> list[str]:
        """What was told, less the commit."""
        return [one.subject.partition(":")[0] for one in self.received]


def deployed(environment: str) -> dict[str, str]:
    """All stacks of an environment, created."""
    return {f"yawl-{environment}-{part}": "CREATE_COMPLETE" for part in own_region(environment)}


def ended(rehearsed: Rehearsed, told_before: int) -> Ended:
    """Write down what is there now."""
    progress = rehearsed.progress
    return Ended(
        result=progress.result,
        reason=progress.reason,
        restarts=progress.restarts,
        statuses={f"{stage.name}/{one.name}": one.status for stage in progress.stages for one in stage.actions},
        log=rehearsed.log(FAILING),
        stacks={name: rehearsed.stacks(account) for name, account in ACCOUNTS.items()},
        copies=rehearsed.stacks(PROD, COPIES_REGION),
        received=progress.notifications[told_before:],
        failed_functions=list(progress.failed_functions),
        releases=released(rehearsed),
        pages={
            f"{stage.name}/{one.name}": [page.read_text() for page in one.pages.values()]
            for stage in progress.stages
            for one in stage.actions
            if one.pages
        },
    )


def released(rehearsed: Rehearsed, *arguments: str) -> list[dict[str, Any]]:
    """What `make releases` says in the pipeline's emulated account."""
    assert rehearsed.rehearsal.cloud is not None
    cloud = rehearsed.rehearsal.cloud
    done = subprocess.run(
        [sys.executable, "-m", "tools.releases", "--json", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **cloud.environment(HOME.region, Credentials(HOME.account))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def site(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    """Accounts to which the first delivery has gone, over an older pipeline; tasks are the container's own processes.

    Where the packages these need are not installed, fake tasks run instead.
    """
    older = an_older_pipeline(repository.path / "cdk.out", tmp_path_factory.mktemp("older") / "cdk.out")
    workload = FAKE if WITHOUT_PACKAGES else CONTAINER
    with repository.rehearse(workload=workload, fail=frozenset({FAILING}), deployed_first=older) as rehearsed:
        yield rehearsed


def an_older_pipeline(newer: Path, target: Path) -> Path:
    """A copy of an assembly whose pipeline listens to another branch, under an asset hash of its own."""
    shutil.copytree(newer, target)
    template = target / "yawl-delivery.template.json"
    text = template.read_text()
    assert '"BranchName":"main"' in text
    template.write_text(text.replace('"BranchName":"main"', '"BranchName":"older"'))
    assets = target / "yawl-delivery.assets.json"
    files = json.loads(assets.read_text())["files"]
    content_hash = next(key for key, file in files.items() if file["source"]["path"] == template.name)
    for file in (assets, target / "manifest.json"):
        file.write_text(file.read_text().replace(content_hash, content_hash[::-1]))
    return target


@pytest.fixture(scope="module")
def failed(site: Rehearsed) -> Ended:
    """The first delivery: a stack of staging cannot be created."""
    return ended(site, told_before=0)


@pytest.fixture(scope="module")
def refused(site: Rehearsed, failed: Ended) -> Ended:
    """The second: nobody lets it into prod. What could not be created is deleted before, as CloudFormation asks."""
    assert site.rehearsal.cloud is not None
    cloudformation = site.rehearsal.cloud.in_account("cloudformation", AwsEnvironment(STAGING, "us-east-1"))
    cloudformation.delete_stack(StackName="yawl-staging-cache")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="yawl-staging-cache", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    site.deliver_again(approver=PresetApprover(answer=False))
    return ended(site, told_before=len(failed.received))


@pytest.fixture(scope="module")
def arrived(site: Rehearsed, failed: Ended, refused: Ended) -> Ended:
    """The third: it is let in."""
    site.deliver_again(approver=PresetApprover(answer=True))
    return ended(site, told_before=len(failed.received) + len(refused.received))


def test_changed_pipeline_restarts(failed: Ended) -> None:
    assert failed.restarts == 1


def test_failing_stack_in_staging_rolls_back(failed: Ended) -> None:
    assert failed.result is Result.FAILED
    assert "made to fail by --fail" in failed.reason
    assert failed.stacks["dev"] == deployed("dev")
    staging = dict(failed.stacks["staging"])
    assert staging.pop("yawl-staging-cache") == "ROLLBACK_COMPLETE"
    levels = LEVELS_OF["staging"]
    reached = [part for part, level in levels.items() if level <= levels["cache"] and part != "cache"]
    assert staging == {f"yawl-staging-{part}": "CREATE_COMPLETE" for part in reached}
    assert {status for name, status in failed.statuses.items() if name.startswith("Prod")} == {Status.WAITING}
    assert (failed.stacks["prod"], failed.copies) == ({}, {})
    assert remaining_resources(failed.log) == set()


def remaining_resources(log: str) -> set[str]:
    """Resources the log shows created and not deleted again."""
    events = [line.split()[:3] for line in log.splitlines() if "_COMPLETE AWS::" in line and "::Stack " not in line]
    created = {name for state, _, name in events if state == "CREATE_COMPLETE"}
    return created - {name for state, _, name in events if state == "DELETE_COMPLETE"}


def test_failing_stack_is_reported_with_its_first_event(failed: Ended) -> None:
    # It starts over once.
    assert failed.headlines == ["Delivery started", "Deployed to dev", f"Delivery failed in {FAILING}"]
    received = failed.received[-1].text
    assert "MadeToFail: made to fail by --fail" in received
    assert "Environment: staging" in received


def test_rejected_approval_leaves_prod_unchanged(refused: Ended) -> None:
    assert refused.result is Result.REJECTED
    assert refused.statuses["ProdApproval/Approve"] is Status.REJECTED
    assert refused.stacks["staging"] == deployed("staging")
    assert (refused.stacks["prod"], refused.copies) == ({}, {})


def test_rejection_sends_one_mail_and_records_no_release(refused: Ended) -> None:
    assert refused.headlines[-2:] == ["Approval needed for prod", "Prod deployment rejected"]
    assert {one["environment"] for one in refused.releases} == {"dev", "staging"}


def test_approved_release_is_deployed(arrived: Ended) -> None:
    assert (arrived.result, arrived.reason) == (Result.SUCCEEDED, "")
    assert {name: arrived.stacks[name] for name in ACCOUNTS} == {name: deployed(name) for name in ACCOUNTS}
    assert arrived.copies == COPIES


@pytest.mark.skipif(WITHOUT_PACKAGES, reason="make container-packages installs them")
def test_every_environment_is_tested_with_container_processes(site: Rehearsed, arrived: Ended) -> None:
    for environment in ("Dev", "Staging", "Prod"):
        assert arrived.statuses[f"{environment}/IntegrationTests"] is Status.SUCCEEDED
        assert "test_engine_runs_a_process" in site.log(f"{environment}/IntegrationTests")


def test_delivery_sends_a_mail_and_records_every_environment(
    repository: Repository, site: Rehearsed, arrived: Ended
) -> None:
    assert arrived.failed_functions == []
    assert arrived.headlines == [
        "Delivery started",
        "Deployed to dev",
        "Deployed to staging",
        "Approval needed for prod",
        "Deployed to prod",
    ]
    asked = arrived.received[3]
    assert "ApprovalTopic" in asked.topic
    assert "Changes: prod (first deployment): resources" in asked.text
    assert "Tests: staging: " in asked.text
    assert "Author:      Test" in asked.text
    [prod] = released(site, "--environment", "prod")
    assert prod["commit"] == repository.commit
    assert prod["approver"].endswith("/rehearsal")
    assert [image.partition("@")[2][:7] for image in prod["images"]] == ["sha256:"]
    assert sorted(prod["templates"]) == sorted([*deployed("prod"), *COPIES])
    assert len(set(prod["templates"].values())) == len(prod["templates"])
    assert len(prod["tests"]) == 1
    assert {one["environment"] for one in arrived.releases} == {"dev", "staging", "prod"}


def test_every_review_is_a_page_that_is_kept_and_recorded(
    repository: Repository, site: Rehearsed, arrived: Ended
) -> None:
    assert list(arrived.pages) == ["DevReview/ReviewChanges", "StagingReview/ReviewChanges", "ProdReview/ReviewChanges"]
    [dev], [prod] = arrived.pages["DevReview/ReviewChanges"], arrived.pages["ProdReview/ReviewChanges"]
    assert "the same commit is deployed again" in dev
    assert "no release on record" in prod
    assert f"Commit={repository.commit}" in prod
    assert "Runs now: no release on record" in arrived.received[3].text
    composed = report.compose(site.progress, commit=repository.commit, subject="Subject")
    shown = render(composed, folder=site.progress.logs, secrets=[])
    assert re.search(r'<a href="ProdReview-ReviewChanges\.page-\d\.html">', shown)
    assert site.rehearsal.cloud is not None
    client = site.rehearsal.cloud.in_account("s3", HOME)
    [bucket] = [one["Name"] for one in client.list_buckets()["Buckets"] if "releaserecords" in one["Name"]]
    for record in arrived.releases:
        stored = client.get_object(Bucket=bucket, Key=record["review"])
        assert stored["ContentType"] == "text/html; charset=utf-8"
        assert f"What changes in {record['environment']}" in stored["Body"].read().decode()


def test_rehearsal_leaves_the_work_tree_clean(repository: Repository) -> None:
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository.path, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""

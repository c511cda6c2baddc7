"""Every mail is true: which sentences it has for each stage, action and outcome, and which it must not have."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from lambdas.delivery_events.notify import publish_notice
from tests.unit.recorded_delivery import (
    NOON,
    REGION,
    VARIABLES,
    Recording,
    begun,
    deployed,
    failed,
    passed,
    reviewed,
    rolled_back,
    waiting,
)

ENVIRONMENTS = {
    "DevReview": "dev",
    "Dev": "dev",
    "ProdReview": "prod",
    "ProdApproval": "prod",
    "Prod": "prod",
    "ProdWave2": "prod in eu-central-1, us-west-2",
}
WAVES = {
    **VARIABLES,
    "ENVIRONMENTS": json.dumps(ENVIRONMENTS),
    "DEPLOYMENTS": json.dumps(["Dev", "Prod", "ProdWave2"]),
}
"""A pipeline whose last environment has two regions in a second wave."""
UNCHANGED = "has not changed"
RETRY = "What to do: Push a fix, or retry the stage if the commit is not the cause."
BACK = (
    "CodePipeline rolls {} back to 1a2b3c4d5e6f “Keep cases for a week longer” and reports the result in another mail."
)
NO_WAY_BACK = "CodePipeline cannot roll back: no release has passed {} since the pipeline itself last changed."
STOPPED = (
    "stops: yawl-prod-database: Instance would be replaced",
    "    if this is intended, add to delivery.toml, with the reason:",
    "      [environments.prod.accepted_changes.0a1b2c3d4e5f]",
    '      stack = "database"',
    '      subject = "Instance"',
    '      reason = "…"',
    "Review: https://console.aws.amazon.com/s3/object/records?prefix=prod.html",
)
ROLE = "arn:aws:iam::444444444444:role/cdk"


@dataclass(frozen=True)
class Row:
    """What happens, and the mail about it."""

    happens: Callable[[Recording], None]
    says: tuple[str, ...]
    never: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    variables: Any = None


def released(it: Recording) -> None:
    begun(it, "zero")
    deployed(it, "Dev", "zero")
    deployed(it, "Prod", "zero")
    deployed(it, "ProdWave2", "zero")
    it.pipeline("zero", "SUCCEEDED")


def fails(where: str, *, before: bool, **details: Any) -> Callable[[Recording], None]:
    """A release that fails there, `before` says whether another one had arrived before."""

    def happens(it: Recording) -> None:
        if before:
            released(it)
        begun(it, CommitId="2" * 40, CommitMessage="Drop the index")
        failed(it, where, **details)

    return happens


def two_bad_releases(it: Recording) -> None:
    """The one before failed in the same stage, so it is nothing to return to."""
    fails("Prod/Bake", before=True)(it)
    begun(it, "two", CommitId="3" * 40)
    failed(it, "Prod/Bake", "two")


def creation(it: Recording) -> None:
    it.stack_events = (
        {"LogicalResourceId": "Queue", "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "quota exceeded"},
        {"LogicalResourceId": "yawl-dev-cache", "ResourceStatus": "CREATE_IN_PROGRESS"},
    )
    begun(it)
    failed(it, "Dev/Deploy", configuration={"StackName": "yawl-dev-cache", "RoleArn": ROLE})


def refused_stack(it: Recording) -> None:
    """CloudFormation refuses to update a stack; its events are of an earlier operation."""
    it.stack_events = (
        {
            "LogicalResourceId": "Old",
            "ResourceStatus": "UPDATE_FAILED",
            "ResourceStatusReason": "last year's",
            "Timestamp": NOON - timedelta(days=365),
        },
    )
    begun(it)
    summary = "Stack:yawl-dev-cache is in UPDATE_ROLLBACK_FAILED state and can not be updated."
    failed(it, "Dev/Deploy", summary=summary, configuration={"StackName": "yawl-dev-cache", "RoleArn": ROLE})


def entry(it: Recording) -> None:
    released(it)
    begun(it)
    it.stage("one", "Prod", "STARTED")
    it.stage("one", "Prod", "FAILED")


def expired(it: Recording) -> None:
    begun(it)
    failed(it, "ProdApproval/Approve")
    found = it.executions["one"]["actions"][0]
    found["lastUpdateTime"] = found["startTime"] + timedelta(days=7)


def two_regions(it: Recording) -> None:
    """Two deployments of a wave fail; the second one to fail did so because of the first."""
    released(it)
    begun(it, CommitId="2" * 40)
    it.stage("one", "ProdWave2", "STARTED")
    for region in ("a", "b"):
        it.action("one", f"ProdWave2/Prod-{region}.IntegrationTests", "STARTED")
    it.action("one", "ProdWave2/Prod-b.IntegrationTests", "FAILED", summary="the first")
    it.action("one", "ProdWave2/Prod-a.IntegrationTests", "FAILED", summary="the second")
    it.unreadable = True
    it.stage("one", "ProdWave2", "FAILED")


def retried_elsewhere(it: Recording) -> None:
    """The second attempt fails earlier than the first, whose failure is still in the history."""
    begun(it)
    failed(it, "Dev/Bake", summary="the first attempt's")
    it.stage("one", "Dev", "RESUMED", attempt=2)
    it.action("one", "Dev/IntegrationTests", "STARTED", attempt=2)
    it.action("one", "Dev/IntegrationTests", "FAILED", summary="the second attempt's", attempt=2)
    it.unreadable = True
    it.stage("one", "Dev", "FAILED", attempt=2)


def rollback(it: Recording, stage: str = "Prod", state: str = "SUCCEEDED") -> None:
    released(it)
    begun(it, CommitId="2" * 40, CommitMessage="Drop the index")
    failed(it, f"{stage}/Deploy", summary="no")
    rolled_back(it, stage, target="zero", failed_execution="one")
    it.action("rollback", f"{stage}/Deploy", state, summary="nor that")
    it.stage("rollback", stage, state)
    it.pipeline("rollback", state)


def rollback_by_hand(it: Recording) -> None:
    rollback(it)
    it.executions["rollback"]["trigger"] = {"triggerType": "ManualRollback", "triggerDetail": "arn:aws:iam::1:user/ada"}


def stopped(stage: str, action: str, *, abandoned: bool, reason: str = "wrong commit") -> Callable[[Recording], None]:
    def happens(it: Recording) -> None:
        begun(it)
        it.stage("one", stage, "STARTED")
        it.action("one", f"{stage}/{action}", "STARTED")
        it.action("one", f"{stage}/{action}", "ABANDONED" if abandoned else "SUCCEEDED")
        it.stage("one", stage, "STOPPED")
        it.executions["one"]["statusSummary"] = reason
        it.pipeline("one", "STOPPED")

    return happens


def succeeded(stage: str) -> Callable[[Recording], None]:
    def happens(it: Recording) -> None:
        begun(it)
        deployed(it, stage)

    return happens


def waits(it: Recording) -> None:
    begun(it)
    reviewed(it, "Prod")
    waiting(it)


def as_hotfix(happens: Callable[[Recording], None]) -> Callable[[Recording], None]:
    def hotfix(it: Recording) -> None:
        happens(it)
        it.executions["one"]["variables"] = [{"name": "HOTFIX", "resolvedValue": "yes"}]

    return hotfix


ROLLS = "roll"
SKIPPED = "\nHotfix: the bakes before the last environment are skipped.\n"
PREPARATION = (ROLLS, "prod has")
ROWS: dict[str, Row] = {
    "source": Row(
        fails("Source/Source", before=True),
        ("No environment has changed.", "Check the connection to the repository, then retry"),
        PREPARATION,
    ),
    "synth": Row(
        fails("Build/Synth", before=True),
        ("delivery.toml: nonsense: unknown key", "No environment has changed.", "What to do: Push a fix.\n"),
        (*PREPARATION, "make: ***", "retry"),
        log=("delivery.toml: nonsense: unknown key", "make: *** [Makefile:121: assembly] Error 1"),
    ),
    "self-update stopped": Row(
        fails("UpdatePipeline/SelfMutate", before=True),
        (
            "stops: the pipeline's own permissions would grow",
            "No environment has changed.",
            "If this is intended, add this to delivery.toml, with your reason, and push.",
            '\n\n[pipeline.accepted_changes.0a1b2c3d4e5f]\nreason = "…"\n',
        ),
        PREPARATION,
        log=(
            "stops: the pipeline's own permissions would grow",
            "      [pipeline.accepted_changes.0a1b2c3d4e5f]",
            '      reason = "…"',
        ),
    ),
    "self-update failed": Row(
        fails("UpdatePipeline/SelfMutate", before=True), ("No environment has changed.", RETRY), PREPARATION
    ),
    "assets": Row(fails("Assets/FileAsset", before=True), ("No environment has changed.", RETRY), PREPARATION),
    "review stopped": Row(
        fails("ProdReview/ReviewChanges", before=True),
        (
            "stops: yawl-prod-database: Instance would be replaced",
            "prod has not changed: the review comes before the deployment.",
            "If each change is intended, add this to delivery.toml, with your\nreasons, and push.",
            '\n\n[environments.prod.accepted_changes.0a1b2c3d4e5f]\nstack = "database"\nsubject = "Instance"\n',
            "Review:      https://console.aws.amazon.com/s3/object/records?prefix=prod.html\n",
            "Log:         log",
        ),
        (ROLLS, "Later environments"),
        log=STOPPED,
    ),
    "review lacks permissions": Row(
        fails("ProdReview/ReviewChanges", before=True),
        (
            "From a checkout of this commit, run the command below, then retry the\nstage.",
            "\n\nmake bootstrap ARGS=x\n",
        ),
        (ROLLS,),
        log=(
            "stops: prod: not granted",
            "    as an administrator, run this, then retry the stage:",
            "  make bootstrap ARGS=x",
        ),
    ),
    "review asks for both": Row(
        fails("ProdReview/ReviewChanges", before=True),
        (
            "run the command below. Then add the tables to delivery.toml",
            "\n\nmake bootstrap ARGS=x\n\n[environments.prod",
        ),
        (ROLLS,),
        log=(*STOPPED, "stops: prod: not granted", "    run this, then retry the stage:", "  make bootstrap ARGS=x"),
    ),
    "a failed test of the review": Row(
        fails("Build/Synth", before=True),
        ("tests/unit/test_x.py::test_y: assert 1 == 2", "What to do: Push a fix.\n"),
        ("stops", "accepted_changes"),
        log=(
            "=================== FAILURES ===================",
            "____________________ test_y ____________________",
            "E   assert 1 == 2",
            "------------- Captured stdout call -------------",
            *STOPPED,
            "=========== short test summary info ============",
            "FAILED tests/unit/test_x.py::test_y",
            "1 failed, 3 passed in 0.10s",
        ),
    ),
    "review failed": Row(
        fails("ProdReview/ReviewChanges", before=True), ("prod has not changed: the review comes", RETRY), (ROLLS,)
    ),
    "approval needed": Row(
        waits,
        ("Read the review, then approve or reject.", "Approve:     https://", "/pipelines/yawl-delivery/view?region="),
        (ROLLS, "continues"),
    ),
    "hotfix started": Row(as_hotfix(begun), ("Hotfix started\n", SKIPPED), ("Delivery started", ROLLS)),
    "delivery started": Row(begun, ("Delivery started\n",), ("otfix",)),
    "approval needed for a hotfix": Row(as_hotfix(waits), (SKIPPED, "Read the review, then approve or reject.")),
    "approval rejected": Row(
        fails("ProdApproval/Approve", before=True, summary="no", updated_by="arn:aws:iam::1:user/grace"),
        ("Rejected by grace: “no”", "prod has not changed.", "Ask the approver"),
        (ROLLS, "7 days"),
    ),
    "approval expired": Row(
        expired,
        ("Approval for prod expired", "Nobody approved or rejected within 7 days.", "prod has not changed."),
        (ROLLS, "Rejected", "Ask the approver"),
    ),
    "not entered": Row(
        entry,
        (
            "Prod, before its first action",
            "A condition of the stage",
            "prod has not changed.",
            "What to do: Retry the stage when the condition can be met",
        ),
        (ROLLS,),
    ),
    "stack failed": Row(
        fails("Prod/Deploy", before=True),
        (
            "prod may run parts of both releases.",
            BACK.format("Prod"),
            "Wait for the mail about the rollback, then push a fix.",
            "Later environments have not changed.",
        ),
        (UNCHANGED.replace("has", "prod has"), "cannot"),
    ),
    "stack failed, last stage": Row(
        fails("ProdWave2/Deploy", before=True),
        (
            "prod in eu-central-1, us-west-2 may run parts of both releases.",
            "The earlier deployments to prod keep the new release.",
            BACK.format("ProdWave2"),
        ),
        ("Later environments",),
    ),
    "tests failed": Row(
        fails("Prod/IntegrationTests", before=True),
        ("prod runs the new release, which failed its integration tests.", BACK.format("Prod")),
        ("parts of",),
    ),
    "bake failed": Row(
        fails("Prod/Bake", before=True),
        ("prod runs the new release, which passed its integration tests and failed the bake.", BACK.format("Prod")),
        ("parts of",),
    ),
    "two bad releases": Row(two_bad_releases, (BACK.format("Prod"),), ("222222222222",)),
    "two regions failed": Row(
        two_regions,
        ("failed in ProdWave2/Prod-b.IntegrationTests", "the first", "may run parts of both releases."),
        ("the second",),
    ),
    "first deployment failed": Row(
        creation,
        (
            "Queue: quota exceeded",
            "dev may run only parts of the release.",
            NO_WAY_BACK.format("Dev"),
            "Run the command below, which removes what the failed creation left.",
            "\n\nmake recover ENV=dev\n",
        ),
        ("rolls", "both releases"),
    ),
    "an older failure of the stack": Row(
        refused_stack,
        (
            "UPDATE_ROLLBACK_FAILED state and can not be updated.",
            NO_WAY_BACK.format("Dev"),
            "\n\nmake rollback ENV=dev\n",
        ),
        ("last year's", "recover"),
    ),
    "tests failed, nothing to return to": Row(
        fails("Dev/IntegrationTests", before=False),
        (NO_WAY_BACK.format("Dev"), "dev stays as it is.", RETRY),
        ("rolls",),
    ),
    "an earlier failure of the stage": Row(
        retried_elsewhere, ("Dev/IntegrationTests", "the second attempt's"), ("first",)
    ),
    "rolled back": Row(
        rollback,
        (
            "Prod rolled back",
            "Failed commit: 222222222222 “Drop the index”",
            "prod runs this commit again.",
            "/executions/one/timeline",
            "/executions/rollback/timeline",
        ),
        ("continues", "were not rolled back"),
    ),
    "wave rolled back": Row(
        lambda it: rollback(it, "ProdWave2"),
        ("The earlier deployments to prod were not rolled back.",),
        ("continues",),
    ),
    "rolled back by hand": Row(
        rollback_by_hand,
        ("Rolled back by hand from 222222222222 “Drop the index”.", "prod runs this commit again."),
        ("Failed",),
    ),
    "rollback failed": Row(
        lambda it: rollback(it, state="FAILED"),
        (
            "Rollback failed in Prod/Deploy",
            "prod may run parts of both releases.",
            "Check prod's alarms now.",
            "\n\nmake recover ENV=prod\n",
        ),
        ("rolls Prod back", "retry"),
    ),
    "stopped in a build": Row(
        stopped("Build", "Synth", abandoned=True),
        ("Delivery stopped in Build", "wrong commit", "No environment has changed."),
        (ROLLS,),
    ),
    "stopped before approval": Row(
        stopped("ProdApproval", "Approve", abandoned=True), ("in ProdApproval", "prod has not changed."), (ROLLS,)
    ),
    "abandoned in a deployment": Row(
        stopped("Prod", "Deploy", abandoned=True, reason=""),
        ("Stopped by hand: no reason given", "prod may run parts of both releases until the next one is deployed."),
        (ROLLS, UNCHANGED),
    ),
    "stopped after an action": Row(
        stopped("Prod", "Deploy", abandoned=False), ("prod may run parts",), (ROLLS, UNCHANGED)
    ),
    "dev done": Row(succeeded("Dev"), ("Deployed to dev", "The delivery continues with prod."), (ROLLS, "complete")),
    "first wave done": Row(
        succeeded("Prod"), ("Deployed to prod", "continues with prod in eu-central-1, us-west-2."), ("complete",)
    ),
    "prod done": Row(
        succeeded("ProdWave2"),
        ("Deployed to prod in eu-central-1", "Nothing. The delivery is complete."),
        ("continues",),
    ),
}


def last_mail(row: Row) -> str:
    it = Recording(log=row.log)
    row.happens(it)
    for event in it.events:
        publish_notice(event, it, WAVES)
    return json.loads(it.published[-1]["Message"])["email"]


@pytest.mark.parametrize("name", ROWS)
def test_mail_says_what_is_true_and_nothing_else(name: str) -> None:
    row, mail = ROWS[name], last_mail(ROWS[name])
    received = " ".join(mail.split())
    assert [text for text in row.says if text not in mail and " ".join(text.split()) not in received] == []
    assert [text for text in row.never if text in received] == []


@pytest.mark.parametrize("name", ROWS)
def test_mail_says_what_happened_then_where_then_what_to_do(name: str) -> None:
    mail = last_mail(ROWS[name])
    places = [mail.index(text) for text in ("Environment: ", "Commit: ", "What to do: ", "Pipeline:  ")]
    assert places == sorted(places)
    assert not mail.startswith("Environment")
    assert f"https://{REGION}.console.aws.amazon.com/" in mail[places[-1] :]


def test_pipeline_that_changes_itself_or_is_superseded_starts_one_delivery() -> None:
    it = Recording()
    begun(it, "one")
    passed(it, "one", "UpdatePipeline", SelfMutate={})
    begun(it, "two")
    it.pipeline("one", "CANCELED")
    begun(it, "three", CommitId="3" * 40)
    it.pipeline("two", "SUPERSEDED")
    begun(it, "four", CommitId="3" * 40)
    it.pipeline("three", "CANCELED")
    it.pipeline("four", "FAILED")
    begun(it, "five", CommitId="3" * 40)
    for event in it.events:
        publish_notice(event, it, WAVES)
    started = [message["Subject"].split()[2] for message in it.published]
    assert started == ["1a2b3c4d5e6f", "333333333333", "333333333333"]

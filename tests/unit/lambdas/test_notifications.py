"""The notices of recorded sequences of events: one of the right kind for each event."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.delivery_events.notify import publish_notice
from tests.unit.recorded_delivery import (
    VARIABLES,
    Recording,
    approved,
    begun,
    deployed,
    failed,
    reviewed,
    rolled_back,
    waiting,
)


def to_prod(it: Recording) -> None:
    begun(it)
    reviewed(it, "Dev")
    deployed(it, "Dev")
    reviewed(it, "Prod")


def a_delivery(it: Recording) -> None:
    to_prod(it)
    approved(it)
    deployed(it, "Prod")
    it.pipeline("one", "SUCCEEDED")


def one_that_waits(it: Recording) -> None:
    to_prod(it)
    waiting(it)


def one_that_is_refused(it: Recording) -> None:
    to_prod(it)
    failed(
        it, "ProdApproval/Approve", summary="not on a Friday", updated_by="arn:aws:sts::1:assumed-role/Approver/grace"
    )


def one_whose_build_fails(it: Recording) -> None:
    it.begin("one")
    it.log = ("collecting", "tests/unit/test_x.py::test_y FAILED [ 3%]", "make: *** [Makefile:78: check] Error 1")
    failed(it, "Build/Synth", summary="Build terminated with state: FAILED")


def one_whose_review_finds_a_loss(it: Recording) -> None:
    begun(it)
    it.log = ("prod: 1 stateful resource lost", "stops: yawl-prod-database: Instance would be replaced")
    failed(it, "ProdReview/ReviewChanges")


def one_whose_stack_fails(it: Recording) -> None:
    begun(it)
    it.stack_events = tuple(
        {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": why}
        for name, status, why in [
            ("Other", "CREATE_FAILED", "Resource creation cancelled"),
            ("Queue", "CREATE_FAILED", "quota exceeded"),
            ("yawl-prod-cache", "CREATE_IN_PROGRESS", "User Initiated"),
            ("Older", "CREATE_FAILED", "an earlier operation's"),
        ]
    )
    role = "arn:aws:iam::444444444444:role/cdk"
    failed(it, "Prod/Deploy", configuration={"StackName": "yawl-prod-cache", "RoleArn": role})


def one_that_cloudformation_may_not_deploy(it: Recording) -> None:
    one_whose_stack_fails(it)
    role = "arn:aws:sts::444444444444:assumed-role/cdk-hnb659fds-cfn-exec-role-444444444444-us-east-1/AWSCloudFormation"
    denied = f"User: {role} is not authorized to perform: sqs:CreateQueue on resource: " + "x" * 200
    it.stack_events[1]["ResourceStatusReason"] = denied


def one_that_is_rolled_back(it: Recording) -> None:
    a_delivery(it)
    begun(it, "two", CommitId="2" * 40)
    failed(it, "Prod/Deploy", "two", summary="stack failed")
    rolled_back(it, "Prod", target="one", failed_execution="two")
    it.action("rollback", "Prod/Deploy", "SUCCEEDED")
    it.stage("rollback", "Prod", "SUCCEEDED")
    it.pipeline("rollback", "SUCCEEDED")


def one_whose_rollback_fails(it: Recording) -> None:
    a_delivery(it)
    begun(it, "two", CommitId="2" * 40)
    failed(it, "Prod/Deploy", "two", summary="stack failed")
    rolled_back(it, "Prod", target="one", failed_execution="two")
    it.action("rollback", "Prod/Deploy", "FAILED", summary="nor the one before")
    it.stage("rollback", "Prod", "FAILED")
    it.pipeline("rollback", "FAILED")


def one_that_is_retried(it: Recording) -> None:
    begun(it)
    failed(it, "Dev/IntegrationTests", summary="no answer")
    it.stage("one", "Dev", "RESUMED", attempt=2)
    it.action("one", "Dev/IntegrationTests", "STARTED", attempt=2)
    it.action("one", "Dev/IntegrationTests", "FAILED", summary="still none", attempt=2)
    it.stage("one", "Dev", "FAILED", attempt=2)


def one_that_is_superseded(it: Recording) -> None:
    begun(it)
    it.pipeline("one", "SUPERSEDED")


def one_that_is_stopped(it: Recording) -> None:
    begun(it)
    it.stage("one", "Dev", "STARTED")
    it.action("one", "Dev/Deploy", "STARTED")
    it.action("one", "Dev/Deploy", "ABANDONED")
    it.stage("one", "Dev", "STOPPED")
    it.pipeline("one", "STOPPED")


def one_whose_pipeline_changes(it: Recording) -> None:
    begun(it)
    it.pipeline("one", "CANCELED")
    begun(it, "two")


def one_that_is_released_again(it: Recording) -> None:
    begun(it)
    failed(it, "Assets/Deploy", summary="no space left")
    begun(it, "two")


def one_that_may_not_enter(it: Recording) -> None:
    begun(it)
    it.stage("one", "Prod", "STARTED")
    it.stage("one", "Prod", "FAILED")


Happening = Callable[[Recording], None]
STARTED = "Delivery started: 1a2b3c4d5e6f Keep cases for a week longer"
REACHED = [STARTED, "Deployed to dev: 1a2b3c4d5e6f Keep cases for a week longer"]
ASKED = [*REACHED, "Approval needed for prod: 1a2b3c4d5e6f Keep cases for a week longer"]
DONE = [*ASKED, "Deployed to prod: 1a2b3c4d5e6f Keep cases for a week longer"]
SECOND = ["Delivery started: 222222222222 Keep cases for a week longer"]
SECOND_FAILED = [*SECOND, "Delivery failed in Prod/Deploy: 222222222222 Keep cases for a week longer"]
SEQUENCES: dict[Happening, list[str]] = {
    a_delivery: DONE,
    one_that_waits: ASKED,
    one_that_is_refused: [*ASKED, "Prod deployment rejected: 1a2b3c4d5e6f Keep cases for a week longer"],
    one_whose_build_fails: ["Delivery failed in Build/Synth"],
    one_whose_review_finds_a_loss: [
        STARTED,
        "Delivery failed in ProdReview/ReviewChanges: 1a2b3c4d5e6f Keep cases for a week longer",
    ],
    one_whose_stack_fails: [STARTED, "Delivery failed in Prod/Deploy: 1a2b3c4d5e6f Keep cases for a week longer"],
    one_that_is_rolled_back: [
        *DONE,
        *SECOND_FAILED,
        "Prod rolled back: 1a2b3c4d5e6f Keep cases for a week longer",
    ],
    one_whose_rollback_fails: [
        *DONE,
        *SECOND_FAILED,
        "Rollback failed in Prod/Deploy: 1a2b3c4d5e6f Keep cases for a week longer",
    ],
    one_that_is_retried: [
        STARTED,
        *2 * ["Delivery failed in Dev/IntegrationTests: 1a2b3c4d5e6f Keep cases for a week longer"],
    ],
    one_that_is_superseded: [STARTED],
    one_that_is_stopped: [STARTED, "Delivery stopped in Dev: 1a2b3c4d5e6f Keep cases for a week longer"],
    one_whose_pipeline_changes: [STARTED],
    one_that_is_released_again: [
        STARTED,
        "Delivery failed in Assets/Deploy: 1a2b3c4d5e6f Keep cases for a week longer",
        STARTED,
    ],
    one_that_may_not_enter: [
        STARTED,
        "Delivery failed in Prod, before its first action: 1a2b3c4d5e6f Keep cases for a week longer",
    ],
}


def recorded(happening: Happening) -> Recording:
    recording = Recording()
    happening(recording)
    return recording


def hear(recording: Recording, *events: dict[str, Any]) -> list[str]:
    """Process the events and return the subjects of the published notices."""
    for event in events:
        publish_notice(event, recording, VARIABLES)
    return [message["Subject"] for message in recording.published]


@pytest.mark.parametrize("happening", SEQUENCES, ids=lambda happening: happening.__name__)
def test_each_event_sends_one_mail(happening: Happening) -> None:
    recording = recorded(happening)
    assert hear(recording, *recording.events) == SEQUENCES[happening]


@settings(max_examples=60, deadline=None)
@given(happening=st.sampled_from(list(SEQUENCES)), chance=st.randoms(use_true_random=False))
def test_duplicate_and_reordered_events_send_nothing_more(happening: Happening, chance: Any) -> None:
    recording = recorded(happening)
    events = [event for event in recording.events for _ in range(chance.randint(1, 3))]
    chance.shuffle(events)
    assert sorted(hear(recording, *events)) == sorted(SEQUENCES[happening])


def mail_about(happening: Happening, number: int = -1) -> str:
    """The mail about the last event."""
    recording = recorded(happening)
    hear(recording, *recording.events)
    return json.loads(recording.published[number]["Message"])["email"]


SAID: dict[Happening, tuple[str, ...]] = {
    one_that_waits: (
        "Environment: prod",
        "Commit:      1a2b3c4d5e6f Keep cases for a week longer",
        "Author:      Ada Lovelace",
        "Runs now: 0f0f0f0f0f0f “Keep cases for a week” (2 commits to add)",
        "Highest risk: replaced or removed: Group in yawl-prod-database",
        "\nCommits, newest first (+ added, - taken back):\n  + 1a2b3c4d5e6f Keep cases for a week longer (Ada)\n",
        "\n  + 9c8d7e6f5a4b Tidy “up” (Grace)\n",
        "Changes: prod: resources 3 changed, in 2 of 7 stacks",
        "Tests: dev: 24 passed in 12.3 s, p99 31 ms",
        "Review: https://review/prod",
        "What to do: Read the review, then approve or reject.",
        "https://us-east-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/yawl-delivery/executions/one/",
    ),
    a_delivery: ("Tests: prod: 24 passed in 12.3 s, p99 31 ms", "What to do: Nothing."),
    one_that_is_refused: ("Rejected by grace: “not on a Friday”", "Ask the approver"),
    one_whose_build_fails: ("test_x.py::test_y FAILED", "Log:         log", "No environment has changed."),
    one_whose_review_finds_a_loss: ("stops: yawl-prod-database: Instance would be replaced",),
    one_whose_stack_fails: ("Queue: quota exceeded", "Environment: prod", "stacks?filteringText=yawl-prod-cache"),
    one_that_cloudformation_may_not_deploy: (
        "is not authorized to perform: sqs:CreateQueue",
        "Allow sqs:CreateQueue: make bootstrap ARGS='--least-privilege --account 444444444444'",
    ),
    one_that_is_rolled_back: (
        "prod runs this commit again.",
        "Failed commit: 222222222222 “Keep cases",
        "/executions/two/timeline",
    ),
    one_whose_rollback_fails: ("Check prod's alarms now",),
}


@pytest.mark.parametrize(
    ("happening", "text"),
    [(happening, text) for happening, texts in SAID.items() for text in texts],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_mail_content(happening: Happening, text: str) -> None:
    assert text in mail_about(happening)


def test_mail_recipients() -> None:
    recording = recorded(a_delivery)
    hear(recording, *recording.events)
    topics = [message["TopicArn"].rpartition(":")[2] for message in recording.published]
    assert topics == ["deliveries", "deliveries", "approvals", "deliveries"]


@pytest.mark.parametrize("happening", SEQUENCES, ids=lambda happening: happening.__name__)
def test_mail_and_chat_formats_are_valid(happening: Happening) -> None:
    recording = recorded(happening)
    hear(recording, *recording.events)
    for message in recording.published:
        assert message["Subject"].isascii()
        assert len(message["Subject"]) < 100
        chat = json.loads(json.loads(message["Message"])["https"])
        assert (chat["version"], chat["source"]) == ("1.0", "custom")
        assert chat["content"]["nextSteps"]
        assert len(chat["content"]["title"]) <= 250


def test_sns_failure_is_retried() -> None:
    recording = recorded(one_that_waits)
    recording.refuses = ["Throttled"]
    with pytest.raises(ClientError):
        hear(recording, recording.events[-1])
    assert hear(recording, recording.events[-1], recording.events[-1]) == [ASKED[-1]]


@pytest.mark.parametrize("happening", [one_whose_build_fails, one_whose_stack_fails])
def test_unreadable_reason_does_not_stop_the_mail(happening: Happening) -> None:
    recording = recorded(happening)
    recording.unreadable, recording.stack_events = True, ()
    assert hear(recording, *recording.events) == SEQUENCES[happening]


@pytest.mark.parametrize(
    ("summary", "output"),
    [
        (
            "Stack creation failed",
            "Stack creation failed. Details unavailable: arn:aws:iam::444444444444:role/yawl-prod-",
        ),
        ("", "CodePipeline reported no reason. Details unavailable: arn:aws:iam::444444444444:role/yawl-prod-"),
    ],
)
def test_failed_first_deployment_without_a_role_has_no_reason(summary: str, output: str) -> None:
    it = Recording(without_role=True)
    begun(it)
    role = "arn:aws:iam::444444444444:role/cdk"
    failed(it, "Prod/Deploy", summary=summary, configuration={"StackName": "yawl-prod-cache", "RoleArn": role})
    hear(it, *it.events)
    mail = json.loads(it.published[-1]["Message"])["email"]
    assert output in mail
    assert "stacks?filteringText=yawl-prod-cache" in mail


def test_long_unicode_title_fits() -> None:
    recording = Recording()
    begun(recording, CommitMessage="Grüße " * 40)
    [subject] = hear(recording, *recording.events)
    assert subject.startswith("Delivery started: 1a2b3c4d5e6f Gru?e")
    assert len(subject) < 100

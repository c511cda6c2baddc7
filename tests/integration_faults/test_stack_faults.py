"""Faults of stacks, and the tests that detect them; throttling by AWS."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from tests.integration_faults.account_cases import Case, Check, fault, no_change, tolerated
from tests.integration_faults.altered_answers import altered, throttled
from tests.integration_faults.environment_under_test import EnvironmentUnderTest
from tests.integration_faults.matrix import Recorder

STACKS = "test_stacks_are_complete"
SETTLING_SECONDS = 30.0


@contextmanager
def failed_stack(dev: EnvironmentUnderTest) -> Generator[None, None, None]:
    """Create a stack that fails and rolls back."""
    owner, name = dev.owner("cloudformation"), "yawl-dev-broken"
    resources = {"Broken": {"Type": "AWS::Rehearsal::Failure"}}
    owner.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    until(lambda: owner.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")
    try:
        yield
    finally:
        owner.delete_stack(StackName=name)


@contextmanager
def drifted_stack(dev: EnvironmentUnderTest) -> Generator[None, None, None]:
    """Create a stack with a queue, change the queue by hand, and detect the drift."""
    owner, name = dev.owner("cloudformation"), "yawl-dev-queue"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30}}
    owner.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Queue": queue}}))
    until(lambda: owner.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    [found] = owner.describe_stack_resources(StackName=name)["StackResources"]
    dev.owner("sqs").set_queue_attributes(QueueUrl=found["PhysicalResourceId"], Attributes={"VisibilityTimeout": "99"})
    detection = owner.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    until(
        lambda: (
            owner.describe_stack_drift_detection_status(StackDriftDetectionId=detection)["DetectionStatus"]
            == "DETECTION_COMPLETE"
        )
    )
    try:
        yield
    finally:
        owner.delete_stack(StackName=name)


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + SETTLING_SECONDS
    while not reached():
        assert time.monotonic() < end, "the emulator does not settle"
        time.sleep(0.02)


def rolled_back(dev: EnvironmentUnderTest) -> AbstractContextManager[None]:
    return altered(
        dev.account.cloudformation,
        "DescribeStacks",
        lambda answer: answer["Stacks"][0].update(StackStatus="UPDATE_ROLLBACK_COMPLETE"),
    )


def all_throttled(dev: EnvironmentUnderTest) -> AbstractContextManager[object]:
    """Throttle the first two requests of every client."""
    stack = ExitStack()
    for client in vars(dev.account).values():
        stack.enter_context(throttled(client, times=2))
    return stack


THROTTLED: list[tuple[str, str, Check]] = [
    ("stacks", STACKS, lambda dev: dev.stacks(10)),
    ("targets", "test_targets_are_healthy", lambda dev: dev.targets(10)),
    ("the service", "test_service_is_stable", lambda dev: dev.service(10)),
    ("tasks", "test_tasks_run_the_release", lambda dev: dev.tasks(10)),
    ("alarms", "test_no_alarm_is_active", lambda dev: dev.alarms(10)),
    ("the database", "test_database_matches_settings", lambda dev: dev.database(10)),
    ("the password", "test_password_is_rotated", lambda dev: dev.rotation(10)),
    ("the cache", "test_cache_matches_settings", lambda dev: dev.cache(10)),
]


@pytest.mark.parametrize(
    "case",
    [
        fault(
            "a stack is in a failed state",
            caught_by=STACKS,
            cause=failed_stack,
            check=lambda dev: dev.stacks(more=("yawl-dev-broken",)),
            healthy=EnvironmentUnderTest.stacks,
            message="yawl-dev-broken is ROLLBACK_COMPLETE",
        ),
        fault(
            "a stack is not there",
            caught_by=STACKS,
            cause=no_change,
            check=lambda dev: dev.stacks(more=("yawl-dev-nothing",)),
            healthy=EnvironmentUnderTest.stacks,
            message="ValidationError from DescribeStacks",
        ),
    ],
)
def test_stack_fault(case: Case, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    case.turns_red(dev, recorder)


@pytest.mark.parametrize(
    "case",
    [
        tolerated(
            "an update was rolled back, and what it went back to is released again",
            by=STACKS,
            cause=rolled_back,
            check=EnvironmentUnderTest.stacks,
        ),
        tolerated(
            "a stack has drifted",
            by=STACKS,
            cause=drifted_stack,
            check=lambda dev: dev.stacks(more=("yawl-dev-queue",)),
        ),
        *(
            tolerated(f"AWS throttles what is asked about {what}", by=test, cause=all_throttled, check=check)
            for what, test, check in THROTTLED
        ),
    ],
)
def test_healthy_stack_variant(case: Case, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    case.stays_green(dev, recorder)


def test_drift_is_reported_without_failing(dev: EnvironmentUnderTest) -> None:
    number = len(dev.variables.stack_names)
    assert dev.drift().summary == f"drift: {number} never checked"
    with drifted_stack(dev):
        drift = dev.drift(more=("yawl-dev-queue",))
    assert drift.summary == f"drift: {number} never checked, 1 drifted"
    [remark] = drift.remarks
    assert "yawl-dev-queue has drifted" in remark
    assert "Queue (/VisibilityTimeout)" in remark


def test_unreadable_drift_does_not_fail(dev: EnvironmentUnderTest) -> None:
    with throttled(dev.account.cloudformation, times=3):
        drift = dev.drift()
    assert "1 unknown (ThrottlingException)" in drift.summary
    assert len(drift.remarks) == 1

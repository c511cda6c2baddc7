"""Faults of the service, its targets, tasks and alarms in the account, and the tests that detect them."""

import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

import pytest

from tests.integration_faults.account_cases import Case, Cause, fault, tolerated
from tests.integration_faults.altered_answers import altered
from tests.integration_faults.environment_under_test import EnvironmentUnderTest
from tests.integration_faults.matrix import Recorder

TARGETS = "test_targets_are_healthy"
SERVICE = "test_service_is_stable"
TASKS = "test_tasks_run_the_release"
ALARMS = "test_no_alarm_is_active"

RELEASED, OTHER = f"sha256:{'0a' * 32}", f"sha256:{'0b' * 32}"
DIGEST_IMAGE = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl@{RELEASED}"
TAG_IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0"
RELEASE_BEFORE = "arn:aws:ecs:us-east-1:222222222222:task-definition/yawl-dev:6"
Response: TypeAlias = dict[str, Any]


def a_target(number: int, state: str, zone: str = "us-east-1a", **more: str) -> Response:
    return {
        "Target": {"Id": f"10.0.3.{number}", "Port": 8080, "AvailabilityZone": zone},
        "TargetHealth": {"State": state, **more},
    }


def with_targets(*targets: Response, times: int = 1_000_000) -> Cause:
    def change(answer: Response) -> None:
        answer["TargetHealthDescriptions"] = list(targets)

    return lambda dev: altered(dev.account.elbv2, "DescribeTargetHealth", change, times=times)


def with_service(change: Callable[[Response], None]) -> Cause:
    return lambda dev: altered(dev.account.ecs, "DescribeServices", lambda answer: change(answer["services"][0]))


def with_deployment(**changed: object) -> Cause:
    return with_service(lambda service: service["deployments"][0].update(changed))


def second_task(image: str, *, digest: str = RELEASED, definition: str | None = None) -> Cause:
    """Release `image`; one of two tasks runs the release, the other runs `digest` or another task `definition`."""

    @contextmanager
    def running(dev: EnvironmentUnderTest) -> Generator[None, None, None]:
        def release(answer: Response) -> None:
            answer["taskDefinition"]["containerDefinitions"][0]["image"] = image

        def add(answer: Response) -> None:
            [task] = answer["tasks"]
            task["containers"][0]["imageDigest"] = RELEASED
            other = json.loads(json.dumps(task, default=str))
            other["containers"][0]["imageDigest"] = digest
            other["taskDefinitionArn"] = definition or task["taskDefinitionArn"]
            answer["tasks"].append(other)

        ecs = dev.account.ecs
        with altered(ecs, "DescribeTaskDefinition", release), altered(ecs, "DescribeTasks", add):
            yield

    return running


def with_containers(change: Callable[[list[Response]], object]) -> Cause:
    def change_all(answer: Response) -> None:
        for task in answer["tasks"]:
            change(task["containers"])

    return lambda dev: altered(dev.account.ecs, "DescribeTasks", change_all)


@contextmanager
def firing_alarm(dev: EnvironmentUnderTest) -> Generator[None, None, None]:
    def say(state: str) -> None:
        dev.owner("cloudwatch").set_alarm_state(
            AlarmName="yawl-dev-error-rate", StateValue=state, StateReason="Cause by a test"
        )

    say("ALARM")
    try:
        yield
    finally:
        say("OK")


def without_alarms(dev: EnvironmentUnderTest) -> AbstractContextManager[None]:
    return altered(
        dev.account.cloudwatch, "DescribeAlarms", lambda answer: answer.update(MetricAlarms=[], CompositeAlarms=[])
    )


@pytest.mark.parametrize(
    "case",
    [
        fault(
            "a target is unhealthy",
            caught_by=TARGETS,
            cause=with_targets(
                a_target(5, "healthy"), a_target(6, "unhealthy", "us-east-1b", Reason="Target.ResponseCodeMismatch")
            ),
            check=EnvironmentUnderTest.targets,
            message="1 of 2 targets healthy",
        ),
        fault(
            "no target is registered",
            caught_by=TARGETS,
            cause=with_targets(),
            check=EnvironmentUnderTest.targets,
            message="no target is registered",
        ),
        fault(
            "all targets are in one zone",
            caught_by=TARGETS,
            cause=with_targets(a_target(5, "healthy"), a_target(6, "healthy")),
            check=EnvironmentUnderTest.targets,
            message="all 2 targets are in one zone, us-east-1a",
        ),
        fault(
            "a target never ends draining",
            caught_by=TARGETS,
            cause=with_targets(a_target(5, "healthy"), a_target(6, "draining")),
            check=EnvironmentUnderTest.targets,
            message="1 draining",
        ),
        fault(
            "the deployment is stuck",
            caught_by=SERVICE,
            cause=with_deployment(rolloutState="IN_PROGRESS", failedTasks=3),
            check=EnvironmentUnderTest.service,
            message="the rollout is IN_PROGRESS",
        ),
        fault(
            "the deployment failed and was rolled back",
            caught_by=SERVICE,
            cause=with_deployment(taskDefinition=RELEASE_BEFORE),
            check=EnvironmentUnderTest.service,
            message="the primary deployment runs yawl-dev:6",
        ),
        fault(
            "fewer tasks run than are wanted",
            caught_by=SERVICE,
            cause=with_service(lambda service: service.update(desiredCount=2)),
            check=EnvironmentUnderTest.service,
            message="1 of 2 tasks running",
        ),
        fault(
            "a task runs another digest than the released one",
            caught_by=TASKS,
            cause=second_task(DIGEST_IMAGE, digest=OTHER),
            check=EnvironmentUnderTest.tasks,
            message="1 of 2 tasks run another image of yawl than sha256:0a0a0a0a0a0a",
        ),
        fault(
            "tasks run two images under one tag",
            caught_by=TASKS,
            cause=second_task(TAG_IMAGE, digest=OTHER),
            check=EnvironmentUnderTest.tasks,
            message="tasks run 2 different images of yawl",
        ),
        fault(
            "a task of the release before still runs",
            caught_by=TASKS,
            cause=second_task(DIGEST_IMAGE, definition=RELEASE_BEFORE),
            check=EnvironmentUnderTest.tasks,
            message="1 of 2 tasks use another task definition: yawl-dev:6",
        ),
        fault(
            "tasks do not tell what they run",
            caught_by=TASKS,
            cause=with_containers(lambda containers: containers[0].pop("imageDigest")),
            check=EnvironmentUnderTest.tasks,
            message="1 of 1 tasks do not report the image digest of yawl",
        ),
        fault(
            "an alarm fires",
            caught_by=ALARMS,
            cause=firing_alarm,
            check=EnvironmentUnderTest.alarms,
            message="yawl-dev-error-rate  since",
        ),
        fault(
            "there is no alarm that could fire",
            caught_by=ALARMS,
            cause=without_alarms,
            check=EnvironmentUnderTest.alarms,
            message="no alarm has this prefix",
        ),
    ],
)
def test_service_fault(case: Case, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    case.turns_red(dev, recorder)


@pytest.mark.parametrize(
    "case",
    [
        tolerated(
            "a target of the release before drains, then is gone",
            by=TARGETS,
            cause=with_targets(a_target(5, "healthy"), a_target(6, "draining"), times=2),
            check=lambda dev: dev.targets(5),
        ),
        tolerated(
            "a new target is not healthy yet",
            by=TARGETS,
            cause=with_targets(a_target(5, "initial", Reason="Elb.InitialHealthChecking"), times=2),
            check=lambda dev: dev.targets(5),
        ),
        tolerated(
            "ECS adds a container of its own to a task",
            by=TASKS,
            cause=with_containers(lambda containers: containers.append({"name": "aws-guardduty-agent"})),
            check=EnvironmentUnderTest.tasks,
        ),
    ],
)
def test_healthy_service_variant(case: Case, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    case.stays_green(dev, recorder)


def test_image_comparison_method_is_reported(dev: EnvironmentUnderTest) -> None:
    assert dev.tasks().endswith("; the release names only the tag 6.1.0")
    with second_task(DIGEST_IMAGE)(dev):
        assert dev.tasks() == "yawl: 2 with the released digest sha256:0a0a0a0a0a0a"

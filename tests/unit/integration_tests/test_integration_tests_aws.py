"""The AWS checks that run after a deployment: responses of AWS, and the result that each must have."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from integration_tests.account import sign_in
from integration_tests.account_variables import AccountVariables
from integration_tests.failure import CheckFailed
from integration_tests.service_checks import no_alarm_is_active, service_is_stable, targets_are_healthy
from integration_tests.waiting import Deadline
from tests.fake_clock import FakeClock
from tests.faulty_http_server import PROXY_VARIABLES, Behaviour, respond, serve, unused_port

REGION = "eu-central-1"
ACCOUNT = "111111111111"
TARGET_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/yawl/0123456789abcdef"
RELEASED = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/yawl-dev:7"
OLD = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/yawl-dev:6"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/yawl-dev-integration-tests"
MOMENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def short_deadline(seconds: float = 0.02) -> Deadline:
    return Deadline(seconds=seconds, first_pause=0.01, longest_pause=0.01, clock=FakeClock())


@pytest.fixture(scope="module", autouse=True)
def no_surroundings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in (*PROXY_VARIABLES, *(name for name in os.environ if name.startswith("AWS_"))):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="none", region_name=REGION)
    return {name: session.client(name) for name in ("elbv2", "ecs", "cloudwatch")}


class Aws:
    """Clients with given responses; the last one repeats."""

    def __init__(self, clients: Mapping[str, Any]) -> None:
        self._clients = clients
        self._stubs: list[Stubber] = []

    def client(self, service: str, operation: str, *answers: Mapping[str, Any] | str, asked: Mapping[str, Any]) -> Any:
        """Stub a client; a string is the code of an error."""
        stub = Stubber(self._clients[service])
        # More calls than fit into a test's deadline.
        for output in [*answers, *[answers[-1]] * 8]:
            if isinstance(output, str):
                stub.add_client_error(operation, output, f"told why {output}", 400, expected_params=dict(asked))
            else:
                stub.add_response(operation, dict(output), dict(asked))
        stub.activate()
        self._stubs.append(stub)
        return self._clients[service]

    def close(self) -> None:
        for stub in self._stubs:
            stub.deactivate()


@pytest.fixture
def aws(clients: dict[str, Any]) -> Iterator[Aws]:
    fake = Aws(clients)
    yield fake
    fake.close()


def targets(*states: str, zones: str = "abab") -> dict[str, Any]:
    return {
        "TargetHealthDescriptions": [
            {
                "Target": {"Id": f"10.0.3.{number}", "Port": 8080, "AvailabilityZone": zone},
                "TargetHealth": {"State": state, "Reason": "Target.Timeout", "Description": "Request timed out"}
                if state == "unhealthy"
                else {"State": state},
            }
            for number, state, zone in zip(range(5, 9), states, (f"eu-central-1{zone}" for zone in zones), strict=False)
        ]
    }


def check_targets(aws: Aws, *answers: Mapping[str, Any] | str, seconds: float = 0.02) -> None:
    client = aws.client("elbv2", "describe_target_health", *answers, asked={"TargetGroupArn": TARGET_GROUP})
    targets_are_healthy(client, target_group_arn=TARGET_GROUP, region=REGION, deadline=short_deadline(seconds))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([targets("healthy")], id="one"),
        pytest.param([targets("healthy", "healthy")], id="two"),
        pytest.param([targets("healthy", "draining"), targets("healthy")], id="old-one-draining"),
        pytest.param([targets("healthy", "unhealthy.draining"), targets("healthy")], id="old-one-draining-unhealthy"),
        pytest.param([targets("healthy", "healthy", "healthy")], id="three-in-two-zones"),
        pytest.param([targets(), targets("initial"), targets("healthy")], id="slow-start"),
        pytest.param(["ThrottlingException", "AccessDenied", targets("healthy")], id="errors-that-pass"),
    ],
)
def test_healthy_targets(aws: Aws, answers: list[Mapping[str, Any] | str]) -> None:
    check_targets(aws, *answers, seconds=2.0)


@pytest.mark.parametrize(
    ("output", "named"),
    [
        pytest.param(targets(), "no target is registered", id="none"),
        pytest.param(targets("draining"), "no target is registered, 1 draining", id="only-a-draining-one"),
        pytest.param(targets("healthy", "draining"), "1 draining", id="never-ends-draining"),
        pytest.param(
            targets("healthy", "healthy", zones="bb"),
            "all 2 targets are in one zone, eu-central-1b",
            id="all-in-one-zone",
        ),
        pytest.param(targets("unhealthy"), "0 of 1 targets healthy", id="unhealthy"),
        pytest.param(targets("healthy", "unhealthy"), "1 of 2 targets healthy", id="one-of-two"),
        pytest.param(targets("unhealthy"), "10.0.3.5:8080  eu-central-1a  unhealthy  Target.Timeout", id="where-why"),
        pytest.param(targets("healthy", "initial"), "1 of 2 targets healthy", id="never-leaves-initial"),
        pytest.param(targets("healthy", "unused"), "1 of 2 targets healthy", id="in-no-enabled-zone"),
        pytest.param("AccessDenied", "x AccessDenied from DescribeTargetHealth", id="not-allowed"),
        pytest.param("TargetGroupNotFound", "told why TargetGroupNotFound", id="no-such-group"),
    ],
)
def test_unhealthy_targets(aws: Aws, output: Mapping[str, Any] | str, named: str) -> None:
    with pytest.raises(CheckFailed) as failure:
        check_targets(aws, output)
    assert named in str(failure.value)
    assert f"describe-target-health --region {REGION} --target-group-arn {TARGET_GROUP}" in str(failure.value)


def deployment(status: str = "PRIMARY", definition: str = RELEASED, rollout: str = "COMPLETED") -> dict[str, Any]:
    return {
        "status": status,
        "taskDefinition": definition,
        "rolloutState": rollout,
        "rolloutStateReason": "told why",
        "desiredCount": 2,
        "runningCount": 1,
        "failedTasks": 3,
    }


def service(*deployments: dict[str, Any], running: int = 2, desired: int = 2, status: str = "ACTIVE") -> dict[str, Any]:
    return {
        "services": [
            {
                "status": status,
                "runningCount": running,
                "desiredCount": desired,
                "deployments": list(deployments or [deployment()]),
                "events": [{"createdAt": MOMENT, "message": "(service yawl-dev) has started 1 tasks"}],
            }
        ],
        "failures": [],
    }


def check_service(aws: Aws, *answers: Mapping[str, Any] | str, seconds: float = 0.02) -> None:
    asked = {"cluster": "yawl-dev", "services": ["engine"]}
    service_is_stable(
        aws.client("ecs", "describe_services", *answers, asked=asked),
        cluster="yawl-dev",
        service="engine",
        task_definition_arn=RELEASED,
        region=REGION,
        deadline=short_deadline(seconds),
    )


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([service()], id="steady"),
        pytest.param([service(running=6, desired=6)], id="scaled-out"),
        pytest.param([service(deployment(), deployment("ACTIVE", OLD))], id="old-deployment-still-leaving"),
        pytest.param(
            [service(deployment(rollout="IN_PROGRESS"), running=1), "ThrottlingException", service()], id="slow-rollout"
        ),
    ],
)
def test_stable_service(aws: Aws, answers: list[Mapping[str, Any] | str]) -> None:
    check_service(aws, *answers, seconds=2.0)


@pytest.mark.parametrize(
    ("output", "named"),
    [
        pytest.param(
            {"services": [], "failures": [{"arn": "engine", "reason": "MISSING"}]}, "not found: MISSING", id="missing"
        ),
        pytest.param(service(status="DRAINING"), "the service is DRAINING", id="being-deleted"),
        pytest.param(service(running=1), "1 of 2 tasks running", id="too-few"),
        pytest.param(service(running=3), "3 of 2 tasks running", id="too-many"),
        pytest.param(service(running=0, desired=0), "0 of 0 tasks running", id="scaled-to-nothing"),
        pytest.param(service(deployment(rollout="IN_PROGRESS")), "the rollout is IN_PROGRESS", id="stuck"),
        pytest.param(service(deployment(rollout="FAILED")), "the rollout is FAILED", id="failed"),
        pytest.param(
            service(deployment(definition=OLD)), "the primary deployment runs yawl-dev:6", id="other-task-definition"
        ),
        pytest.param(service(deployment("ACTIVE")), "there is no primary deployment", id="no-primary"),
        pytest.param(
            service(running=1), "PRIMARY  yawl-dev:7  COMPLETED  1 of 2 running  3 tasks failed  told why", id="details"
        ),
        pytest.param(service(running=1), "2026-11-22 12:00:00+0000  (service yawl-dev) has started", id="events"),
        pytest.param("ClusterNotFoundException", "ClusterNotFoundException from DescribeServices", id="no-cluster"),
    ],
)
def test_unstable_service(aws: Aws, output: Mapping[str, Any] | str, named: str) -> None:
    with pytest.raises(CheckFailed) as failure:
        check_service(aws, output)
    assert named in str(failure.value)
    assert f"COMPLETED on {RELEASED}" in str(failure.value)


def test_three_latest_events_of_a_service_are_shown(aws: Aws) -> None:
    output = service(running=1)
    output["services"][0]["events"] = [{"createdAt": MOMENT, "message": f"event {number}"} for number in range(5)]
    with pytest.raises(CheckFailed) as failure:
        check_service(aws, output)
    assert [number for number in range(5) if f"event {number}" in str(failure.value)] == [0, 1, 2]


def alarms(*states: str, composite: str = "") -> dict[str, Any]:
    def alarm(name: str, state: str) -> dict[str, Any]:
        return {
            "AlarmName": f"yawl-dev-{name}",
            "StateValue": state,
            "StateReason": "Threshold Crossed",
            "StateUpdatedTimestamp": MOMENT,
        }

    return {
        "MetricAlarms": [alarm(str(number), state) for number, state in enumerate(states)],
        "CompositeAlarms": [alarm("all", composite)] if composite else [],
    }


def check_alarms(aws: Aws, *answers: Mapping[str, Any] | str, seconds: float = 0.02) -> None:
    asked = {"AlarmNamePrefix": "yawl-dev-", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    client = aws.client("cloudwatch", "describe_alarms", *answers, asked=asked)
    no_alarm_is_active(client, name_prefix="yawl-dev-", region=REGION, deadline=short_deadline(seconds))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([alarms("OK", "OK")], id="ok"),
        pytest.param([alarms("INSUFFICIENT_DATA", composite="OK")], id="no-data-yet"),
        pytest.param([alarms("ALARM"), "ThrottlingException", alarms("OK")], id="rings-for-the-deployment-only"),
    ],
)
def test_no_alarm_is_active(aws: Aws, answers: list[Mapping[str, Any] | str]) -> None:
    check_alarms(aws, *answers, seconds=2.0)


@pytest.mark.parametrize(
    ("output", "named"),
    [
        pytest.param(alarms("OK", "ALARM"), "1 of 2 alarms in ALARM", id="metric-alarm"),
        pytest.param(alarms("OK", composite="ALARM"), "1 of 2 alarms in ALARM", id="composite-alarm"),
        pytest.param(
            alarms("ALARM"), "yawl-dev-0  since 2026-11-22 12:00:00+0000: Threshold Crossed", id="which-since-when-why"
        ),
        pytest.param(alarms(), "no alarm has this prefix", id="no-alarm-at-all"),
        pytest.param("AccessDenied", "AccessDenied from DescribeAlarms", id="not-allowed"),
    ],
)
def test_active_alarm(aws: Aws, output: Mapping[str, Any] | str, named: str) -> None:
    with pytest.raises(CheckFailed) as failure:
        check_alarms(aws, output)
    assert named in str(failure.value)


def test_alarms_on_later_pages_count(clients: dict[str, Any]) -> None:
    with Stubber(clients["cloudwatch"]) as stub:
        stub.add_response("describe_alarms", {**alarms("OK"), "NextToken": "more"})
        stub.add_response("describe_alarms", alarms("ALARM"))
        with pytest.raises(CheckFailed, match="1 of 2 alarms in ALARM"):
            no_alarm_is_active(
                clients["cloudwatch"], name_prefix="yawl-dev-", region=REGION, deadline=short_deadline(0)
            )


CREDENTIALS = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIATESTROLE</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey><SessionToken>hidden</SessionToken>
<Expiration>2036-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
REFUSED = b"""<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: pipeline is not authorized</Message></Error>
<RequestId>0123</RequestId></ErrorResponse>"""


def variables(*, endpoint_url: str, role: str | None = ROLE) -> AccountVariables:
    return AccountVariables(
        region=REGION,
        cluster_name="yawl-dev",
        service_name="engine",
        target_group_arn=TARGET_GROUP,
        task_definition_arn=RELEASED,
        alarm_name_prefix="yawl-dev-",
        stack_names=("yawl-dev-application",),
        database_id="yawl-dev",
        database_multi_az=False,
        database_backup_days=7,
        database_deletion_protection=False,
        password_rotation_days=30,
        cache_id="yawl-dev-cache",
        cache_multi_az=False,
        cache_nodes=1,
        cache_snapshot_days=1,
        integration_test_role_arn=role,
        endpoint_url=endpoint_url,
    )


@pytest.fixture
def caller(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set the environment of a build, with an unreachable proxy."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACALLER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    return monkeypatch


def sts(caller: pytest.MonkeyPatch, *behaviours: Behaviour, seconds: float) -> tuple[Any, list[str]]:
    with serve(*behaviours, method="POST", path="/", elsewhere=respond(404)) as server:
        caller.setenv("AWS_ENDPOINT_URL", server.url)
        signed_in = sign_in(variables(endpoint_url=server.url), environment="dev one", deadline=short_deadline(seconds))
    return signed_in, server.requests


def test_role_is_assumed_without_the_proxy(caller: pytest.MonkeyPatch) -> None:
    signed_in, requests = sts(
        caller, respond(403, REFUSED), respond(200, CREDENTIALS, content_type="text/xml"), seconds=2
    )
    assert len(requests) == 2  # retried, because permissions take time to propagate
    assert "Action=AssumeRole" in requests[0]
    assert "RoleSessionName=integration-tests-dev-one" in requests[0]
    assert "%3Arole%2Fyawl-dev-integration-tests" in requests[0]
    for client in (signed_in.elbv2, signed_in.ecs, signed_in.cloudwatch):
        assert client.meta.region_name == REGION
        assert client._request_signer._credentials.access_key == "ASIATESTROLE"  # no public method
        assert client.meta.config.connect_timeout + client.meta.config.read_timeout <= 10
        assert client.meta.config.retries == {"mode": "adaptive", "total_max_attempts": 3}


def test_refused_role_is_named_and_no_secret_is(caller: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckFailed) as failure:
        sts(caller, respond(403, REFUSED), seconds=0)
    text = str(failure.value)
    assert f"sts:AssumeRole {ROLE} in {REGION}" in text
    assert "AccessDenied from AssumeRole" in text
    assert "User: pipeline is not authorized" in text
    assert "hidden" not in text


def test_missing_credentials_fail_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CheckFailed, match="no AWS credentials were found"):
        sign_in(variables(endpoint_url="http://localhost:1", role=None), environment="dev", deadline=short_deadline(60))

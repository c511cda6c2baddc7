"""What the Lambda functions make of each answer of AWS. An error that they raise makes Lambda retry, then alarm."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
import pytest

from lambdas.daily_checks import check_backups, find_drift
from lambdas.delivery_events import execution, history, notify, record
from lambdas.delivery_events.clients import Accounts
from lambdas.delivery_events.deduplication import Claims
from lambdas.delivery_events.execution import Action, Commit, DeployedStack, Execution
from lambdas.delivery_events.failure import reason
from lambdas.delivery_metrics import history as metrics_history
from lambdas.delivery_metrics import incidents
from lambdas.delivery_metrics.published_figures import PublishedFigures
from tests.aws_answers import FakeAws
from tests.aws_calls import LISTS, RAISED, Absent, Call, Errors, calls, calls_in, sources

ACCOUNT: Final = "444444444444"
NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ROLE: Final = {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}}
STACK: Final = DeployedStack(name="yawl-dev-application", account=ACCOUNT, region="us-east-1")
NO_STACK: Final = (400, "ValidationError", "Stack with id yawl-dev-application does not exist")
NO_EXECUTION: Final = (400, "PipelineExecutionNotFoundException", "no such execution")
NO_PIPELINE: Final = (400, "PipelineNotFoundException", "no such pipeline")
VARIABLES: Final = {
    "READER_ROLE": "arn:aws:iam::{account}:role/yawl-{environment}-delivery-reader",
    "READABLE_ENVIRONMENTS": '["dev"]',
    "ENVIRONMENTS": '{"Dev": "dev", "DevReview": "dev"}',
    "DEPLOYMENTS": '["Dev"]',
    "BUCKET": "records",
    "APPROVAL_TOPIC": "arn:aws:sns:us-east-1:1:approvals",
    "DELIVERY_TOPIC": "arn:aws:sns:us-east-1:1:deliveries",
}
EVENT: Final = {
    "region": "us-east-1",
    "time": NOON.isoformat(),
    "detail": {"pipeline": "yawl-delivery", "execution-id": "one", "stage": "Dev", "state": "SUCCEEDED"},
}
DEPLOYMENT: Final = {
    "pipelineExecutionId": "one",
    "actionExecutionId": "1",
    "stageName": "Dev",
    "actionName": "Deploy",
    "status": "Succeeded",
    "startTime": NOON,
    "lastUpdateTime": NOON,
    "input": {
        "actionTypeId": {"category": "Deploy", "provider": "CloudFormation", "owner": "AWS", "version": "1"},
        "region": "us-east-1",
        "resolvedConfiguration": {"StackName": STACK.name, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"},
    },
    "output": {"executionResult": {"externalExecutionId": "build:1"}},
}
SERVICE: Final = '{"Resources": {"Service": {"Type": "AWS::ECS::Service"}}}'
DELIVERED: Final[Mapping[str, Any]] = {
    "assume_role": ROLE,
    "get_pipeline_execution": {"pipelineExecution": {"pipelineExecutionId": "one"}},
    "list_action_executions": {"actionExecutionDetails": [DEPLOYMENT]},
    "list_pipeline_executions": {
        "pipelineExecutionSummaries": [{"pipelineExecutionId": "one", "status": "Succeeded", "startTime": NOON}]
    },
    "put_object": {},
    "delete_object": {},
    "publish": {"MessageId": "1"},
    "get_template": {"TemplateBody": SERVICE},
    "describe_stack_resource": {
        "StackResourceDetail": {"PhysicalResourceId": f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/yawl/engine"}
    },
    "list_tasks": {"taskArns": ["task"]},
    "describe_tasks": {"tasks": [{"containers": [{"image": "yawl:6", "imageDigest": "sha256:12"}]}]},
    "batch_get_builds": {"builds": [{"id": "build:1", "logs": {"groupName": "group", "streamName": "stream"}}]},
    "get_log_events": {"events": [{"message": "bake: no"}], "nextForwardToken": "end"},
    "describe_stack_events": {"StackEvents": []},
}
EXECUTION: Final = Execution(pipeline="yawl-delivery", id="two", kind="STANDARD", commit=Commit(id="1a2b"), actions=())


def record_release() -> str:
    return record.write_record(EVENT, Accounts(VARIABLES), VARIABLES)


def send_notice() -> str:
    return notify.publish_notice(EVENT, Accounts(VARIABLES), VARIABLES)


def why_failed(provider: str) -> Callable[[], Any]:
    stack = {"StackName": STACK.name, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"}
    action = Action(
        stage="Dev",
        name="Deploy",
        category="Deploy",
        provider=provider,
        status="Failed",
        region="us-east-1",
        configuration=stack if provider == "CloudFormation" else {},
        external_id="build:1",
        summary="It failed",
    )
    return lambda: reason(action, Accounts(VARIABLES)).lines


def of_events(file: str, run: Callable[[], Any], errors: Errors = RAISED, **absent: Absent) -> list[Call]:
    return calls(f"lambdas/delivery_events/{file}.py", run, DELIVERED, errors, **absent)


def events(name: str = "codepipeline") -> Any:
    return Accounts(VARIABLES).home(name)


IN_THE_NOTICE: Final = Errors(r"^\('It failed\. Details unavailable: .*{code}")
EVENTS: Final[list[Call]] = [
    *calls(
        "lambdas/delivery_events/clients.py",
        record_release,
        DELIVERED,
        # STS says the same of a role that does not exist yet.
        replace(RAISED, denied=r"^'dev/2026-11-24T120000\+0000-one\.json'"),
        assume_role=LISTS,
    ),
    *of_events(
        "deduplication",
        lambda: Claims(events("s3"), "bucket", "claims").acquire("one"),
        put_object=((412, "PreconditionFailed", "there is one"), "^False"),
    ),
    *of_events(
        "deduplication",
        lambda: Claims(events("s3"), "bucket", "claims").release("one"),
        delete_object=LISTS,
    ),
    *of_events(
        "execution",
        lambda: execution.read(events(), "yawl-delivery", "one").actions,
        get_pipeline_execution=(NO_EXECUTION, "^PipelineExecutionNotFoundException"),
        list_action_executions=({"actionExecutionDetails": []}, r"^\(\)"),
    ),
    *of_events(
        "history",
        lambda: history.continues_a_delivery(events(), EXECUTION),
        list_pipeline_executions=({"pipelineExecutionSummaries": []}, "^False"),
    ),
    *of_events(
        "history",
        lambda: history.undone_execution(events(), replace(EXECUTION, kind="ROLLBACK"), "Dev"),
        list_action_executions=({"actionExecutionDetails": []}, "^''"),
    ),
    *of_events("notify", send_notice, publish=((404, "NotFound", "Topic does not exist"), "^NotFoundException")),
    *of_events(
        "record",
        record_release,
        put_object=((412, "PreconditionFailed", "there is one"), "^'dev/2026"),
        get_template=(NO_STACK, "^ClientError: .*does not exist"),
        describe_stack_resource=(NO_STACK, "^ClientError: .*does not exist"),
        list_tasks=((400, "ServiceNotFoundException", "no service"), "^ServiceNotFoundException"),
        describe_tasks=({"tasks": [], "failures": [{"reason": "MISSING"}]}, "^'dev/2026"),
    ),
    # A notice without the reason is better than none.
    *of_events(
        "failure",
        why_failed("CodeBuild"),
        IN_THE_NOTICE,
        batch_get_builds=({"builds": [], "buildsNotFound": ["build:1"]}, "CodeBuild has no build build:1"),
        get_log_events=((400, "ResourceNotFoundException", "no such stream"), "unavailable: .*no such stream"),
    ),
    *of_events(
        "failure",
        why_failed("CloudFormation"),
        IN_THE_NOTICE,
        describe_stack_events=(NO_STACK, "unavailable: .*does not exist"),
    ),
]
METRICS_VALUES: Final[Mapping[str, Any]] = {
    **DELIVERED,
    "describe_alarm_history": {"AlarmHistoryItems": []},
    "query": {"Items": []},
    "put_item": {},
}
WATCHED: Final = [incidents.Watched(role=f"arn:aws:iam::{ACCOUNT}:role/reader", region="us-east-1", alarms=["down"])]


def read_history() -> Any:
    client = boto3.client("codepipeline", config=incidents.CONFIG)
    found = metrics_history.read(client, "yawl-delivery", [], settled_until=NOON, execution_id=None)
    return [len(one.actions) for one in found.executions]


def read_incidents() -> Any:
    return incidents.read_incidents(boto3.Session(), WATCHED, now=NOON)


def published() -> PublishedFigures:
    return PublishedFigures(boto3.client("dynamodb", config=incidents.CONFIG), "table")


def claim() -> bool:
    figure: Any = type("Figure", (), {"subject": "one", "name": "Released"})()
    return published().claim(figure, now=NOON)


def of_metrics(file: str, run: Callable[[], Any], errors: Errors = RAISED, **absent: Absent) -> list[Call]:
    return calls(f"lambdas/delivery_metrics/{file}.py", run, METRICS_VALUES, errors, **absent)


METRICS: Final[list[Call]] = [
    *of_metrics(
        "history",
        read_history,
        list_pipeline_executions=({"pipelineExecutionSummaries": []}, r"^\[\]"),
        list_action_executions=({"actionExecutionDetails": []}, r"^\[0\]"),
    ),
    # STS says the same of a role that does not exist yet.
    *of_metrics(
        "incidents",
        read_incidents,
        replace(RAISED, denied=r"^\[\]\nno incidents are counted in us-east-1: .*{code}"),
        assume_role=LISTS,
    ),
    *of_metrics(
        "incidents",
        read_incidents,
        describe_alarm_history=({"AlarmHistoryItems": []}, r"^\[\]\n$"),
    ),
    *of_metrics("published_figures", lambda: published().settled_until, query=({"Items": []}, "^None")),
    *of_metrics(
        "published_figures", claim, put_item=((400, "ConditionalCheckFailedException", "there is one"), "^False")
    ),
]
NO_VAULT: Final = (400, "ResourceNotFoundException", "no such vault")
DAILY_VALUES: Final[Mapping[str, Any]] = {
    "list_recovery_points_by_backup_vault": {"RecoveryPoints": []},
    "describe_backup_vault": {"CreationDate": NOON},
    "get_restore_testing_plan": {
        "RestoreTestingPlan": {"RestoreTestingPlanArn": "arn", "CreationTime": NOON - timedelta(days=3)}
    },
    "list_restore_jobs": {"RestoreJobs": []},
    "put_metric_data": {},
    "describe_stacks": {"Stacks": [{"StackName": "yawl-dev-network", "StackStatus": "CREATE_COMPLETE"}]},
    "detect_stack_drift": {"StackDriftDetectionId": "1"},
    "describe_stack_drift_detection_status": {"DetectionStatus": "DETECTION_COMPLETE", "Timestamp": NOON},
    "describe_stack_resource_drifts": {"StackResourceDrifts": []},
    "list_stack_resources": {"StackResourceSummaries": [{"LogicalResourceId": "Vpc", "ResourceType": "AWS::EC2::VPC"}]},
}


def daily(function: Callable[[Any, Any], Any]) -> Callable[[], Any]:
    def run() -> Any:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {
                "ENVIRONMENT": "dev",
                "VAULTS": "vault@us-east-1",
                "RESTORE_TEST": "plan",
                "STACK_PREFIX": "yawl-dev-",
                "AWS_DEFAULT_REGION": "us-east-1",
            }.items():
                patch.setenv(name, value)
            return function({}, None)

    return run


DAILY: Final[list[Call]] = [
    *calls(
        "lambdas/daily_checks/check_backups.py",
        daily(check_backups.handler),
        DAILY_VALUES,
        RAISED,
        # Without a backup, the vault's own age counts.
        list_recovery_points_by_backup_vault=({"RecoveryPoints": []}, "^{'HoursSinceBackup': [0-9]"),
        describe_backup_vault=(NO_VAULT, "^ResourceNotFoundException"),
        get_restore_testing_plan=(NO_VAULT, "^ResourceNotFoundException"),
        list_restore_jobs=({"RestoreJobs": []}, "'FailedRestoreTests': 0.0}"),
        put_metric_data=LISTS,
    ),
    *calls(
        "lambdas/daily_checks/find_drift.py",
        daily(find_drift.handler),
        DAILY_VALUES,
        RAISED,
        describe_stacks=({"Stacks": []}, "^{'drifted': {}, 'not compared': {}}"),
        detect_stack_drift=(NO_STACK, "^ClientError: .*does not exist"),
        describe_stack_drift_detection_status=(NO_STACK, "^ClientError: .*does not exist"),
        # What this comparison could not read counts as not compared, never as in sync.
        describe_stack_resource_drifts=({"StackResourceDrifts": []}, r"'not compared': {'yawl-dev-network': \['Vpc"),
        list_stack_resources=(NO_STACK, "^ClientError: .*does not exist"),
        put_metric_data=LISTS,
    ),
]
CASES: Final = [(row, kind) for row in (*EVENTS, *METRICS, *DAILY) for kind in row.kinds]


@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.file}-{row.operation}-{kind}" for row, kind in CASES])
def test_answers_are_told_apart(row: Call, kind: str, aws: FakeAws) -> None:
    row.check(kind, aws)


@pytest.mark.parametrize(
    ("folder", "rows"),
    [
        ("lambdas/delivery_events", EVENTS),
        ("lambdas/delivery_metrics", METRICS),
        ("lambdas/daily_checks", DAILY),
    ],
)
def test_every_call_has_a_row(folder: str, rows: list[Call]) -> None:
    assert calls_in(sources(folder)) == {(row.file, row.operation) for row in rows}


def test_a_notice_that_could_not_be_sent_is_not_one_that_was(aws: FakeAws) -> None:
    """The claim is given back, so that Lambda's retry sends it."""
    aws.values, aws.failing, aws.kind = DELIVERED, "publish", "denied"
    with pytest.raises(Exception, match="AccessDenied"):
        send_notice()
    assert (aws.attempts["put_object"], aws.attempts["delete_object"]) == (1, 1)

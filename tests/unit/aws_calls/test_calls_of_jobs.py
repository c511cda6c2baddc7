"""What the pipeline's jobs make of each answer of AWS: the bake and the change review."""

import io
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from cloud_assembly import Stack, UserError
from jobs.bake.__main__ import main as bake
from jobs.change_review import __main__ as change_review
from jobs.change_review.approval.release_records import ReleaseRecords
from jobs.change_review.deployed_stacks import Reader
from jobs.change_review.pipeline_run import PipelineRun
from tests.aws_answers import FakeAws
from tests.aws_calls import LISTS, Absent, Call, Errors, Exit, calls, calls_in, sources

ACCOUNT: Final = "444444444444"
ROLE: Final = {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": None}}
NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BAKE: Final = {
    "ENVIRONMENT": "dev",
    "ENVIRONMENT_REGION": "us-east-1",
    "ALARM_NAME": "health",
    "BAKE_MINUTES": "0",
    "ALARM_READER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/bake",
}
OK_ALARM: Final[Mapping[str, Any]] = {
    "CompositeAlarms": [{"AlarmName": "health", "StateValue": "OK"}],
    "MetricAlarms": [],
}
STACK: Final = Stack(
    name="yawl-dev-network",
    account=ACCOUNT,
    region="us-east-1",
    template={"Resources": {}},
    lookup_role_arn=f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-lookup-role-{ACCOUNT}-us-east-1",
    execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-us-east-1",
)
PIPELINE: Final = Stack(
    name="yawl-delivery",
    account=ACCOUNT,
    region="us-east-1",
    template={
        "Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "yawl-delivery"}}}
    },
)
NO_STACK: Final = (400, "ValidationError", "Stack with id yawl-dev-network does not exist")
NO_ENTITY: Final = (404, "NoSuchEntity", "cannot be found")
DEPLOYED: Final[Mapping[str, Any]] = {
    "assume_role": ROLE,
    "get_caller_identity": {"Account": ACCOUNT},
    "describe_stacks": {"Stacks": [{"StackName": STACK.name, "StackStatus": "CREATE_COMPLETE"}]},
    "get_template": {"TemplateBody": '{"Resources": {"A": {}}}'},
    "list_roles": {"Roles": [{"RoleName": f"cdk-hnb659fds-lookup-role-{ACCOUNT}-us-east-1"}]},
    "list_attached_role_policies": {"AttachedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/A"}]},
    "list_role_policies": {"PolicyNames": ["inline"]},
    "get_role_policy": {"PolicyDocument": '{"Statement": ["of the role"]}'},
    "get_policy": {"Policy": {"DefaultVersionId": "v1"}},
    "get_policy_version": {"PolicyVersion": {"Document": '{"Statement": ["attached"]}'}},
    "list_action_executions": {"actionExecutionDetails": []},
}
RUN: Final = PipelineRun(
    commit="1a2b", pipeline="yawl-delivery", execution="one", publish_to="records/change-reviews", later_stages=("Dev",)
)
RECORD: Final = b'{"commit": "1a2b", "execution": "one", "templates": {"yawl-dev-network": "hash"}, "stacks": {}}'
IN_THE_PIPELINE: Final[Mapping[str, Any]] = {
    "get_pipeline_state": {"stageStates": []},
    "get_pipeline_execution": {"pipelineExecution": {"artifactRevisions": [{"revisionSummary": "Fix it"}]}},
    "put_object": {},
    "list_objects_v2": {"Contents": [{"Key": "dev/2026.json"}]},
    "get_object": lambda _: {"Body": io.BytesIO(RECORD)},
}


def run_bake() -> Exit:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in BAKE.items():
            patch.setenv(name, value)
        return Exit(bake())


def run_review() -> Exit:
    """Run the review's `main` in the pipeline, as far as the pipeline's state."""
    variables = {
        "COMMIT": "1a2b",
        "PIPELINE": "yawl-delivery",
        "EXECUTION": "one",
        "PUBLISH_TO": "records/change-reviews",
        "LATER_STAGES": "Dev",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr("sys.argv", ["change_review", "--environment", "dev", "--stage", os.devnull])
        return Exit(change_review.main())


def records() -> ReleaseRecords:
    return RUN.records()


def template() -> Any:
    return Reader().template(STACK)


BY_LOOKUP_ROLE: Final = (
    r"^Denied: yawl-dev-network in 444444444444, us-east-1 cannot be read through .*{code}.*make boot"
)
NOT_READ: Final = r"^UserError: yawl-dev-network in 444444444444, us-east-1 cannot be read through "
UNREAD: Final = Errors(
    "",
    denied=BY_LOOKUP_ROLE,
    throttled=NOT_READ + r".*: {told}.*in a minute$",
    broken=NOT_READ + r".*: {told}",
)


def of_stacks(run: Callable[[], Any], **absent: Absent) -> list[Call]:
    return calls("jobs/change_review/deployed_stacks.py", run, DEPLOYED, UNREAD, **absent)


ROWS: Final[list[Call]] = [
    *calls(
        "jobs/bake/watch.py",
        run_bake,
        {"assume_role": ROLE, "describe_alarms": OK_ALARM, "describe_alarm_history": {"AlarmHistoryItems": []}},
        Errors(r"^exit 2:.*bake: alarm health in us-east-1 cannot be read, so nobody knows .*{told}.* [Tt]ry "),
        describe_alarms=({"CompositeAlarms": [], "MetricAlarms": []}, "^exit 2:.*alarm health does not exist"),
        describe_alarm_history=({"AlarmHistoryItems": []}, "^exit 0:.*stayed OK"),
    ),
    *calls(
        "jobs/assumed_role.py",
        run_bake,
        {},
        Errors(r"^exit 2:.*cannot be read, so nobody knows .*{told}.* [Tt]ry "),
        # STS denies a role that does not exist.
        assume_role=LISTS,
    ),
    *calls(
        "jobs/assumed_role.py",
        template,
        DEPLOYED,
        # Denied the role of their own account, callers read with their own credentials.
        Errors(NOT_READ + ".*: {told}", denied=r"^OrderedDict\(\[\('Resources'"),
        assume_role=LISTS,
    ),
    *of_stacks(template, describe_stacks=(NO_STACK, "^None"), get_template=(NO_STACK, "^None")),
    *of_stacks(
        lambda: Reader().bootstrapped_regions(STACK),
        list_roles=({"Roles": []}, r"^\[\]"),
    ),
    *of_stacks(
        lambda: Reader().execution_policies(STACK),
        list_attached_role_policies=(NO_ENTITY, NOT_READ + ".*NoSuchEntity"),
        list_role_policies=(NO_ENTITY, NOT_READ + ".*NoSuchEntity"),
        get_role_policy=(NO_ENTITY, NOT_READ + ".*NoSuchEntity"),
        get_policy=(NO_ENTITY, NOT_READ + ".*NoSuchEntity"),
        get_policy_version=(NO_ENTITY, NOT_READ + ".*NoSuchEntity"),
    ),
    *of_stacks(
        lambda: Reader().policy(STACK, "boundary"),
        get_policy=(NO_ENTITY, "^None"),
        get_policy_version=(NO_ENTITY, "^None"),
    ),
    *calls(
        "jobs/change_review/deployed_stacks.py",
        lambda: Reader().deployed_by(PIPELINE),
        DEPLOYED,
        Errors(r"^(Denied|UserError): yawl-delivery in 444444444444, us-east-1 cannot be read: .*{code}"),
        list_action_executions=((400, "PipelineNotFoundException", "none"), r"^frozenset\(\)"),
    ),
    *calls(
        "jobs/change_review/deployed_stacks.py",
        template,
        {**DEPLOYED, "assume_role": (403, "AccessDenied", "not authorized to assume it")},
        UNREAD,
        get_caller_identity=LISTS,
    ),
    *calls(
        "jobs/change_review/pipeline_run.py",
        run_review,
        IN_THE_PIPELINE,
        Errors(r"^exit 2:.*change review: the state of the pipeline yawl-delivery cannot be read: {told}"),
        get_pipeline_state=((400, "PipelineNotFoundException", "none"), r"^exit 2:.*PipelineNotFoundException"),
    ),
    *calls(
        "jobs/change_review/pipeline_run.py",
        lambda: PipelineRun(**vars(RUN)).title(),
        IN_THE_PIPELINE,
        # Nothing depends on the title.
        Errors(r"^'\(no title\)'\nthe commit's title and address are unknown: {told}"),
        get_pipeline_execution=(
            (400, "PipelineExecutionNotFoundException", "none"),
            r"^'\(no title\)'\nthe commit's title and address are unknown: .*PipelineExecutionNotFoundException",
        ),
    ),
    *calls(
        "jobs/change_review/pipeline_run.py",
        lambda: RUN.publish("dev", {".html": "page"}),
        IN_THE_PIPELINE,
        Errors(r"^UserError: the review cannot be stored in records/change-reviews: {told}"),
        put_object=((404, "NoSuchBucket", "no bucket"), "^UserError: .*NoSuchBucket"),
    ),
    *calls(
        "jobs/change_review/approval/release_records.py",
        lambda: records().running("dev", [{"yawl-dev-network"}]),
        IN_THE_PIPELINE,
        Errors(r"^UserError: the release records in records cannot be read: {told}"),
        list_objects_v2=({}, r"^\(None,\)"),
    ),
    *calls(
        "jobs/change_review/approval/release_records.py",
        lambda: records().review("dev", "one"),
        IN_THE_PIPELINE,
        Errors(r"^UserError: the release records in records cannot be read: {told}"),
        get_object=((404, "NoSuchKey", "The specified key does not exist."), "^None"),
    ),
]
ONLY_ALIKE: Final = {("jobs/change_review/approval/page.py", "get_template")}
"""A method of Jinja."""
CASES: Final = [(row, kind) for row in ROWS for kind in row.kinds]


@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.file}-{row.operation}-{kind}" for row, kind in CASES])
def test_answers_are_told_apart(row: Call, kind: str, aws: FakeAws) -> None:
    row.check(kind, aws)


def test_every_call_has_a_row() -> None:
    programs = (["jobs/assumed_role.py"], sources("jobs/bake"), sources("jobs/change_review"), sources("jobs/cost"))
    found = {call for files in programs for call in calls_in(files)} - ONLY_ALIKE
    assert found == {(row.file, row.operation) for row in ROWS}


def test_a_stack_that_is_not_read_is_not_a_new_one(aws: FakeAws) -> None:
    """Only `does not exist` means absent: other invalid requests have the same code."""
    aws.values = {**DEPLOYED, "describe_stacks": (400, "ValidationError", "1 validation error detected: stackName")}
    with pytest.raises(UserError, match="1 validation error detected"):
        template()

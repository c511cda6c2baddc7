"""What `make rollback`, `make hotfix`, `make database-access` and `make prices` make of each answer of AWS."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from cloud_assembly import Assembly, Stack
from tests.aws_answers import FakeAws
from tests.aws_calls import LISTS, RAISED, Absent, Call, Errors, Exit, calls, calls_in, sources
from tools.accounts.accounts import Accounts
from tools.database_access import __main__ as database_access
from tools.delivery import __main__ as command_line
from tools.delivery import hotfix, rollback
from tools.delivery.assembly import ReleasedAssembly, download
from tools.delivery.hotfix import Obstacle
from tools.delivery.pipeline import DeployedPipeline, Stage, StageState
from tools.delivery.releases import Release
from tools.delivery.rollback import StageRollback, Way
from tools.prices import __main__ as prices

ACCOUNT: Final = "444444444444"
PIPELINE: Final = Stack(
    name="yawl-delivery",
    account=ACCOUNT,
    region="us-east-1",
    template={
        "Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "yawl-delivery"}}}
    },
)
APPLICATION: Final = Stack(
    name="yawl-dev-application",
    account=ACCOUNT,
    region="us-east-1",
    template={"Resources": {}},
    stage="Dev",
    family="yawl-dev",
)
WHOLE: Final = Assembly(Path(), (PIPELINE, APPLICATION))
DEFINITION: Final = {
    "version": 3,
    "variables": [{"name": "HOTFIX"}],
    "stages": [
        {
            "name": "Dev",
            "actions": [
                {
                    "name": "Deploy",
                    "actionTypeId": {
                        "provider": "CloudFormation",
                        "category": "Deploy",
                        "owner": "AWS",
                        "version": "1",
                    },
                    "configuration": {
                        "StackName": APPLICATION.name,
                        "TemplatePath": "Assembly::Dev/application.json",
                        "Skip": "#{variables.HOTFIX}",
                    },
                }
            ],
        }
    ],
}
STATE: Final[Mapping[str, Any]] = {
    "stageName": "Dev",
    "latestExecution": {"pipelineExecutionId": "one", "status": "InProgress"},
    "actionStates": [],
}
OUTPUT: Final[Mapping[str, Any]] = {
    "input": {},
    "output": {"outputArtifacts": [{"name": "Assembly", "s3location": {"bucket": "artifacts", "key": "key"}}]},
}
NO_PIPELINE: Final = (400, "PipelineNotFoundException", "no such pipeline")
NO_EXECUTION: Final = (400, "PipelineExecutionNotFoundException", "no such execution")
NO_STACK: Final = (400, "ValidationError", "Stack with id yawl-delivery does not exist")


def archive(_: object) -> Mapping[str, Any]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("Dev/manifest.json", "{}")
    packed.seek(0)
    return {"Body": packed}


OUTPUTS: Final = [
    {"OutputKey": f"DatabaseAccess{part}", "OutputValue": part}
    for part in ("Cluster", "Task", "Subnets", "SecurityGroup", "Log")
]
VALUES: Final[Mapping[str, Any]] = {
    "get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada"},
    "get_pipeline": {"pipeline": DEFINITION},
    "get_pipeline_state": {"stageStates": [STATE]},
    "get_pipeline_execution": {"pipelineExecution": {"pipelineVersion": 3}},
    "list_action_executions": {"actionExecutionDetails": [OUTPUT]},
    "get_template": {"TemplateBody": '{"Resources": {}}'},
    "get_object": archive,
    "put_object": {},
    "stop_pipeline_execution": {"pipelineExecutionId": "one"},
    "start_pipeline_execution": {"pipelineExecutionId": "two"},
    "rollback_stage": {"pipelineExecutionId": "two"},
    "describe_stacks": {"Stacks": [{"Outputs": [*OUTPUTS, {"OutputKey": "ReleaseRecordBucket", "OutputValue": "b"}]}]},
    "list_objects_v2": {},
    "run_task": {"tasks": [{"taskArn": "task"}]},
    "describe_tasks": {"tasks": [{"lastStatus": "RUNNING"}]},
    "list_tasks": {"taskArns": ["task"]},
    "stop_task": {},
    "get_products": {"PriceList": []},
}
STAGE: Final = Stage(name="Dev", regions=("us-east-1",), artifact="Assembly", folders=("Dev",))
TO: Final = Release(commit="1a2b", title="Fix it", records=())


def pipeline() -> DeployedPipeline:
    return DeployedPipeline(WHOLE, Accounts())


def step(way: Way, assembly: ReleasedAssembly | None = None) -> StageRollback:
    return StageRollback(
        stage=STAGE,
        state=StageState(execution="one", status="Succeeded", disabled=""),
        running=None,
        to=TO,
        way=way,
        execution="one",
        between=(),
        assembly=assembly,
    )


def read(_: object) -> Assembly:
    return WHOLE


def roll_back() -> Exit:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "read", read)
        return Exit(command_line.main(["rollback", "dev", "--yes"]))


def hot_fix() -> Exit:
    def resolve(_: object) -> tuple[str, str]:
        return "1a2b", "Fix it"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "read", read)
        patch.setattr(hotfix, "resolve", resolve)
        return Exit(command_line.main(["hotfix", "--yes"]))


def stopped() -> str:
    return hotfix.start("1a2b", [Obstacle(execution="one", stage="Dev", commit="1", running=())], pipeline())


def keep_review(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        page = Path("report/rollback-Dev/change-review.html")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("page")
        command_line._keep_review("dev", step(Way.STAGE_ROLLBACK, ReleasedAssembly(folder, ())), "two", pipeline())


def access(*arguments: str) -> Callable[[], Exit]:
    def run() -> Exit:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(database_access, "read", read)
            return Exit(database_access.main(["dev", *arguments]))

    return run


CANNOT: Final = Errors(
    r"^exit 1:.*(rollback|hotfix): {told}.* [Tt]ry ",
    denied=r"^exit 1:.*(rollback|hotfix): {told}.*Try credentials of 444444444444",
)


def of_delivery(file: str, run: Callable[[], Any], errors: Errors = RAISED, **absent: Absent) -> list[Call]:
    return calls(f"tools/delivery/{file}.py", run, VALUES, errors, **absent)


def rows(folder: Path) -> list[Call]:
    """Return the table; files are written into the folder."""
    return [*of_pipeline(folder), *of_access_and_prices(folder)]


def of_pipeline(folder: Path) -> list[Call]:
    denied = r"^UserError: the artifact s3://artifacts/key cannot be read: .*not authorized.*without s3:ListBucket"
    return [
        *of_delivery("pipeline", roll_back, CANNOT, get_pipeline=(NO_PIPELINE, "^exit 1:.*install it first: make dep")),
        *of_delivery("pipeline", hot_fix, CANNOT, get_pipeline_state=(NO_PIPELINE, "^exit 1:.*PipelineNotFound")),
        # It is unknown which commit an expired execution had.
        *of_delivery("pipeline", lambda: pipeline().execution("one"), get_pipeline_execution=(NO_EXECUTION, "^None")),
        *of_delivery(
            "pipeline",
            lambda: pipeline().artifact_of("one", "Assembly"),
            list_action_executions=({"actionExecutionDetails": []}, "^None"),
        ),
        *of_delivery(
            "pipeline",
            lambda: pipeline().deployed_definition(),
            get_template=(NO_STACK, "^ClientError: .*does not exist"),
        ),
        # S3 denies a missing object to who may not list the bucket; the message says so.
        *of_delivery(
            "assembly",
            lambda: download(pipeline(), "one", STAGE, folder),
            Errors(RAISED.each, denied=denied),
            get_object=((404, "NoSuchKey", "The specified key does not exist."), "^None"),
        ),
        *of_delivery("hotfix", hot_fix, CANNOT, start_pipeline_execution=(NO_PIPELINE, "^exit 1:.*PipelineNotFound")),
        # It has ended meanwhile.
        *of_delivery(
            "hotfix",
            stopped,
            stop_pipeline_execution=((400, "PipelineExecutionNotStoppableException", "ended"), "^'two'"),
        ),
        *of_delivery(
            "rollback",
            lambda: rollback.start(step(Way.STAGE_ROLLBACK), pipeline()),
            rollback_stage=(NO_EXECUTION, "^PipelineExecutionNotFoundException"),
        ),
        # The rollback has begun and does not depend on it.
        *of_delivery(
            "__main__",
            lambda: keep_review(folder),
            Errors(r"^None\nrollback: the review is only in .*, because it could not be stored: .*{code}"),
            put_object=((404, "NoSuchBucket", "none"), "could not be stored: .*NoSuchBucket"),
        ),
    ]


def of_access_and_prices(folder: Path) -> list[Call]:
    closed = Errors(r"^exit 1:.*database-access: {told}.* [Tt]ry ")
    return [
        *calls(
            "tools/database_access/__main__.py",
            access("--yes"),
            VALUES,
            closed,
            describe_stacks=(NO_STACK, "^exit 1:.*does not exist"),
            run_task=(
                {"tasks": [], "failures": [{"reason": "MISSING"}]},
                "^exit 1:.*ECS did not start the task: MISSING",
            ),
            describe_tasks=LISTS,
        ),
        *calls(
            "tools/database_access/__main__.py",
            access("--close"),
            VALUES,
            closed,
            list_tasks=({"taskArns": []}, "^exit 0:.*nothing was open"),
            stop_task=LISTS,
        ),
        *calls(
            "tools/prices/price_list.py",
            price_list(folder),
            VALUES,
            Errors(r"^exit 2:.*prices: {told}.* [Tt]ry .*is unchanged"),
            get_products=({"PriceList": []}, "^exit 2:.*AWS Price List has no price of eu-west-1"),
        ),
    ]


def price_list(folder: Path) -> Callable[[], Exit]:
    def needed(_: object) -> frozenset[str]:
        return frozenset({"fargate.vcpu_hour"})

    def run() -> Exit:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(prices, "_needed", needed)
            return Exit(prices.main(["eu-west-1", "--folder", str(folder)]))

    return run


PLACE: Final = Path()
CASES: Final = [(row.file, row.operation, kind) for row in rows(PLACE) for kind in row.kinds]


@pytest.mark.parametrize(("file", "operation", "kind"), CASES)
def test_answers_are_told_apart(file: str, operation: str, kind: str, aws: FakeAws, tmp_path: Path) -> None:
    [row] = [one for one in rows(tmp_path) if (one.file, one.operation) == (file, operation)]
    row.check(kind, aws)


@pytest.mark.parametrize("program", ["tools/delivery", "tools/database_access", "tools/prices"])
def test_every_call_has_a_row(program: str) -> None:
    tabled = {(row.file, row.operation) for row in rows(PLACE) if row.file.startswith(f"{program}/")}
    assert calls_in(sources(program)) == tabled

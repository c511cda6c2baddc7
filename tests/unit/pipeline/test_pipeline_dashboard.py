"""The pipeline's dashboard, and the function that feeds it, read from the pipeline's template."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aws_cdk.assertions import Template

from lambdas.delivery_metrics.embedded_metric import NAMESPACE
from tests.paths import ROOT
from tests.unit.lambdas.test_delivery_metrics import RUNS, events_of, published_lines
from tests.unit.one_environment import OneEnvironment
from tests.unit.pipeline_definition import Pipeline

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

Widget: TypeAlias = dict[str, Any]
Templates: TypeAlias = Callable[[str, str], Template]
ENVIRONMENTS = {"Dev": "222222222222", "Staging": "333333333333", "Prod": "444444444444"}

FAILURE_RATE = "IF(changes > 0, 100 * IF(FILL(failed, 0) < changes, FILL(failed, 0), changes) / changes)"
PHASES = ["Before the run", "Build", *ENVIRONMENTS, "Approval"]
TABLES = {
    "What runs where": "running/",
    "Prod: failed changes and their runs": "failed-change/prod",
    "Prod: longest lead times and their runs": "lead-time/prod",
}
"""The title of each log table, and how the figures in it are called."""

# Widget, and its lines: expression or statistic, and metrics.
SHOWN: list[tuple[str, list[str]]] = [
    # The four figures of DORA for prod, over the time shown and week by week.
    ("Prod: deployment frequency", ["FILL(releases, 0) * 604800 / PERIOD(releases)", "prod Releases Sum"]),
    ("Prod: lead time", ["leadTime50 / 3600", "prod LeadTime p50"]),
    ("Prod: change failure rate", [FAILURE_RATE, "prod FailedChanges Sum", "prod Changes Sum"]),
    ("Prod: time to restore", ["restoreTime50 / 3600", "prod RestoreTime p50"]),
    ("Deployments per week", ["prod Releases Sum"]),
    ("Lead time from commit to deployment", ["prod LeadTime p10", "prod LeadTime p50", "prod LeadTime p90"]),
    ("Change failure rate", ["prod FailedChanges Sum", "prod Changes Sum"]),
    ("Time to restore", ["prod RestoreTime p10", "prod RestoreTime p50", "prod RestoreTime p90"]),
    ("Prod: lead time by phase", [f"prod/{phase} PhaseTime Average" for phase in PHASES]),
    (
        "Prod: releases, failed changes and rollbacks",
        ["prod Releases Sum", "prod FailedChanges Sum", "prod Rollbacks Sum"],
    ),
    (
        "Pipeline, from source to last stage",
        [
            "CycleTime Average",
            "IF(failures > 0, IF(FILL(repairs, 0) < PERIOD(failures), PERIOD(failures) - FILL(repairs, 0), 0)"
            " / failures / 3600)",
            "Failures Sum",
            "RestoreTime Average",
            "FeedbackTime Average",
        ],
    ),
    # Each environment.
    *(
        (
            f"{name}: age of what runs",
            [
                "(EPOCH(FILL(released, REPEAT)) + PERIOD(FILL(released, REPEAT)) - FILL(released, REPEAT)) / 86400",
                f"{name.lower()} ReleasedAt Maximum",
            ],
        )
        for name in ENVIRONMENTS
    ),
    *(
        (
            f"{name}: changes",
            [FAILURE_RATE, f"{name.lower()} Changes Sum", f"{name.lower()} Releases Sum"],
        )
        for name in ENVIRONMENTS
    ),
    # Runs, stages and actions.
    ("Executions by result", ["Successes Sum", "Failures Sum", "Stopped Sum", "Superseded Sum"]),
    (
        "Execution duration (CodePipeline)",
        ["AWS/CodePipeline PipelineDuration p50", "AWS/CodePipeline PipelineDuration p95"],
    ),
    ("Failed executions (CodePipeline)", ["AWS/CodePipeline FailedPipelineExecutions Sum"]),
    ("Approval wait time", ["ProdApproval/Approve Duration p50", "ProdApproval/Approve Duration p95"]),
    ("Wait time before stages, p95", ["Source QueueTime p95", "Assets QueueTime p95", "Prod QueueTime p95"]),
    ("Self-mutation", ["UpdatePipeline Duration p50", "UpdatePipeline Duration p95"]),
    ("Stages, p50", ["Build Duration p50", "DevReview Duration p50", "Prod Duration p50"]),
    ("Stages, p95", ["Build Duration p95", "DevReview Duration p95", "Prod Duration p95"]),
    ("Stages, failures", ["Build Failures Sum", "DevReview Failures Sum", "Prod Failures Sum"]),
    ("Stages with one action, p95", ["Build/Synth Duration p95", "ProdReview/ReviewChanges Duration p95"]),
    ("Stages with one action, failures", ["Build/Synth Failures Sum", "ProdApproval/Approve Rejections Sum"]),
    *(
        (
            f"{name}: actions, {what}",
            [f"{name}/IntegrationTests {metric}", f"{name}/yawl-{name.lower()}-network.Deploy {metric}"],
        )
        for name in ENVIRONMENTS
        for what, metric in (("p50", "Duration p50"), ("p95", "Duration p95"), ("failures", "Failures Sum"))
    ),
    # Builds.
    ("Build minutes per day", ["AWS/CodeBuild Duration Average", "AWS/CodeBuild Builds Sum"]),
    ("Maximum build cost", ["AWS/CodeBuild Duration Average", "AWS/CodeBuild Builds Sum"]),
    ("Build queue time", ["AWS/CodeBuild QueuedDuration Maximum"]),
    (
        "Failed builds and unprocessed events",
        ["AWS/CodeBuild FailedBuilds Sum", "AWS/SQS ApproximateNumberOfMessagesVisible Maximum"],
    ),
]


@pytest.fixture(scope="module")
def widgets(pipeline: Pipeline) -> list[Widget]:
    """Read the dashboard, references to other resources replaced by their names."""
    return body(pipeline)["widgets"]


def body(pipeline: Pipeline) -> dict[str, Any]:
    [dashboard] = pipeline.of_type("AWS::CloudWatch::Dashboard")
    parts = dashboard["DashboardBody"]["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else str(next(iter(part.values()))) for part in parts))


def test_periods_are_those_of_the_widgets(pipeline: Pipeline) -> None:
    assert body(pipeline)["periodOverride"] == "inherit"


def test_every_graph_names_the_unit_of_its_axes(widgets: list[Widget]) -> None:
    graphs = [one["properties"] for one in widgets if one["properties"].get("view") == "timeSeries"]
    assert len(graphs) > 20
    assert [one["title"] for one in graphs if not one["yAxis"]["left"].get("label")] == []


def test_no_expression_is_longer_than_cloudwatch_takes(widgets: list[Widget]) -> None:
    rows = [row for one in widgets for row in one["properties"].get("metrics", [])]
    assert max(len(row[-1].get("expression", "")) for row in rows if isinstance(row[-1], dict)) <= 2_048


def titled(widgets: list[Widget], title: str) -> dict[str, Any]:
    """Return the properties of the widget with the title."""
    [found] = [widget["properties"] for widget in widgets if widget["properties"].get("title") == title]
    return found


def lines(widget: dict[str, Any]) -> list[str]:
    """Return a widget's expressions, and its metrics with dimensions and statistic."""
    output: list[str] = []
    for row in widget["metrics"]:
        *names, options = row
        if not names:
            output.append(options["expression"])
            continue
        namespace, metric, *pairs = names
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        of = "/".join(dimensions[key] for key in ("Environment", "Phase", "Stage", "Action") if key in dimensions)
        of = of if namespace == NAMESPACE else namespace
        output.append(f"{of} {metric} {options.get('stat', 'Average')}".strip())
    return output


@pytest.mark.parametrize(("title", "expected"), SHOWN, ids=[title for title, _ in SHOWN])
def test_dashboard_shows_metric(title: str, expected: list[str], widgets: list[Widget]) -> None:
    assert set(expected) <= set(lines(titled(widgets, title)))


def test_dashboard_has_no_other_widgets(widgets: list[Widget]) -> None:
    known = {title for title, _ in SHOWN} | set(TABLES) | {f"{name}: alarms" for name in ENVIRONMENTS}
    # The p50 of the metrics whose p95 is in a row above.
    known.add("Stages with one action, p50")
    assert {widget["properties"]["title"] for widget in widgets if widget["type"] != "text"} == known


def test_every_stage_and_action_has_a_line(pipeline: Pipeline, widgets: list[Widget]) -> None:
    shown = {line for widget in widgets if "metrics" in widget["properties"] for line in lines(widget["properties"])}
    for stage, actions in pipeline.stages.items():
        assert {f"{stage} Duration p50", f"{stage} Duration p95", f"{stage} Failures Sum"} <= shown
        for action in actions:
            name = f"{stage}/{action['Name']}"
            assert {f"{name} Duration p50", f"{name} Duration p95"} <= shown
            assert {f"{name} Failures Sum", f"{name} Rejections Sum"} & shown


def test_dashboard_shows_every_published_metric(widgets: list[Widget]) -> None:
    published = {
        (metric["Name"], frozenset(directive["Dimensions"][0]))
        for runs in RUNS.values()
        for line in published_lines(runs, events_of(runs))
        for directive in line.get("_aws", {"CloudWatchMetrics": []})["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    shown = {
        (row[1], frozenset(row[2:-1:2]))
        for widget in widgets
        for row in widget["properties"].get("metrics", [])
        if row[0] == NAMESPACE
    }
    assert shown <= published
    # An environment's cycle time is the inverse of its deployment frequency.
    assert published - shown == {("CycleTime", frozenset({"Pipeline", "Environment"}))}


def test_widgets_fit_the_page_and_do_not_overlap(widgets: list[Widget]) -> None:
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert all(after["y"] >= before["y"] for before, after in pairwise(widgets))


@pytest.mark.parametrize(("name", "account"), ENVIRONMENTS.items())
def test_alarms_of_every_account_are_shown(name: str, account: str, widgets: list[Widget], template: Templates) -> None:
    shown = titled(widgets, f"{name}: alarms")["alarms"]
    alarms = template(name.lower(), "monitoring").find_resources("AWS::CloudWatch::Alarm").values()
    start = f"arn:aws:cloudwatch:us-east-1:{account}:alarm:"
    assert sorted(shown) == sorted(f"{start}{alarm['Properties']['AlarmName']}" for alarm in alarms)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_cross_account_alarm_access_is_limited(name: str, template: Templates) -> None:
    stack = template(name.lower(), "monitoring")
    [(role, found)] = stack.find_resources(
        "AWS::IAM::Role", {"Properties": {"RoleName": "CloudWatch-CrossAccountSharingRole"}}
    ).items()
    [trust] = found["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"]["AWS"] == "arn:aws:iam::111111111111:root"
    policies = stack.find_resources("AWS::IAM::Policy").values()
    [policy] = [one["Properties"] for one in policies if {"Ref": role} in one["Properties"]["Roles"]]
    assert [one["Action"] for one in policy["PolicyDocument"]["Statement"]] == ["cloudwatch:DescribeAlarms"]


def test_alarms_are_not_shared_by_default(prod_with_less: OneEnvironment) -> None:
    roles = prod_with_less("monitoring").find_resources("AWS::IAM::Role").values()
    assert "CloudWatch-CrossAccountSharingRole" not in [role["Properties"].get("RoleName") for role in roles]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_dashboards_link_to_each_other(name: str, widgets: list[Widget], template: Templates) -> None:
    to = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/"
    heading = widgets[0]["properties"]["markdown"]
    assert f"[{name.lower()} (account {ENVIRONMENTS[name]})]({to}yawl-{name.lower()})" in heading
    [dashboard] = template(name.lower(), "monitoring").find_resources("AWS::CloudWatch::Dashboard").values()
    assert f"[the pipeline (account 111111111111)]({to}yawl-delivery)" in json.dumps(dashboard)


def the_metrics(pipeline: Pipeline, resource_type: str) -> dict[str, Any]:
    """The only resource of the type in the metrics."""
    own = {name: one for name, one in pipeline.resources.items() if name.startswith("DeliveryMetrics")}
    [found] = Pipeline(own).of_type(resource_type)
    return found


@pytest.mark.parametrize("title", TABLES)
def test_tables_are_read_from_what_the_function_prints(title: str, widgets: list[Widget], pipeline: Pipeline) -> None:
    query = titled(widgets, title)["query"]
    group = query.split("'")[1]
    assert pipeline.resources[group]["Type"] == "AWS::Logs::LogGroup"
    function = the_metrics(pipeline, "AWS::Lambda::Function")
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": group}}
    assert TABLES[title] in query.replace("\\", "")
    runs = RUNS["somebody rolls a release back that had passed"]
    found = [line for line in published_lines(runs, events_of(runs)) if line["figure"].startswith(TABLES[title])]
    fields = query.split("fields ")[1].split("\n")[0].split(", ")
    assert {field.partition(" / ")[0] for field in fields} <= set(found[-1])


def rules(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return the rules that call the function."""
    own = {name: one for name, one in pipeline.resources.items() if name.startswith("DeliveryMetrics")}
    return Pipeline(own).of_type("AWS::Events::Rule")


FUNCTION = {
    "Architectures": ["arm64"],
    "Handler": "delivery_metrics.handler.handle",
    "ReservedConcurrentExecutions": 1,
    "Runtime": "python3.14",
    "Timeout": 60,
}


class TestFunction:
    """The function that publishes."""

    def test_function_size(self, pipeline: Pipeline) -> None:
        function = the_metrics(pipeline, "AWS::Lambda::Function")
        assert {key: function[key] for key in FUNCTION} == FUNCTION
        assert "Layers" not in function

    def test_failed_events_go_to_the_queue(self, pipeline: Pipeline) -> None:
        function = the_metrics(pipeline, "AWS::Lambda::Function")
        queue = function["DeadLetterConfig"]["TargetArn"]
        assert pipeline.resources[queue["Fn::GetAtt"][0]]["Type"] == "AWS::SQS::Queue"
        for rule in rules(pipeline):
            [target] = rule["Targets"]
            assert target["DeadLetterConfig"]["Arn"] == queue

    def test_function_permissions(self, pipeline: Pipeline) -> None:
        function = the_metrics(pipeline, "AWS::Lambda::Function")
        statements = pipeline.statements_of(function["Role"]["Fn::GetAtt"][0])
        allowed = [
            one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
            for one in statements
            if one["Resource"] != "*"
        ]
        assert sorted(action for actions in allowed for action in actions) == [
            "codepipeline:ListActionExecutions",
            "codepipeline:ListPipelineExecutions",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "sqs:SendMessage",
            "sts:AssumeRole",
        ]
        assert len(allowed) == len(statements)

    def test_function_knows_the_last_action_of_each_environment(self, pipeline: Pipeline) -> None:
        function = the_metrics(pipeline, "AWS::Lambda::Function")
        told_of = json.loads(function["Environment"]["Variables"]["ENVIRONMENTS"])
        entries = {"Dev": ["DevReview"], "Staging": ["StagingReview"], "Prod": ["ProdReview", "ProdApproval"]}
        assert told_of == [
            {"name": name.lower(), "stages": {name: [pipeline.stages[name][-1]["Name"]]}, "entry": entries[name]}
            for name in ENVIRONMENTS
        ]

    def test_it_reads_the_history_of_prods_high_alarms(self, pipeline: Pipeline) -> None:
        function = the_metrics(pipeline, "AWS::Lambda::Function")
        [watched] = json.loads(function["Environment"]["Variables"]["WATCHED"])
        assert watched["role"] == "arn:aws:iam::444444444444:role/yawl-prod-delivery-reader"
        assert watched["region"] == "us-east-1"
        assert {"yawl-prod-error-rate", "yawl-prod-no-task-runs"} <= set(watched["alarms"])
        assert "yawl-prod-response-slow" not in watched["alarms"]
        [statement] = [
            one
            for one in pipeline.statements_of(function["Role"]["Fn::GetAtt"][0])
            if one["Action"] == "sts:AssumeRole"
        ]
        assert statement["Resource"] == watched["role"]

    def test_variables_fit_into_a_function(self, pipeline: Pipeline) -> None:
        variables = the_metrics(pipeline, "AWS::Lambda::Function")["Environment"]["Variables"]
        # 4 KB (AWS Lambda Developer Guide, "Lambda quotas"); five environments must fit.
        assert len(json.dumps(variables)) < 4_096 * 3 / 5

    def test_function_code_is_its_own_folder(self, pipeline: Pipeline, assembly: "CloudAssembly") -> None:
        function = the_metrics(pipeline, "AWS::Lambda::Function")
        folder = Path(assembly.directory, f"asset.{function['Code']['S3Key'].removesuffix('.zip')}")
        found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        source = ROOT / "lambdas"
        assert found == {str(file.relative_to(source)) for file in source.glob("delivery_metrics/*.py")}

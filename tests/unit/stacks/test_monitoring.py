"""Alarms, topics and the dashboard of every environment against the reference's figures."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

from stacks.database.connection_limit import connection_limit
from tests.complete_list import assert_complete
from tests.policies import in_text
from tests.unit.one_environment import OneEnvironment

Templates: TypeAlias = Callable[[str, str], Template]

GIB = 1024**3
NOT_BREACHING, BREACHING, IGNORE = "notBreaching", "breaching", "ignore"

# Alarm, severity, fires when its figure, minutes it takes, what absent data means.
ALARMS = [
    ("no-healthy-target", "high", "< 1", 3, NOT_BREACHING),
    ("no-task-runs", "high", "< 1", 5, BREACHING),
    ("error-rate", "high", "> 5", 3, NOT_BREACHING),
    ("database-unavailable", "high", "< 1", 5, BREACHING),
    ("database-storage-low", "high", f"< {10 * GIB}", 15, IGNORE),
    ("unhealthy-target", "medium", ">= 1", 15, NOT_BREACHING),
    ("tasks-missing", "medium", ">= 1", 15, NOT_BREACHING),
    ("tasks-cpu-high", "medium", "> 80", 15, NOT_BREACHING),
    ("tasks-memory-high", "medium", "> 90", 15, NOT_BREACHING),
    ("response-slow", "medium", "> 2", 15, NOT_BREACHING),
    ("database-cpu-high", "medium", "> 80", 15, NOT_BREACHING),
    ("database-connections-high", "medium", "> 135", 15, NOT_BREACHING),
    ("cache-node-missing", "medium", "< 2", 5, BREACHING),
    ("cache-cpu-high", "medium", "> 70", 15, NOT_BREACHING),
    ("cache-memory-high", "medium", "> 80", 15, NOT_BREACHING),
    ("database-reads-slow", "low", "> 0.005", 15, NOT_BREACHING),
    ("database-writes-slow", "low", "> 0.005", 15, NOT_BREACHING),
    ("cache-evictions", "low", ">= 1", 15, NOT_BREACHING),
    ("cache-connections-high", "low", "> 240", 15, NOT_BREACHING),
]
OPERATORS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
}

# Alarm, the metrics it is made of with their statistic, and how they are combined.
MEASURES = [
    ("no-healthy-target", ["AWS/ApplicationELB HealthyHostCount Minimum"], None),
    ("no-task-runs", ["AWS/ECS CPUUtilization SampleCount"], None),
    (
        "error-rate",
        [
            "AWS/ApplicationELB RequestCount Sum",
            "AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum",
            "AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum",
        ],
        "IF((FILL(requests, 0) + FILL(unanswered, 0)) >= 20, 100 * (FILL(failed, 0) + FILL(unanswered, 0))"
        " / (FILL(requests, 0) + FILL(unanswered, 0)), 0)",
    ),
    ("database-unavailable", ["AWS/RDS CPUUtilization SampleCount"], None),
    ("database-storage-low", ["AWS/RDS FreeStorageSpace Minimum"], None),
    ("unhealthy-target", ["AWS/ApplicationELB UnHealthyHostCount Minimum"], None),
    (
        "tasks-missing",
        ["ECS/ContainerInsights DesiredTaskCount Average", "ECS/ContainerInsights RunningTaskCount Average"],
        "desired - running",
    ),
    ("tasks-cpu-high", ["AWS/ECS CPUUtilization Average"], None),
    ("tasks-memory-high", ["AWS/ECS MemoryUtilization Average"], None),
    (
        "response-slow",
        ["AWS/ApplicationELB RequestCount Sum", "AWS/ApplicationELB TargetResponseTime p99"],
        "IF(requests >= 100, seconds, 0)",
    ),
    ("database-cpu-high", ["AWS/RDS CPUUtilization Average"], None),
    ("database-connections-high", ["AWS/RDS DatabaseConnections Maximum"], None),
    (
        "cache-node-missing",
        ["AWS/ElastiCache CPUUtilization SampleCount"] * 2,
        "IF(FILL(cpuutilization1, 0) > 0, 1, 0) + IF(FILL(cpuutilization2, 0) > 0, 1, 0)",
    ),
    (
        "cache-cpu-high",
        ["AWS/ElastiCache CPUUtilization Average"] * 2,
        "MAX([cpuutilization1, cpuutilization2])",
    ),
    (
        "cache-memory-high",
        ["AWS/ElastiCache DatabaseMemoryUsagePercentage Maximum"] * 2,
        "MAX([databasememoryusagepercentage1, databasememoryusagepercentage2])",
    ),
    ("database-reads-slow", ["AWS/RDS ReadLatency p99"], None),
    ("database-writes-slow", ["AWS/RDS WriteLatency p99"], None),
    ("cache-evictions", ["AWS/ElastiCache Evictions Sum"] * 2, "SUM([evictions1, evictions2])"),
    (
        "cache-connections-high",
        ["AWS/ElastiCache CurrConnections Maximum"] * 2,
        "MAX([currconnections1, currconnections2])",
    ),
]

# Namespace, and what names the observed thing in it: the dimension and the output of another stack, or its text.
DIMENSIONS = {
    "AWS/ApplicationELB": {"LoadBalancer": "LoadBalancerName", "TargetGroup": "TargetGroupName"},
    "AWS/ECS": {"ClusterName": '"yawl-prod"', "ServiceName": "ServiceName"},
    "ECS/ContainerInsights": {"ClusterName": '"yawl-prod"', "ServiceName": "ServiceName"},
    "AWS/RDS": {"DBInstanceIdentifier": '"yawl-prod"'},
    "AWS/ElastiCache": {"CacheClusterId": "ReplicationGroupId"},
}

# Maintenance alarms, by which no release is judged: metric, threshold, missing data.
MAINTENANCE = [
    ("stacks-drifted", "DriftedResources", ">= 1", "ignore"),
    ("backup-old", "HoursSinceBackup", "> 36", "ignore"),
    ("restore-test-failed", "FailedRestoreTests", ">= 1", "ignore"),
    ("restore-test-overdue", "DaysSinceRestoreTest", "> 35", "ignore"),
    ("checks-failed", "Errors", ">= 1", "notBreaching"),
]

DEPLOYING = "IF(FILL(deployments, 1) > 1, 1, 0)"
GRAPHS = {
    "Response time": ["TargetResponseTime p50", "TargetResponseTime p99"],
    "Error rate": ["HTTPCode_Target_5XX_Count Sum", "HTTPCode_ELB_5XX_Count Sum", "RequestCount Sum"],
    "Requests": ["RequestCount Sum"],
    "Server errors (5xx)": ["HTTPCode_Target_5XX_Count Sum", "HTTPCode_ELB_5XX_Count Sum"],
    "Client errors (4xx)": ["HTTPCode_Target_4XX_Count Sum"],
    "CPU and memory use": ["CPUUtilization Average", "MemoryUtilization Average"],
    "Tasks": ["RunningTaskCount Average", "DesiredTaskCount Average"],
    "Targets": ["HealthyHostCount Minimum", "UnHealthyHostCount Minimum"],
    "Database: latency": ["ReadLatency p99", "WriteLatency p99"],
    "Database: connections": ["DatabaseConnections Maximum"],
    "Database: free storage and memory": ["FreeStorageSpace Minimum", "FreeableMemory Minimum"],
    "Cache: CPU and memory": ["CPUUtilization Average", "DatabaseMemoryUsagePercentage Maximum"],
    "Cache: evictions": ["Evictions Sum"],
    "Cache: connections": ["CurrConnections Maximum"],
    "Workflow execution time": ["WorkflowExecutionTime Average", "WorkflowExecutionTime p99"],
    "Queued work items": ["QueueDepth Maximum"],
}


@pytest.fixture
def alarms(template: Templates) -> Callable[[str], dict[str, Any]]:
    """Look up the properties of an alarm of prod by its name, less the environment's prefix."""
    found = template("prod", "monitoring").find_resources("AWS::CloudWatch::Alarm").values()
    by_name = {alarm["Properties"]["AlarmName"]: alarm["Properties"] for alarm in found}
    return lambda name: by_name[f"yawl-prod-{name}"]


@pytest.fixture(scope="module")
def widgets(template: Templates) -> list[dict[str, Any]]:
    """Read prod's dashboard, references to other resources replaced by their last part."""
    (dashboard,) = template("prod", "monitoring").find_resources("AWS::CloudWatch::Dashboard").values()
    parts = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else "reference" for part in parts))["widgets"]


@pytest.mark.parametrize("row", ALARMS, ids=[row[0] for row in ALARMS])
def test_alarm_specification(alarms: Callable[[str], dict[str, Any]], row: tuple[str, str, str, int, str]) -> None:
    name, severity, fires, minutes, absent_data = row
    alarm = alarms(name)
    assert f"{OPERATORS[alarm['ComparisonOperator']]} {alarm['Threshold']}" == fires
    assert alarm["EvaluationPeriods"] >= 2
    assert alarm["EvaluationPeriods"] * period(alarm) == minutes * 60
    assert alarm["TreatMissingData"] == absent_data
    assert [action["Ref"].startswith(f"Topics{severity.capitalize()}") for action in alarm["AlarmActions"]] == [True]
    assert alarm["AlarmDescription"].startswith(f"{severity.upper()}: ")


def test_no_other_alarms(template: Templates) -> None:
    found = template("prod", "monitoring").find_resources("AWS::CloudWatch::Alarm").values()
    names = {one["Properties"]["AlarmName"].removeprefix("yawl-") for one in found}
    maintenance = {name.removeprefix("maintenance-prod-") for name in names if name.startswith("maintenance-")}
    own = {name.removeprefix("prod-") for name in names if not name.startswith("maintenance-")}
    assert_complete(own, (name for name, *_ in ALARMS), where="ALARMS in tests/unit/stacks/test_monitoring.py")
    assert_complete(own, (name for name, *_ in MEASURES), where="MEASURES in tests/unit/stacks/test_monitoring.py")
    assert_complete(
        maintenance, (name for name, *_ in MAINTENANCE), where="MAINTENANCE in tests/unit/stacks/test_monitoring.py"
    )


@pytest.mark.parametrize("row", MAINTENANCE, ids=[row[0] for row in MAINTENANCE])
def test_maintenance_alarm(template: Templates, row: tuple[str, str, str, str]) -> None:
    name, metric, fires, absent_data = row
    found = template("prod", "monitoring").find_resources("AWS::CloudWatch::Alarm").values()
    by_name = {one["Properties"]["AlarmName"]: one["Properties"] for one in found}
    alarm = by_name[f"yawl-maintenance-prod-{name}"]
    assert f"{OPERATORS[alarm['ComparisonOperator']]} {alarm['Threshold']}" == fires
    assert f'"MetricName": "{metric}"' in json.dumps(alarm)
    # The figure comes once a day, and one is enough.
    assert (alarm["EvaluationPeriods"], '"Period": 86400' in json.dumps(alarm)) == (1, True)
    assert alarm["TreatMissingData"] == absent_data
    assert [action["Ref"].startswith("TopicsMedium") for action in alarm["AlarmActions"]] == [True]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_health_is_in_alarm_while_any_high_or_medium_alarm_is(environment: str, template: Templates) -> None:
    """Except for maintenance alarms: those must not fail a release."""
    monitoring = template(environment, "monitoring")
    [health] = monitoring.find_resources("AWS::CloudWatch::CompositeAlarm").values()
    judged = [
        f'ALARM("<{logical_id}.Arn>")'
        for logical_id, alarm in monitoring.find_resources("AWS::CloudWatch::Alarm").items()
        if alarm["Properties"]["AlarmDescription"].startswith(("HIGH", "MEDIUM"))
        and not alarm["Properties"]["AlarmName"].startswith("yawl-maintenance-")
    ]
    assert len(judged) > 8
    assert in_text(health["Properties"]["AlarmRule"]) == f"({' OR '.join(judged)})"


def test_dev_alarms_only_on_drift(template: Templates) -> None:
    names = [
        alarm["Properties"]["AlarmName"]
        for alarm in template("dev", "monitoring").find_resources("AWS::CloudWatch::Alarm").values()
    ]
    assert sorted(name for name in names if "maintenance" in name) == [
        "yawl-maintenance-dev-checks-failed",
        "yawl-maintenance-dev-stacks-drifted",
    ]


@pytest.mark.parametrize(("name", "metrics", "expression"), MEASURES, ids=[row[0] for row in MEASURES])
def test_alarm_metric(
    alarms: Callable[[str], dict[str, Any]], name: str, metrics: list[str], expression: str | None
) -> None:
    queries = alarms(name)["Metrics"]
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    assert [f"{it['Metric']['Namespace']} {it['Metric']['MetricName']} {it['Stat']}" for it in stats] == metrics
    assert next((query["Expression"] for query in queries if "Expression" in query), None) == expression


@pytest.mark.parametrize("name", [row[0] for row in ALARMS])
def test_alarm_dimensions_are_the_environments(alarms: Callable[[str], dict[str, Any]], name: str) -> None:
    for query in alarms(name)["Metrics"]:
        for dimension in query.get("MetricStat", {"Metric": {"Dimensions": []}})["Metric"]["Dimensions"]:
            namespace = query["MetricStat"]["Metric"]["Namespace"]
            assert DIMENSIONS[namespace][dimension["Name"]] in json.dumps(dimension["Value"])


@pytest.mark.parametrize(
    ("name", "stack", "output"),
    [
        ("LoadBalancerName", "application", "LoadBalancerFullName"),
        ("TargetGroupName", "application", "TargetGroupFullName"),
        ("ServiceName", "application", "ServiceD69D759BName"),
        ("EngineLogName", "application", "RefLog"),
        ("ReplicationGroupId", "cache", "RefReplicationGroup"),
    ],
)
def test_names_are_read_once(template: Templates, name: str, stack: str, output: str) -> None:
    reference = Match.object_like({"StackName": f"yawl-prod-{stack}", "OutputName": Match.string_like_regexp(output)})
    template("prod", "monitoring").has_resource_properties(
        "AWS::SSM::Parameter",
        {"Name": f"/yawl-prod-monitoring/{name}", "Type": "String", "Value": {"Fn::GetStackOutput": reference}},
    )


@pytest.mark.parametrize(("node", "suffix"), [(0, "-001"), (1, "-002")])
def test_each_node_of_the_cache_is_watched(alarms: Callable[[str], dict[str, Any]], node: int, suffix: str) -> None:
    stats = [query["MetricStat"] for query in alarms("cache-evictions")["Metrics"] if "MetricStat" in query]
    (dimension,) = stats[node]["Metric"]["Dimensions"]
    assert dimension["Value"]["Fn::Join"][1][1] == suffix


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_alarms_are_named_for_their_environment(template: Templates, environment: str) -> None:
    alarms = template(environment, "monitoring").find_resources("AWS::CloudWatch::Alarm").values()
    prefixes = (f"yawl-{environment}-", f"yawl-maintenance-{environment}-")
    assert all(alarm["Properties"]["AlarmName"].startswith(prefixes) for alarm in alarms)


@pytest.mark.parametrize(
    ("instance_class", "connections"),
    [
        ("db.t3.micro", 112),
        ("db.t3.small", 225),
        ("db.m6g.large", 901),
        ("db.r6g.large", 1802),
        ("db.m6g.2xlarge", 3604),
        ("db.r6g.4xlarge", 5000),
    ],
)
def test_database_connection_limit(instance_class: str, connections: int) -> None:
    assert connection_limit(instance_class) == connections


@pytest.mark.parametrize("severity", ["high", "medium", "low"])
def test_topic_is_encrypted_and_requires_tls(template: Templates, severity: str) -> None:
    stack = template("prod", "monitoring")
    stack.has_resource_properties(
        "AWS::SNS::Topic",
        {
            "TopicName": f"yawl-prod-{severity}",
            "KmsMasterKeyId": {"Fn::GetAtt": [Match.string_like_regexp("^TopicsKey"), "Arn"]},
        },
    )
    stack.has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "Topics": [{"Ref": Match.string_like_regexp(f"^Topics{severity.capitalize()}")}],
            "PolicyDocument": Match.object_like(
                {
                    "Statement": [
                        Match.object_like(
                            {
                                "Effect": "Deny",
                                "Action": "sns:Publish",
                                "Principal": "*",
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                            }
                        ),
                        Match.object_like(
                            {
                                "Effect": "Allow",
                                "Action": "sns:Publish",
                                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                                "Condition": {
                                    "ArnLike": {
                                        "aws:SourceArn": [
                                            f"arn:aws:cloudwatch:us-east-1:444444444444:alarm:{prefix}-*"
                                            for prefix in ("yawl-prod", "yawl-maintenance-prod")
                                        ]
                                    }
                                },
                            }
                        ),
                    ]
                }
            ),
        },
    )


def test_cloudwatch_can_use_the_topic_key(template: Templates) -> None:
    template("prod", "monitoring").has_resource_properties(
        "AWS::KMS::Key",
        {
            "EnableKeyRotation": True,
            "KeyPolicy": Match.object_like(
                {
                    "Statement": Match.array_with(
                        [
                            {
                                "Effect": "Allow",
                                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                                "Resource": "*",
                                "Condition": {"StringEquals": {"aws:SourceAccount": "444444444444"}},
                            }
                        ]
                    )
                }
            ),
        },
    )


def test_no_subscription_without_an_alarm_address(template: Templates) -> None:
    template("prod", "monitoring").resource_count_is("AWS::SNS::Subscription", 0)


def test_alarm_address_receives_maintenance_alarms(prod_with_more: OneEnvironment) -> None:
    subscriptions = prod_with_more("monitoring").find_resources("AWS::SNS::Subscription").values()
    printed = [it["Properties"] for it in subscriptions]
    assert {(it["Protocol"], it["Endpoint"]) for it in printed} == {("email", "on-call@example.com")}
    assert sorted(it["TopicArn"]["Ref"][:10] for it in printed) == ["TopicsHigh", "TopicsMedi"]


def test_dashboard_starts_with_the_alarms(widgets: list[dict[str, Any]]) -> None:
    first = [(widget["type"], widget["properties"]["title"]) for widget in widgets if widget["y"] == 0]
    assert first == [("alarm", "High alarms"), ("alarm", "Medium alarms"), ("alarm", "Low alarms")]
    shown = [len(widget["properties"]["alarms"]) for widget in widgets[:3]]
    counts = {severity: [row[1] for row in ALARMS].count(severity) for severity in ("high", "medium", "low")}
    assert shown == list((counts | {"medium": counts["medium"] + len(MAINTENANCE)}).values())


@pytest.mark.parametrize("word", ["High", "Medium", "Low", "acts now", "service and its events", "engine's log"])
def test_dashboard_guide(widgets: list[dict[str, Any]], word: str) -> None:
    (guide,) = [widget for widget in widgets if widget["type"] == "text"]
    assert word in guide["properties"]["markdown"]


@pytest.mark.parametrize(("title", "metrics"), GRAPHS.items())
def test_dashboard_shows_metric(widgets: list[dict[str, Any]], title: str, metrics: list[str]) -> None:
    shown = [f"{row[1]} {row[-1].get('stat', 'Average')}" for row in graph(widgets, title)["metrics"] if len(row) > 1]
    assert set(metrics) <= set(shown)


@pytest.mark.parametrize(("title", "value"), [("Database: latency", 5), ("Error rate", 5), ("Response time", 2)])
def test_dashboard_marks_the_limit(widgets: list[dict[str, Any]], title: str, value: float) -> None:
    (line,) = graph(widgets, title)["annotations"]["horizontal"]
    assert line["value"] == value


def test_every_graph_names_the_unit_of_its_axes(widgets: list[dict[str, Any]]) -> None:
    graphs = [one["properties"] for one in widgets if one["properties"].get("view") == "timeSeries"]
    assert len(graphs) == len(GRAPHS)
    for one in graphs:
        sides = {"left", *(row[-1]["yAxis"] for row in one["metrics"] if "yAxis" in row[-1])}
        assert {side for side in sides if one["yAxis"].get(side, {}).get("label")} == sides, one["title"]


@pytest.mark.parametrize(
    "title",
    ["Response time", "Error rate", "Requests", "Server errors (5xx)", "Database: latency", "Queued work items"],
)
def test_axis_fits_what_is_measured(widgets: list[dict[str, Any]], title: str) -> None:
    axis = graph(widgets, title)["yAxis"]["left"]
    assert (axis["min"], "max" in axis) == (0, False)


@pytest.mark.parametrize("title", ["Response time", "Error rate", "Tasks"])
def test_releases_and_rollbacks_are_marked(widgets: list[dict[str, Any]], title: str) -> None:
    [marked] = [row for row in graph(widgets, title)["metrics"] if row[-1].get("expression") == DEPLOYING]
    assert marked[-1]["label"] == "release or rollback"
    assert marked[-1]["yAxis"] == "right"


def test_storage_and_memory_have_an_axis_each(widgets: list[dict[str, Any]]) -> None:
    axes = graph(widgets, "Database: free storage and memory")["yAxis"]
    assert [axes[side]["label"] for side in ("left", "right")] == ["GiB of storage", "GiB of memory"]


def test_periods_are_those_of_the_widgets(template: Templates) -> None:
    (dashboard,) = template("prod", "monitoring").find_resources("AWS::CloudWatch::Dashboard").values()
    assert '"periodOverride":"inherit"' in json.dumps(dashboard).replace('\\"', '"')


def test_no_widget_has_an_end_that_is_no_time(widgets: list[dict[str, Any]]) -> None:
    assert [one["properties"]["title"] for one in widgets if "end" in one["properties"]] == []


def test_labels_say_cpu(widgets: list[dict[str, Any]]) -> None:
    text = json.dumps(widgets)
    assert "tasks: CPU" in text
    assert "processor" not in text


def test_dashboard_shows_the_engines_own_metrics_of_this_environment(widgets: list[dict[str, Any]]) -> None:
    own = [row for row in graph(widgets, "Queued work items")["metrics"] if row[0] == "YAWLApp"]
    assert [row[1:4] for row in own] == [["QueueDepth", "Environment", "prod"]]


def test_dashboard_shows_the_last_errors_above_maintenance(widgets: list[dict[str, Any]]) -> None:
    *_, errors, drift, backup, test = widgets
    assert errors["type"] == "log"
    assert "filter @message like /ERROR|FATAL/" in errors["properties"]["query"]
    assert [widget["properties"]["title"] for widget in (drift, backup, test)] == [
        "Drifted resources",
        "Hours since the last backup",
        "Days since the last successful restore test",
    ]
    # What comes once a day is in no graph of the last hours.
    assert {(widget["properties"]["period"], widget["properties"]["start"]) for widget in (drift, backup, test)} == {
        (86400, "-P3D")
    }


def test_dashboard_is_named_for_its_environment(template: Templates) -> None:
    template("prod", "monitoring").has_resource_properties("AWS::CloudWatch::Dashboard", {"DashboardName": "yawl-prod"})


def graph(widgets: list[dict[str, Any]], title: str) -> dict[str, Any]:
    """Return the properties of the widget with the title."""
    (found,) = [widget["properties"] for widget in widgets if widget["properties"].get("title") == title]
    return found


def period(alarm: dict[str, Any]) -> int:
    """Return the one period, in seconds, that all of an alarm's metrics have."""
    (one,) = {query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query}
    return one

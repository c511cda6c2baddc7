"""What starts the pipeline's functions and the pipeline: whole patterns, and which events of a delivery match them.

The events are those of CodePipeline's user guide ("CodePipeline events"); ministack's implementation of the API
TestEventPattern matches them.
"""

import json
import re
from importlib import import_module
from typing import Any, Final

import pytest

from tests.unit.deployed_stacks import Json, stacks
from tests.unit.other_settings import APPS, Synthesized
from tests.unit.pipeline_definition import Pipeline

eventbridge: Any = import_module("ministack.services.eventbridge")


def event(kind: str, state: str, **detail: Any) -> Json:
    """Return an event of a delivery; with `source`, another service's."""
    source = detail.pop("source", "aws.codepipeline")
    pipeline = detail.pop("pipeline", "yawl-delivery")
    return {
        "version": "0",
        "id": "event-Id",
        "detail-type": f"CodePipeline {kind} Execution State Change",
        "source": source,
        "account": "111111111111",
        "region": "us-east-1",
        "resources": [f"arn:aws:codepipeline:us-east-1:111111111111:{pipeline}"],
        "detail": {"pipeline": pipeline, "version": 3, "state": state, "execution-id": "execution-Id", **detail},
    }


def action(state: str, category: str, **detail: Any) -> Json:
    """Return an event of an action."""
    owner = {"owner": "AWS", "category": category, "provider": "provider", "version": "1"}
    return event("Action", state, region="us-east-1", type=owner, **{"stage": "Dev", "action": "One", **detail})


EVENTS: Final = {
    "pipeline started": event("Pipeline", "STARTED"),
    "pipeline resumed": event("Pipeline", "RESUMED"),
    "pipeline stopping": event("Pipeline", "STOPPING"),
    "pipeline stopped": event("Pipeline", "STOPPED"),
    "pipeline succeeded": event("Pipeline", "SUCCEEDED"),
    "pipeline failed": event("Pipeline", "FAILED"),
    "pipeline superseded": event("Pipeline", "SUPERSEDED"),
    "pipeline canceled": event("Pipeline", "CANCELED"),
    "stage Dev started": event("Stage", "STARTED", stage="Dev"),
    "stage Dev succeeded": event("Stage", "SUCCEEDED", stage="Dev"),
    "stage Dev failed": event("Stage", "FAILED", stage="Dev"),
    "stage Dev stopped": event("Stage", "STOPPED", stage="Dev"),
    "stage Dev canceled": event("Stage", "CANCELED", stage="Dev"),
    "stage Prod succeeded": event("Stage", "SUCCEEDED", stage="Prod"),
    "stage ProdReview succeeded": event("Stage", "SUCCEEDED", stage="ProdReview"),
    "stage Build failed": event("Stage", "FAILED", stage="Build"),
    "source started": action("STARTED", "Source"),
    "source succeeded": action("SUCCEEDED", "Source"),
    "source failed": action("FAILED", "Source"),
    "approval started": action("STARTED", "Approval", stage="ProdApproval"),
    "approval succeeded": action("SUCCEEDED", "Approval", stage="ProdApproval"),
    "approval failed": action("FAILED", "Approval", stage="ProdApproval"),
    "build started": action("STARTED", "Build"),
    "build succeeded": action("SUCCEEDED", "Build"),
    "deployment failed": action("FAILED", "Deploy"),
    # As if sent by somebody else, or for somebody else.
    "another pipeline failed": event("Stage", "FAILED", stage="Dev", pipeline="yawl-delivery-2"),
    "another pipeline stopped": event("Pipeline", "STOPPED", pipeline="other"),
    "another pipeline's stage Dev succeeded": event("Stage", "SUCCEEDED", stage="Dev", pipeline="other"),
    "another pipeline's source succeeded": action("SUCCEEDED", "Source", pipeline="other"),
    "another pipeline's approval started": action("STARTED", "Approval", pipeline="other"),
    "custom stage Dev succeeded": event("Stage", "SUCCEEDED", stage="Dev", source="custom"),
    "custom stage Dev failed": event("Stage", "FAILED", stage="Dev", source="custom"),
    "custom source succeeded": action("SUCCEEDED", "Source", source="custom"),
    "custom approval started": action("STARTED", "Approval", source="custom"),
    "custom pipeline stopped": event("Pipeline", "STOPPED", source="custom"),
}
ENDS: Final = ["SUCCEEDED", "FAILED", "STOPPED", "SUPERSEDED", "CANCELED"]
ACTION, STAGE, PIPELINE = (f"CodePipeline {what} Execution State Change" for what in ("Action", "Stage", "Pipeline"))
DEPLOYMENTS: Final = ["Dev", "Staging", "Prod"]

RULES: Final[dict[str, tuple[list[str], Json, set[str]]]] = {
    "NotificationsNotifierBegan": (
        [ACTION],
        {"state": ["SUCCEEDED"], "type": {"category": ["Source"]}},
        {"source succeeded"},
    ),
    "NotificationsNotifierWaits": (
        [ACTION],
        {"state": ["STARTED"], "type": {"category": ["Approval"]}},
        {"approval started"},
    ),
    "NotificationsNotifierArrived": (
        [STAGE],
        {"state": ["SUCCEEDED"], "stage": DEPLOYMENTS},
        {"stage Dev succeeded", "stage Prod succeeded"},
    ),
    "NotificationsNotifierFailed": ([STAGE], {"state": ["FAILED"]}, {"stage Dev failed", "stage Build failed"}),
    "NotificationsNotifierStopped": ([PIPELINE], {"state": ["STOPPED"]}, {"pipeline stopped"}),
    "ReleaseRecordsRecorderArrived": (
        [STAGE],
        {"state": ["SUCCEEDED"], "stage": DEPLOYMENTS},
        {"stage Dev succeeded", "stage Prod succeeded"},
    ),
    "DeliveryMetricsEventsRule": (
        [PIPELINE, STAGE],
        {"state": ENDS},
        {
            *("pipeline stopped", "pipeline succeeded", "pipeline failed", "pipeline superseded", "pipeline canceled"),
            *("stage Dev succeeded", "stage Dev failed", "stage Dev stopped", "stage Dev canceled"),
            *("stage Prod succeeded", "stage ProdReview succeeded", "stage Build failed"),
        },
    ),
}
"""The rules with a pattern: kinds, the rest of the detail, and which of the events match."""
SCHEDULES: Final = {
    "DeliveryMetricsDaily": "cron(0 5 * * ? *)",
    "DriftCheckEveryDay": "cron(0 4 * * ? *)",
    "CheckEveryDay": "cron(0 12 * * ? *)",
}
"""The rules with a schedule, in UTC."""


def matches(pattern: Json, found: Json) -> bool:
    status, _, body = eventbridge._test_event_pattern({"Event": json.dumps(found), "EventPattern": json.dumps(pattern)})
    assert status == 200, body
    return json.loads(body)["Result"]


def rules(app: Synthesized) -> list[tuple[str, Json, dict[str, Json]]]:
    """Return every rule by its id without the hash, with the resources of its stack."""
    return [
        (re.sub(r"[0-9A-F]{8}$", "", logical_id), rule, stack.resources)
        for stack in stacks(app)
        for logical_id, rule in stack.of_type("AWS::Events::Rule")
    ]


@pytest.mark.parametrize("name", RULES)
def test_pattern_matches_these_events_and_no_others(name: str, pipeline: Pipeline) -> None:
    kinds, detail, expected = RULES[name]
    [rule] = [one["Properties"] for logical_id, one in pipeline.resources.items() if logical_id[:-8] == name]
    assert rule["EventPattern"] == {
        "source": ["aws.codepipeline"],
        "detail-type": kinds,
        "detail": {"pipeline": ["yawl-delivery"], **detail},
    }
    assert {text for text, one in EVENTS.items() if matches(rule["EventPattern"], one)} == expected


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_every_rule_is_listed_enabled_and_on_the_default_bus(app: Synthesized) -> None:
    found = rules(app)
    assert {name for name, rule, _ in found if "EventPattern" in rule} == set(RULES)
    for name, rule, _ in found:
        assert rule["State"] == "ENABLED"
        assert "EventBusName" not in rule
        assert rule.get("ScheduleExpression") == SCHEDULES.get(name)


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_every_rule_may_invoke_its_one_function(app: Synthesized) -> None:
    """A function that does not admit its rule is never invoked, and nothing tells."""
    for name, rule, resources in rules(app):
        [target] = rule["Targets"]
        function = target["Arn"]["Fn::GetAtt"][0]
        assert resources[function]["Type"] == "AWS::Lambda::Function"
        admitted = [
            one["Properties"]["SourceArn"]["Fn::GetAtt"][0]
            for one in resources.values()
            if one["Type"] == "AWS::Lambda::Permission"
            and one["Properties"]["FunctionName"] == {"Fn::GetAtt": [function, "Arn"]}
        ]
        assert [one for one in admitted if one[:-8] == name]
        queue = resources[function]["Properties"].get("DeadLetterConfig", {}).get("TargetArn")
        assert target.get("DeadLetterConfig", {}).get("Arn") == queue
        assert {"Input", "InputPath", "InputTransformer"}.isdisjoint(target)


def test_events_that_were_not_processed_are_kept_for_two_weeks(pipeline: Pipeline) -> None:
    queues = pipeline.of_type("AWS::SQS::Queue")
    assert [queue["MessageRetentionPeriod"] for queue in queues] == [14 * 24 * 3600] * 3


def test_each_rule_starts_the_function_that_it_is_for(pipeline: Pipeline) -> None:
    for logical_id, rule in pipeline.resources.items():
        if rule["Type"] == "AWS::Events::Rule":
            [target] = rule["Properties"]["Targets"]
            of_rule = re.match("NotificationsNotifier|ReleaseRecordsRecorder|DeliveryMetrics", logical_id)
            assert of_rule
            assert target["Arn"]["Fn::GetAtt"][0].startswith(of_rule.group())


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_only_pushes_to_the_branch_start_the_pipeline(app: Synthesized) -> None:
    pipeline = app.pipeline
    for trigger in pipeline.definition.get("Triggers", []):
        assert trigger["GitConfiguration"].keys() == {"SourceActionName", "Push"}
        assert [push["Branches"] for push in trigger["GitConfiguration"]["Push"]] == [{"Includes": ["main"]}]
    [source] = pipeline.stages["Source"]
    assert source["Configuration"] == {
        "ConnectionArn": "arn:aws:codeconnections:us-east-1:111111111111:connection/"
        "00000000-0000-0000-0000-000000000000",
        "FullRepositoryId": "example/yawl-delivery",
        "BranchName": "main",
        "OutputArtifactFormat": "CODEBUILD_CLONE_REF",
    }
    for stack in stacks(app):
        for kind in ("AWS::CodePipeline::Webhook", "AWS::Scheduler::Schedule", "AWS::Lambda::EventSourceMapping"):
            assert not list(stack.of_type(kind))
        for _, bucket in stack.of_type("AWS::S3::Bucket"):
            assert "NotificationConfiguration" not in bucket


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_alarms_notify_the_topic_of_their_severity(app: Synthesized) -> None:
    alarms = 0
    for stack in stacks(app):
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            for _, alarm in stack.of_type(kind):
                alarms += 1
                severity = re.match("HIGH|MEDIUM|LOW", alarm["AlarmDescription"])
                topics = [one["Ref"][:-8] for one in alarm.get("AlarmActions", [])]
                if stack.environment == "delivery":
                    assert topics == ["DeliveryTopic"], alarm["AlarmName"]
                elif severity:
                    assert topics == [f"Topics{severity.group().capitalize()}"], alarm["AlarmName"]
                else:
                    # ECS reads the one during deployments, the bake the other.
                    assert (topics, alarm["AlarmName"].rpartition("-")[2] in ("deployment", "health")) == ([], True)
                assert {"OKActions", "InsufficientDataActions"}.isdisjoint(alarm)
                assert alarm.get("ActionsEnabled", True) is True
    assert alarms > 20

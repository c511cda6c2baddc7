"""Notifications about deliveries: topics, rules, function and chat of the pipeline's stack."""

import json
from typing import Any

import pytest

from lambdas.delivery_events.notify import CLAIMS as CLAIMED
from pipeline.events.notifications import CLAIMS
from tests.policies import allows
from tests.unit.other_settings import APPS, Synthesized
from tests.unit.pipeline_definition import Pipeline, actions_of

STAGES = {
    "DevReview": "dev",
    "Dev": "dev",
    "StagingReview": "staging",
    "Staging": "staging",
    "ProdReview": "prod",
    "ProdApproval": "prod",
    "Prod": "prod",
}


@pytest.fixture(scope="module")
def notifier(pipeline: Pipeline) -> dict[str, Any]:
    [found] = [one for one in pipeline.of_type("AWS::Lambda::Function") if one["Handler"].endswith("notify.handler")]
    return found


def test_failed_event_is_queued_and_raises_an_alarm(pipeline: Pipeline, notifier: dict[str, Any]) -> None:
    queue = notifier["DeadLetterConfig"]["TargetArn"]
    rules = [rule for rule in pipeline.of_type("AWS::Events::Rule") if "Notifier" in json.dumps(rule["Targets"])]
    assert all(target["DeadLetterConfig"]["Arn"] == queue for rule in rules for target in rule["Targets"])
    [alarm] = [
        alarm for alarm in pipeline.of_type("AWS::CloudWatch::Alarm") if "Notifier" in json.dumps(alarm["Dimensions"])
    ]
    assert alarm["Threshold"] == 1
    [topic] = alarm["AlarmActions"]
    assert topic["Ref"].startswith("DeliveryTopic")


def test_function_size_and_stages(notifier: dict[str, Any]) -> None:
    assert (notifier["Architectures"], "Layers" in notifier, "VpcConfig" in notifier) == (["arm64"], False, False)
    assert notifier["Runtime"].startswith("python3.")
    given = notifier["Environment"]["Variables"]
    assert json.loads(given["ENVIRONMENTS"]) == STAGES
    assert json.loads(given["DEPLOYMENTS"]) == ["Dev", "Staging", "Prod"]


def test_function_permissions(pipeline: Pipeline, notifier: dict[str, Any]) -> None:
    statements = pipeline.statements_of(notifier["Role"]["Fn::GetAtt"][0])
    assert actions_of(statements) == {
        "codebuild:BatchGetBuilds",
        "codepipeline:GetPipelineExecution",
        "codepipeline:ListActionExecutions",
        "codepipeline:ListPipelineExecutions",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
        "s3:DeleteObject",
        "s3:PutObject",
        "sns:Publish",
        "sqs:SendMessage",
        "sts:AssumeRole",
    }
    [claims] = [json.dumps(one["Resource"]) for one in statements if "s3:PutObject" in one["Action"]]
    assert f"/{CLAIMS}/*" in claims
    assert CLAIMS == CLAIMED


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_function_can_read_every_build_log(app: Synthesized) -> None:
    pipeline = app.pipeline
    [role] = [one["Role"] for one in pipeline.of_type("AWS::Lambda::Function") if "notify" in one["Handler"]]
    statements = pipeline.statements_of(role["Fn::GetAtt"][0])
    projects = {
        name: one["Properties"] for name, one in pipeline.resources.items() if one["Type"] == "AWS::CodeBuild::Project"
    }
    region = app.pipeline_region
    unreadable: list[str] = []
    for name, project in projects.items():
        # The ARNs of projects as CloudFormation returns them: `Fn::GetAtt` for those with names too.
        arns = [f"arn:aws:codebuild:{region}:111111111111:project/{project.get('Name', f'{name}-1A2B3C4D5E6F')}"]
        arns += [f"<{name}.Arn>"] if "Name" in project else []
        group = project["LogsConfig"]["CloudWatchLogs"]["GroupName"]["Ref"]
        log = f"arn:aws:logs:{region}:111111111111:log-group:yawl-delivery-{group}-1A2B3C4D5E6F:log-stream:1"
        if not any(allows(statements, "codebuild:BatchGetBuilds", arn) for arn in arns):
            unreadable.append(name)
        if not allows(statements, "logs:GetLogEvents", log):
            unreadable.append(group)
    assert len(projects) > 4
    assert unreadable == []


def test_topics_are_encrypted_and_require_tls(pipeline: Pipeline) -> None:
    topics = [name for name, resource in pipeline.resources.items() if resource["Type"] == "AWS::SNS::Topic"]
    assert [name.rstrip("0123456789ABCDEF") for name in topics] == ["ApprovalTopic", "DeliveryTopic"]
    for topic in topics:
        assert "KmsMasterKeyId" in pipeline.resources[topic]["Properties"]
        [policy] = [one for one in pipeline.of_type("AWS::SNS::TopicPolicy") if {"Ref": topic} in one["Topics"]]
        denied = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_recipients_come_from_the_settings(app_elsewhere: Synthesized) -> None:
    pipeline = app_elsewhere.pipeline
    subscribed = {one["Endpoint"]: one["TopicArn"]["Ref"] for one in pipeline.of_type("AWS::SNS::Subscription")}
    assert subscribed["approvers@example.com"].startswith("ApprovalTopic")
    assert subscribed["team@example.com"].startswith("DeliveryTopic")
    [chat] = pipeline.of_type("AWS::Chatbot::SlackChannelConfiguration")
    assert (chat["SlackWorkspaceId"], chat["SlackChannelId"]) == ("T012ABCDEFG", "C012ABCDEFG")
    assert {topic["Ref"] for topic in chat["SnsTopicArns"]} == set(subscribed.values())
    assert "AWSDenyAll" in json.dumps(chat["GuardrailPolicies"])


def test_no_notifications_by_default(pipeline: Pipeline) -> None:
    assert pipeline.of_type("AWS::SNS::Subscription") == []
    assert pipeline.of_type("AWS::Chatbot::SlackChannelConfiguration") == []

"""Events of a pipeline match the account's rules and invoke its functions, which really run."""

import io
import json
import time
import zipfile
from typing import Any

import pytest

from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.conftest import Account, attribute, ref, resource

PUBLISHES = """
import json, os, boto3
def handler(event, context):
    detail = event["detail"]
    found = boto3.client("codepipeline").get_pipeline_execution(
        pipelineName=detail["pipeline"], pipelineExecutionId=detail["execution-id"])["pipelineExecution"]
    boto3.client("sns").publish(
        TopicArn=os.environ["TOPIC"], Subject=detail["state"], MessageStructure="json",
        Message=json.dumps({"default": "?", "email": found["status"]}))
"""
FAILS = "def handler(event, context):\n    raise ValueError('no way')\n"
ROLE = {
    "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    },
    "Policies": [
        {
            "PolicyName": "anything",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
            },
        }
    ],
}


def listening(account: Account, code: str, **pattern: Any) -> dict[str, str]:
    """Deploy a function, the rule that invokes it, a topic and a dead-letter queue."""
    bucket = f"code-{account.place.account}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.place.region})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("listener.py", code)
    s3.put_object(Bucket=bucket, Key="code.zip", Body=packed.getvalue())
    return account.deploy(
        Role=resource("AWS::IAM::Role", **ROLE),
        Topic=resource("AWS::SNS::Topic"),
        Failures=resource("AWS::SQS::Queue"),
        Listener=resource(
            "AWS::Lambda::Function",
            Runtime="python3.13",
            Handler="listener.handler",
            Role=attribute("Role", "Arn"),
            Code={"S3Bucket": bucket, "S3Key": "code.zip"},
            Environment={"Variables": {"TOPIC": ref("Topic")}},
            DeadLetterConfig={"TargetArn": attribute("Failures", "Arn")},
        ),
        Rule=resource(
            "AWS::Events::Rule",
            EventPattern={"source": ["aws.codepipeline"], "detail": pattern},
            Targets=[{"Id": "Listener", "Arn": attribute("Listener", "Arn")}],
        ),
    )


def publish_event(account: Account, state: str, execution: str = "one", **more: Any) -> None:
    """Publish a rehearsal's events of a pipeline in the account."""
    what = "Action" if "action" in more else "Pipeline"
    known = more.pop("known", {"kind": "STANDARD"})
    account.cloud.publish_event(
        {
            "account": account.place.account,
            "region": account.place.region,
            "event": {
                "detail-type": f"CodePipeline {what} Execution State Change",
                "source": "aws.codepipeline",
                "time": "2026-11-24T12:00:00Z",
                "resources": [],
                "detail": {
                    "pipeline": "pipeline",
                    "execution-id": execution,
                    "start-time": "2026-11-24T12:00:00.000Z",
                    "version": 1.0,
                    "state": state,
                    "execution-trigger": {"trigger-type": "WebhookV2", "trigger-detail": ""},
                    **more,
                },
            },
            "known": known,
        }
    )


def settled(cloud: Cloud) -> None:
    deadline = time.monotonic() + 30
    while not cloud.fact("functions")["idle"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_function_behind_a_rule_runs_and_reads_the_pipeline(account: Account) -> None:
    topic = listening(account, PUBLISHES, state=["STARTED", "FAILED"])["Topic"]
    for state in ("STARTED", "SUCCEEDED", "FAILED"):
        publish_event(account, state)
    settled(account.cloud)
    messages = [one for one in account.cloud.fact("messages") if one["topic"] == topic]
    # In the order of the events, with the state when the function called.
    assert [one["subject"] for one in messages] == ["STARTED", "FAILED"]
    assert messages[-1]["text"] == "Failed"


def test_failing_function_is_retried_and_its_event_kept(account: Account) -> None:
    ids = listening(account, FAILS, state=["STARTED"])
    publish_event(account, "STARTED")
    settled(account.cloud)
    [failure] = [one for one in account.cloud.fact("functions")["failures"] if ids["Listener"] in one]
    assert "no way" in failure
    messages = account.client("sqs").receive_message(QueueUrl=ids["Failures"])["Messages"]
    assert json.loads(messages[0]["Body"])["requestPayload"]["detail"]["execution-id"] == "one"


def test_list_action_executions(account: Account) -> None:
    publish_event(account, "STARTED")
    kind = {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"}
    for number, name in enumerate(("first", "second")):
        details = {
            "stage": "Prod",
            "action": name,
            "action-execution-id": str(number),
            "type": kind,
            "region": "eu-west-1",
        }
        publish_event(account, "STARTED", **details, known={"configuration": {"CustomData": name}})
        publish_event(
            account, "SUCCEEDED", **details, known={"variables": {"A": "1"}, "summary": "well", "updated_by": "arn:me"}
        )
    publish_event(
        account, "STARTED", execution="other", **(details | {"action": "of another", "action-execution-id": "2"})
    )
    codepipeline = account.client("codepipeline")
    everything = codepipeline.list_action_executions(pipelineName="pipeline")["actionExecutionDetails"]
    assert [item["actionName"] for item in everything] == ["of another", "second", "first"]
    assert codepipeline.list_action_executions(pipelineName="none")["actionExecutionDetails"] == []
    found = codepipeline.list_action_executions(pipelineName="pipeline", filter={"pipelineExecutionId": "one"})[
        "actionExecutionDetails"
    ]
    assert [item["actionName"] for item in found] == ["second", "first"]
    [newest, _] = found
    assert newest["status"] == "Succeeded"
    assert newest["updatedBy"] == "arn:me"
    assert newest["input"]["resolvedConfiguration"] == {"CustomData": "second"}
    assert newest["output"]["outputVariables"] == {"A": "1"}
    assert newest["output"]["executionResult"]["externalExecutionSummary"] == "well"


def test_get_pipeline_state(account: Account) -> None:
    publish_event(account, "STARTED")
    kind = {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"}
    for stage, *states in (("Dev", "STARTED", "SUCCEEDED"), ("Prod", "STARTED")):
        details = {
            "stage": stage,
            "action": "Approve",
            "action-execution-id": stage,
            "type": kind,
            "region": "eu-west-1",
        }
        for state in states:
            publish_event(account, state, **details)
    states = account.client("codepipeline").get_pipeline_state(name="pipeline")["stageStates"]
    assert {state["stageName"]: state["latestExecution"] for state in states} == {
        "Dev": {"pipelineExecutionId": "one", "status": "Succeeded"},
        "Prod": {"pipelineExecutionId": "one", "status": "InProgress"},
    }


def test_executions_are_listed_by_the_stage_that_they_passed_in_the_current_version(account: Account) -> None:
    for execution, version, state in (("old", 1.0, "SUCCEEDED"), ("good", 2.0, "SUCCEEDED"), ("bad", 2.0, "FAILED")):
        publish_event(account, "STARTED", execution, version=version)
        publish_event(account, state, execution, stage="Prod", version=version, known={})
    client = account.client("codepipeline")
    every = client.list_pipeline_executions(pipelineName="pipeline")["pipelineExecutionSummaries"]
    assert [one["pipelineExecutionId"] for one in every] == ["bad", "good", "old"]
    passed = client.list_pipeline_executions(
        pipelineName="pipeline", filter={"succeededInStage": {"stageName": "Prod"}}
    )["pipelineExecutionSummaries"]
    assert [one["pipelineExecutionId"] for one in passed] == ["good"]


def test_unknown_execution_is_refused(account: Account) -> None:
    client = account.client("codepipeline")
    with pytest.raises(client.exceptions.PipelineExecutionNotFoundException):
        client.get_pipeline_execution(pipelineName="pipeline", pipelineExecutionId="none")

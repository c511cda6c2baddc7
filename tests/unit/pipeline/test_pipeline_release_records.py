"""The bucket of release records, and who may write to it."""

import json
from typing import Any

import pytest
from aws_cdk.assertions import Template

from lambdas.delivery_events.record import write_record
from pipeline.events.release_records import OUTPUT
from tests.unit.other_settings import APPS, Synthesized
from tests.unit.pipeline_definition import Pipeline, actions_of
from tests.unit.recorded_delivery import Recording, begun, passed
from tools.releases.records import OUTPUT as READ


@pytest.fixture(scope="module")
def bucket(pipeline: Pipeline) -> tuple[str, dict[str, Any]]:
    [(name, found)] = [
        (name, one)
        for name, one in pipeline.resources.items()
        if name.startswith("ReleaseRecords") and one["Properties"].get("ObjectLockEnabled")
    ]
    return name, found


def test_records_cannot_be_deleted(pipeline: Pipeline, bucket: tuple[str, dict[str, Any]]) -> None:
    name, found = bucket
    assert found["DeletionPolicy"] == "RetainExceptOnCreate"
    properties = found["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 400}
    [policy] = [one for one in pipeline.of_type("AWS::S3::BucketPolicy") if one["Bucket"] == {"Ref": name}]
    denied = [one for one in policy["PolicyDocument"]["Statement"] if one.get("Sid") == "KeepTheLock"]
    assert [(one["Effect"], one["Action"], one["Principal"]) for one in denied] == [
        ("Deny", "s3:BypassGovernanceRetention", {"AWS": "*"})
    ]
    assert denied[0]["Resource"] == {"Fn::Join": ["", [{"Fn::GetAtt": [name, "Arn"]}, "/*"]]}


def test_records_name_the_environment_of_their_stage(pipeline: Pipeline) -> None:
    [recorder] = [one for one in pipeline.of_type("AWS::Lambda::Function") if one["Handler"].endswith("record.handler")]
    given = json.loads(recorder["Environment"]["Variables"]["ENVIRONMENTS"])
    assert given == {"Dev": "dev", "Staging": "staging", "Prod": "prod"}


def test_recorder_can_write_but_not_delete(pipeline: Pipeline, bucket: tuple[str, dict[str, Any]]) -> None:
    [recorder] = [one for one in pipeline.of_type("AWS::Lambda::Function") if one["Handler"].endswith("record.handler")]
    statements = pipeline.statements_of(recorder["Role"]["Fn::GetAtt"][0])
    assert {action for action in actions_of(statements) if action.startswith("s3:")} == {"s3:PutObject"}
    [put] = [one for one in statements if one["Action"] == "s3:PutObject"]
    assert put["Resource"] == {"Fn::Join": ["", [{"Fn::GetAtt": [bucket[0], "Arn"]}, "/*"]]}


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_summary_of_every_environments_tests_reaches_its_record(app: Synthesized) -> None:
    pipeline = app.pipeline
    [recorder] = [one for one in pipeline.of_type("AWS::Lambda::Function") if one["Handler"].endswith("record.handler")]
    environments = json.loads(recorder["Environment"]["Variables"]["ENVIRONMENTS"])
    assert environments
    for stage in environments:
        it = Recording()
        begun(it)
        tests = [action for action in pipeline.stages[stage] if action["Name"].endswith("IntegrationTests")]
        summaries = {action["Name"]: f"{action['Name']}: 24 passed" for action in tests}
        # CodePipeline keeps the variables of an action that has a namespace.
        kept = {
            action["Name"]: {"SUMMARY": summaries[action["Name"]]} if "Namespace" in action else {} for action in tests
        }
        passed(it, "one", stage, **kept)
        name = write_record(it.events[-1], it, {"BUCKET": "records", "ENVIRONMENTS": json.dumps(environments)})
        assert json.loads(it.objects[name])["tests"] == list(summaries.values())


def test_command_finds_the_bucket(pipeline_template: Template, bucket: tuple[str, dict[str, Any]]) -> None:
    assert pipeline_template.to_json()["Outputs"][OUTPUT]["Value"] == {"Ref": bucket[0]}
    assert OUTPUT == READ

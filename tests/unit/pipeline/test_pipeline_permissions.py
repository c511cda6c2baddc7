"""The permissions of the pipeline's roles."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.policies import allows, in_text
from tests.unit.other_settings import APPS, Synthesized
from tests.unit.pipeline_definition import BUILDS, ENVIRONMENTS, Pipeline, actions_of

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly


def test_actions_share_the_pipelines_role(pipeline: Pipeline) -> None:
    functions = pipeline.of_type("AWS::Lambda::Function")
    trails = pipeline.of_type("AWS::CloudTrail::Trail")
    assert len(pipeline.of_type("AWS::IAM::Role")) == 1 + len(BUILDS) + len(functions) + len(trails)


@pytest.mark.parametrize("action", ["codestar-connections:UseConnection", "codeconnections:UseConnection"])
def test_pipeline_can_use_only_its_connection(action: str, pipeline: Pipeline) -> None:
    role = pipeline.definition["RoleArn"]["Fn::GetAtt"][0]
    [statement] = [statement for statement in pipeline.statements_of(role) if action in actions_of([statement])]
    assert statement["Resource"] == pipeline.action("Source", "Source")["Configuration"]["ConnectionArn"]


def test_builds_of_an_environment_can_assume_only_its_role(pipeline: Pipeline) -> None:
    roles = {"IntegrationTests": "integration-tests", "Bake": "bake"}
    for stage, account in ENVIRONMENTS.items():
        for action, role in roles.items():
            assert _assumed(pipeline, stage, action) == [f"arn:aws:iam::{account}:role/yawl-{stage.lower()}-{role}"], (
                stage,
                action,
            )


def test_synth_can_assume_no_role(pipeline: Pipeline) -> None:
    assert _assumed(pipeline, "Build", "Synth") == []


def _assumed(pipeline: Pipeline, stage: str, action: str) -> list[Any]:
    """Return the roles that a build may assume."""
    statements = pipeline.statements(stage, action)
    return [one["Resource"] for one in statements if "sts:AssumeRole" in actions_of([one])]


@pytest.mark.parametrize("stage", ENVIRONMENTS)
class TestIntegrationTests:
    """The integration tests work in another account."""

    def test_integration_test_role_trusts_the_project_name_prefix(
        self, stage: str, pipeline: Pipeline, template: Any
    ) -> None:
        resources = template(stage.lower(), "application").find_resources(
            "AWS::IAM::Role", {"Properties": {"RoleName": f"yawl-{stage.lower()}-integration-tests"}}
        )
        [tested] = resources.values()
        [trust] = tested["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        role = pipeline.project(stage, "IntegrationTests")["ServiceRole"]["Fn::GetAtt"][0]
        assert "RoleName" not in pipeline.resources[role]["Properties"], "CloudFormation names it after the stack"
        assert json.dumps(trust["Condition"]).endswith(':role/yawl-delivery-*"}}')


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_pipeline_can_use_only_its_artifact_keys(app: Synthesized) -> None:
    pipeline = app.pipeline
    statements = pipeline.statements_of(pipeline.definition["RoleArn"]["Fn::GetAtt"][0])
    uses = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptTo")
    stores = pipeline.definition.get("ArtifactStores") or [{"ArtifactStore": pipeline.definition["ArtifactStore"]}]
    no_alias = dict[str, str]()
    for store in stores:
        key, aliases = in_text(store["ArtifactStore"]["EncryptionKey"]["Id"]), no_alias
        others = [("arn:aws:kms:us-east-1:111111111111:key/another", no_alias)]
        if ":alias/" in key:
            place, _, alias = key.rpartition(":")
            key, aliases = f"{place}:key/one", {"kms:ResourceAliases": alias}
            others = [
                (key, no_alias),
                (key, {"kms:ResourceAliases": "alias/database"}),
                (key.replace(store["Region"], "sa-east-1"), aliases),
                (key.replace("111111111111", "444444444444"), aliases),
            ]
        assert [use for use in uses if not allows(statements, use, key, aliases)] == []
        assert [other for other in others for use in uses if allows(statements, use, *other)] == []


UNUSED = {
    "starting other builds": "codebuild:StartBuild",
    "creating log groups": "logs:CreateLogGroup",
}


@pytest.mark.parametrize(("stage", "action"), BUILDS)
class TestBuild:
    """Each build has the permissions that it needs, and few others."""

    @pytest.mark.parametrize("unused", UNUSED)
    def test_unused_permissions_are_absent(self, unused: str, stage: str, action: str, pipeline: Pipeline) -> None:
        assert UNUSED[unused] not in actions_of(pipeline.statements(stage, action))

    def test_only_integration_tests_can_write_reports(self, stage: str, action: str, pipeline: Pipeline) -> None:
        may_report = "codebuild:CreateReport" in actions_of(pipeline.statements(stage, action))
        assert may_report == (action == "IntegrationTests")

    def test_builds_can_write_their_log(self, stage: str, action: str, pipeline: Pipeline) -> None:
        group = pipeline.project(stage, action)["LogsConfig"]["CloudWatchLogs"]["GroupName"]["Ref"]
        [statement] = [
            statement
            for statement in pipeline.statements(stage, action)
            if "logs:PutLogEvents" in actions_of([statement])
        ]
        assert statement["Resource"] == {"Fn::GetAtt": [group, "Arn"]}

    def test_builds_can_encrypt_only_their_output(self, stage: str, action: str, pipeline: Pipeline) -> None:
        read = {"kms:Decrypt", "kms:DescribeKey"}
        written = {
            "Synth": {"kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"},  # its artifact
            "ReviewChanges": {"kms:GenerateDataKey"},  # its review
        }
        allowed = {one for one in actions_of(pipeline.statements(stage, action)) if one.startswith("kms:")}
        assert allowed == read | written.get(action, set())
        assert ("OutputArtifacts" in pipeline.action(stage, action)) == (action == "Synth")

    def test_only_synth_can_write_artifacts(self, stage: str, action: str, pipeline: Pipeline) -> None:
        writing = [one for one in pipeline.statements(stage, action) if "s3:PutObject" in actions_of([one])]
        assert bool(writing) == (action in ("Synth", "ReviewChanges"))
        if action == "ReviewChanges":
            assert json.dumps(writing[0]["Resource"]).endswith(
                f'/change-reviews/{stage.removesuffix("Review").lower()}/*"]]}}'
            )


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_review_can_read_every_compared_stack(app: Synthesized) -> None:
    pipeline = app.pipeline
    for stage in (stage for stage in pipeline.stages if stage.endswith("Review")):
        command = pipeline.buildspec(stage, "ReviewChanges")["phases"]["build"]["commands"][0]
        folders = re.findall(r"--stage cdk\.out/(\S+)", command)
        assert folders
        roles = {
            in_text({"Fn::Sub": artifact["properties"]["lookupRole"]["arn"]})
            for folder in folders
            for artifact in Synthesized(app.folder / folder).artifacts.values()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        statements = pipeline.statements(stage, "ReviewChanges")
        assert [role for role in roles if not allows(statements, "sts:AssumeRole", role)] == []


def test_acknowledgments_have_reasons(assembly: "CloudAssembly") -> None:
    metadata = json.loads(Path(assembly.directory, "yawl-delivery.metadata.json").read_text())
    reasons = [
        (path, rule, reason)
        for path, entries in metadata.items()
        for entry in entries
        if entry["type"] == "aws:cdk:acknowledged-rules"
        for rule, reason in entry["data"].items()
    ]
    assert reasons
    assert all(len(str(reason)) > 30 for _, _, reason in reasons)

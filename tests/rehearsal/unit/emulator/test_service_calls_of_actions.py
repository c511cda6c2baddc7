"""What CodePipeline calls for a CloudFormation action, by its mode."""

from typing import Any

import pytest

from rehearsal.emulator.permissions.service_calls import delivery
from rehearsal.emulator.permissions.service_calls.synthesized import Template, resources_of

ROLE = "arn:aws:iam::111111111111:role/action"


def called(**action: Any) -> set[str]:
    """Return the actions that the role of the pipeline's only action needs."""
    bucket, pipeline = "AWS::S3::Bucket", "AWS::CodePipeline::Pipeline"
    document = {"Name": "It", "ActionTypeId": {"Provider": "CloudFormation"}, "RoleArn": ROLE, **action}
    properties = {
        "RoleArn": "arn:aws:iam::111111111111:role/pipeline",
        "ArtifactStore": {"Location": {"Ref": "Artifacts"}},
        "Stages": [
            {"Name": "Prod", "Actions": [document, {"Name": "Approve", "ActionTypeId": {"Provider": "Manual"}}]}
        ],
    }
    body = {"Resources": {"Artifacts": {"Type": bucket}, "It": {"Type": pipeline, "Properties": properties}}}
    resources = resources_of([Template("delivery", "111111111111", "us-east-1", body, {})])
    [found] = [one for one in resources if one.type == pipeline]
    calls = [*delivery.deploying_stacks(found, resources), *delivery.cloning_the_source(found, resources)]
    return {call.action for call in calls if call.caller.name == ROLE}


MODES = {
    "CHANGE_SET_REPLACE": {"CreateChangeSet", "DeleteChangeSet", "DescribeChangeSet", "DescribeStacks"},
    "CHANGE_SET_EXECUTE": {"ExecuteChangeSet", "DescribeChangeSet", "DescribeStacks"},
    "DELETE_ONLY": {"DeleteStack", "DescribeStacks"},
    "CREATE_UPDATE": {"CreateStack", "UpdateStack", "DescribeStacks", "DescribeStackEvents", "GetTemplate"},
}


@pytest.mark.parametrize(("mode", "operations"), MODES.items())
def test_action_needs_the_calls_of_its_mode_only(mode: str, operations: set[str]) -> None:
    """The library grants no more to an action with a role of its own."""
    found = called(Configuration={"ActionMode": mode, "StackName": "orders"})
    assert found == {f"cloudformation:{one}" for one in operations}


def test_action_with_an_artifact_reads_it() -> None:
    configuration = {"ActionMode": "CHANGE_SET_REPLACE", "StackName": "orders"}
    found = called(Configuration=configuration, InputArtifacts=[{"Name": "Synth"}])
    assert {"s3:GetObject", "s3:GetBucketLocation"} < found

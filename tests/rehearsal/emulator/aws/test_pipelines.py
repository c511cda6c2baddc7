"""CodePipeline: the deployed definition in the API's spelling, with its version."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.emulator.aws.test_events import publish_event
from tests.rehearsal.emulator.conftest import Account, resource, tags


def template(*, comment: str = "?", name: str | None = "delivery", **properties: Any) -> dict[str, Any]:
    approve = {
        "Name": "Approve",
        "ActionTypeId": {"Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1"},
        "Configuration": {"CustomData": comment, "lowerCase": "stays"},
        "RunOrder": 2,
    }
    rule = {
        "Name": "Check",
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"},
        "Configuration": {"Variable": "a", "Operator": "EQ", "Value": "a"},
    }
    return resource(
        "AWS::CodePipeline::Pipeline",
        **({"Name": name} if name else {}),
        RoleArn="arn:aws:iam::111111111111:role/pipeline",
        PipelineType="V2",
        ArtifactStores=[
            {"Region": "eu-west-1", "ArtifactStore": {"Type": "S3", "Location": "here"}},
            {"Region": "us-east-1", "ArtifactStore": {"Type": "S3", "Location": "there"}},
        ],
        Stages=[
            {
                "Name": "Gate",
                "Actions": [approve],
                "BeforeEntry": {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]},
                "OnFailure": {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "ALL_ACTIONS"}},
            },
            # A pipeline needs at least two stages.
            {"Name": "After", "Actions": [approve]},
        ],
        **properties,
    )


def deployed(account: Account, name: str = "delivery") -> dict[str, Any]:
    return account.client("codepipeline").get_pipeline(name=name)["pipeline"]


def test_definition_uses_api_spelling(account: Account) -> None:
    account.deploy(Pipeline=template(comment="Really?"))
    found = deployed(account)
    assert (found["name"], found["version"], found["pipelineType"]) == ("delivery", 1, "V2")
    assert found["roleArn"] == "arn:aws:iam::111111111111:role/pipeline"
    assert found["artifactStores"] == {
        "eu-west-1": {"type": "S3", "location": "here"},
        "us-east-1": {"type": "S3", "location": "there"},
    }
    stage, _ = found["stages"]
    [action] = stage["actions"]
    assert action["actionTypeId"] == {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
    assert action["configuration"] == {"CustomData": "Really?", "lowerCase": "stays"}
    assert action["runOrder"] == 2
    [condition] = stage["beforeEntry"]["conditions"]
    assert condition["result"] == "SKIP"
    assert condition["rules"][0]["configuration"] == {"Variable": "a", "Operator": "EQ", "Value": "a"}
    assert stage["onFailure"] == {"result": "RETRY", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}


def test_token_of_a_source_is_hidden(account: Account) -> None:
    source = {
        "Name": "GitHub",
        "ActionTypeId": {"Category": "Source", "Owner": "ThirdParty", "Provider": "GitHub", "Version": "1"},
        "Configuration": {"Owner": "example", "OAuthToken": "very-secret"},
    }
    pipeline = template()
    pipeline["Properties"]["Stages"][0]["Actions"] = [source]
    account.deploy(Pipeline=pipeline)
    [action] = deployed(account)["stages"][0]["actions"]
    assert action["configuration"] == {"Owner": "example", "OAuthToken": "****"}
    pipeline["Properties"]["Stages"][0]["Actions"][0]["Configuration"]["OAuthToken"] = "another"
    account.deploy(Pipeline=pipeline)
    assert deployed(account)["version"] == 2, "the API hides the value; it has changed all the same"


def test_version_counts_definition_changes(account: Account) -> None:
    account.deploy(Pipeline=template())
    account.deploy(Pipeline=template(Tags=tags(Owner="us")))
    account.deploy(Pipeline=template(Tags=tags(Owner="us"), RestartExecutionOnUpdate=True))
    assert deployed(account)["version"] == 1
    account.deploy(Pipeline=template(comment="two"))
    account.deploy(Pipeline=template(comment="three"))
    assert deployed(account)["version"] == 3


def test_renaming_replaces_the_pipeline(account: Account) -> None:
    account.deploy(Pipeline=template())
    assert account.deploy(Pipeline=template(name="other")) == {"Pipeline": "other"}
    assert deployed(account, "other")["version"] == 1
    with pytest.raises(ClientError, match="does not have a pipeline with name 'delivery'"):
        deployed(account)


def test_default_name_comes_from_the_stack(account: Account) -> None:
    account.stack = "yawl-delivery"
    name = account.deploy(Pipeline=template(name=None))["Pipeline"]
    assert name.startswith("yawl-delivery-Pipeline-")
    assert deployed(account, name)["name"] == name


def test_pipeline_belongs_to_its_account_and_stack(account: Account, other_account: Account) -> None:
    account.deploy(Pipeline=template())
    with pytest.raises(ClientError, match=f"Account '{other_account.place.account}' does not have a pipeline"):
        deployed(other_account)
    account.delete()
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        deployed(account)


def test_unsupported_api_calls_are_reported(account: Account) -> None:
    with pytest.raises(ClientError, match="not an answer of AWS: ListPipelines"):
        account.client("codepipeline").list_pipelines()


ROLLBACKS: list[tuple[str, str, str]] = [
    ("Gate", "good", "a source stage cannot be rolled back"),
    ("After", "failed", "the target execution has not succeeded in it"),
    ("After", "older", "the pipeline has changed since the target execution was started"),
    ("After", "back", "the target execution is a rollback"),
    ("Nowhere", "good", "StageNotFoundException"),
    ("After", "unknown", "PipelineExecutionNotFoundException"),
]


def test_stage_is_rolled_back_as_the_api_reference_says(account: Account) -> None:
    account.deploy(Pipeline=template())
    rest = {"pipeline": "delivery", "region": "eu-west-1", "stage": "After", "action": "Approve"}
    kind = {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"}
    ids = {
        name: f"{number}" * 8 + "-0000-0000-0000-000000000000"
        for number, name in enumerate(("good", "failed", "older", "back", "unknown"))
    }
    for name, state, version in (
        ("good", "SUCCEEDED", 1.0),
        ("failed", "FAILED", 1.0),
        ("older", "SUCCEEDED", 0.0),
        ("back", "SUCCEEDED", 1.0),
    ):
        known = {"kind": "ROLLBACK", "target": ids["good"]} if name == "back" else {"kind": "STANDARD"}
        publish_event(account, "STARTED", ids[name], pipeline="delivery", version=version, known=known)
        details = {**rest, "version": version, "type": kind, "action-execution-id": name}
        publish_event(account, state, ids[name], **details, known={})
    client = account.client("codepipeline")
    for stage, target, refusal in ROLLBACKS:
        request = {"pipelineName": "delivery", "stageName": stage, "targetPipelineExecutionId": ids[target]}
        with pytest.raises(ClientError, match=refusal):
            client.rollback_stage(**request)
    started = client.rollback_stage(pipelineName="delivery", stageName="After", targetPipelineExecutionId=ids["good"])[
        "pipelineExecutionId"
    ]
    [request] = [one for one in account.cloud.fact("started") if one["account"] == account.place.account]
    assert (request["execution"], request["kind"], request["target"]) == (started, "rollback", ids["good"])


def test_execution_starts_with_declared_variables_only(account: Account) -> None:
    account.deploy(Pipeline=template(Variables=[{"Name": "HOTFIX", "DefaultValue": "no"}]))
    client = account.client("codepipeline")
    with pytest.raises(ClientError, match="does not declare these variables: OTHER"):
        client.start_pipeline_execution(name="delivery", variables=[{"name": "OTHER", "value": "yes"}])
    override = {"actionName": "Else", "revisionType": "COMMIT_ID", "revisionValue": "a"}
    with pytest.raises(ClientError, match="There is no source action Else"):
        client.start_pipeline_execution(name="delivery", sourceRevisions=[override])
    client.start_pipeline_execution(name="delivery", variables=[{"name": "HOTFIX", "value": "yes"}])
    [request] = [one for one in account.cloud.fact("started") if one["account"] == account.place.account]
    assert request["variables"] == {"HOTFIX": "yes"}


def of_v1(*, has_conditions: bool = False, **properties: Any) -> dict[str, Any]:
    found = template(**properties)
    found["Properties"]["PipelineType"] = "V1"
    if not has_conditions:
        stages = found["Properties"]["Stages"]
        found["Properties"]["Stages"] = [{name: stage[name] for name in ("Name", "Actions")} for stage in stages]
    return found


V2_ONLY: dict[str, dict[str, Any]] = {
    "Triggers on tag": {"Triggers": [{"ProviderType": "CodeStarSourceConnection"}]},
    "Pipeline variable": {"Variables": [{"Name": "Level"}]},
    "QUEUED or PARALLEL mode": {"ExecutionMode": "QUEUED"},
    "Stage level conditions": {"has_conditions": True},
}


@pytest.mark.parametrize("feature", V2_ONLY)
def test_feature_of_v2_in_a_pipeline_of_v1_is_refused(account: Account, feature: str) -> None:
    with pytest.raises(AssertionError, match=f"{feature} can only be used with V2 pipelines"):
        account.deploy(Pipeline=of_v1(**V2_ONLY[feature]))


def test_pipeline_of_v1_without_features_of_v2(account: Account) -> None:
    account.deploy(Pipeline=of_v1(ExecutionMode="SUPERSEDED"))
    assert deployed(account)["pipelineType"] == "V1"

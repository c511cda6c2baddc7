"""What a rehearsal needs of a cloud assembly besides what `cloud_assembly` reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal import assembly
from rehearsal.bootstraps import Bootstrap
from rehearsal.errors import RehearsalError
from rehearsal.gaps import GapKind

UNKNOWN = "unknown-account/unknown-region"
HOME = "111111111111/us-east-1"
DEPLOY_ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-%s-deploy-role-${AWS::AccountId}-${AWS::Region}"


def pipeline(*deployed: str, path: str = "App/Delivery/Pipeline/Resource", **properties: Any) -> dict[str, Any]:
    """A pipeline with an action for each template."""
    actions = [
        {
            "Name": template,
            "ActionTypeId": {"Category": "Deploy", "Provider": "CloudFormation"},
            "Configuration": {"TemplatePath": f"Synth_Output::{template}", "StackName": template},
        }
        for template in deployed
    ]
    return {
        "Type": "AWS::CodePipeline::Pipeline",
        "Properties": {"Stages": [{"Name": "Deploy", "Actions": actions}], **properties},
        "Metadata": {"aws:cdk:path": path},
    }


def write(directory: Path, *stacks: dict[str, Any], **nested: list[dict[str, Any]]) -> Path:
    """Write an assembly with these stacks, and stages with theirs."""
    directory.mkdir(exist_ok=True)
    artifacts: dict[str, Any] = {}
    for found in stacks:
        name = found["name"]
        (directory / f"{name}.json").write_text(json.dumps({"Resources": found.get("resources", {})}))
        properties = {"templateFile": f"{name}.json", "stackName": f"{name}-deployed", **found.get("properties", {})}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{found.get('environment', HOME)}",
            "properties": properties,
            "displayName": f"App/{name}",
            "dependencies": found.get("dependencies", []),
        }
    for name, inner in nested.items():
        write(directory / name, *inner)
        properties = {"directoryName": name, "displayName": f"App/{name}"}
        artifacts[name] = {"type": "cdk:cloud-assembly", "properties": properties}
    (directory / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return directory


def delivery(*deployed: str, **more: Any) -> dict[str, Any]:
    return {"name": "delivery", "resources": {"P": pipeline(*deployed)}, **more}


def test_pipeline_is_found(tmp_path: Path) -> None:
    found = assembly.read(write(tmp_path, delivery()))
    assert (found.stack_id, found.stack_name) == ("App/delivery", "delivery-deployed")
    assert (found.pipeline, found.pipeline_id, found.pipeline_type) == ("App/Delivery/Pipeline", "P", "V1")
    assert str(found.home) == HOME
    assert found.bootstraps == (Bootstrap(found.home),)
    assert found.agnostic_stacks == found.ignored_stacks == found.gaps == ()


def test_agnostic_stacks_get_the_default_and_then_the_home_of_the_pipeline(tmp_path: Path) -> None:
    stage = [{"name": "one", "environment": UNKNOWN}, {"name": "two", "environment": "222222222222/unknown-region"}]
    written = write(tmp_path, delivery("Prod/one.json", "Prod/two.json", environment=UNKNOWN), Prod=stage)
    found = assembly.read(written)
    assert [str(one) for one in found.aws_environments] == [HOME, "222222222222/us-east-1"]
    assert found.agnostic_stacks == ("delivery-deployed", "one-deployed", "two-deployed")
    found = assembly.read(written, default_environment=AwsEnvironment("333333333333", "eu-west-1"))
    assert [str(one) for one in found.aws_environments] == ["333333333333/eu-west-1", "222222222222/eu-west-1"]


def test_agnostic_stack_goes_to_the_known_home_of_the_pipeline(tmp_path: Path) -> None:
    written = write(tmp_path, delivery("Prod/one.json"), Prod=[{"name": "one", "environment": UNKNOWN}])
    found = assembly.read(written, default_environment=AwsEnvironment("333333333333", "eu-west-1"))
    assert [str(one) for one in found.aws_environments] == [HOME]


def test_only_stacks_that_the_pipeline_deploys_count(tmp_path: Path) -> None:
    """A stage may have the same stack names as another; a support stack is deployed with the pipeline's."""
    support = {"name": "support", "environment": "111111111111/eu-west-1"}
    sandbox = {"name": "one", "environment": "999999999999/us-east-1"}
    first = [{"name": "one", "environment": "222222222222/us-east-1"}]
    other = [{"name": "one", "environment": "888888888888/us-east-1"}]
    written = write(
        tmp_path, delivery("cdk.out/Prod/one.json", dependencies=["support"]), support, sandbox, Prod=first, Other=other
    )
    found = assembly.read(written)
    places = [HOME, "111111111111/eu-west-1", "222222222222/us-east-1"]
    assert [str(one) for one in found.aws_environments] == places
    assert found.ignored_stacks == ("one-deployed", "one-deployed")
    assert found.support_accounts == ("111111111111",)


def test_support_stack_in_another_account_is_set_up_there(tmp_path: Path) -> None:
    """The library makes one for an action whose resource is in an account to which no action deploys."""
    support = {"name": "support", "environment": "444444444444/eu-west-1"}
    found = assembly.read(write(tmp_path, delivery(dependencies=["support"]), support))
    assert [str(one) for one in found.aws_environments] == [HOME, "444444444444/eu-west-1"]
    assert found.support_accounts == ("444444444444",)


def test_action_without_a_template_deploys_the_stack_by_its_name(tmp_path: Path) -> None:
    made = delivery("one.json")
    [action] = made["resources"]["P"]["Properties"]["Stages"][0]["Actions"]
    action["Configuration"] = {"ActionMode": "CHANGE_SET_EXECUTE", "StackName": "one-deployed"}
    found = assembly.read(write(tmp_path, made, {"name": "one"}, {"name": "two"}))
    assert [stack.name for stack in found.stacks] == ["delivery-deployed", "one-deployed"]


TWO = {
    "Orders": pipeline(path="App/Shared/Orders/Pipeline/Resource", Name="orders"),
    "Mail": pipeline(path="App/Shared/Mail/Pipeline/Resource", PipelineType="V2"),
}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("App/Shared/Mail/Pipeline", "App/Shared/Mail/Pipeline"),
        ("/App/Shared/Mail", "App/Shared/Mail/Pipeline"),
        ("orders", "App/Shared/Orders/Pipeline"),
        ("delivery-deployed", "App/Delivery/Pipeline"),
        ("App/delivery", "App/Delivery/Pipeline"),
    ],
)
def test_one_of_several_pipelines_is_chosen(tmp_path: Path, name: str, path: str) -> None:
    written = write(tmp_path, delivery(), {"name": "shared", "resources": TWO})
    assert assembly.read(written, pipeline=name).pipeline == path


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (None, "the app has 3 pipelines; choose one with --pipeline:"),
        ("App/Sha", "--pipeline App/Sha: no pipeline is called App/Sha; choose one of these by its path:"),
        ("shared-deployed", "--pipeline shared-deployed: several pipelines are called shared-deployed"),
    ],
)
def test_pipelines_to_choose_from_are_listed(tmp_path: Path, name: str | None, fault: str) -> None:
    written = write(tmp_path, delivery(), {"name": "shared", "resources": TWO})
    with pytest.raises(RehearsalError) as error:
        assembly.read(written, pipeline=name)
    said = str(error.value)
    assert said.startswith(fault)
    assert said.splitlines()[1:] == [
        "  App/Delivery/Pipeline (stack delivery-deployed)",
        "  App/Shared/Orders/Pipeline (stack shared-deployed, named orders)",
        "  App/Shared/Mail/Pipeline (stack shared-deployed)",
    ]


def test_pipeline_that_another_one_deploys_is_no_choice(tmp_path: Path) -> None:
    inner = [{"name": "inner", "resources": {"P": pipeline(path="App/Prod/inner/P/Resource")}}]
    assert assembly.read(write(tmp_path, delivery("Prod/inner.json"), Prod=inner)).stack_name == "delivery-deployed"


def test_app_without_a_pipeline(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=r"has a pipeline .*; rehearse an app that uses CDK Pipelines"):
        assembly.read(write(tmp_path, {"name": "one"}))


def test_qualifiers_and_names_of_the_synthesizer_are_bootstrapped(tmp_path: Path) -> None:
    own = {
        "assumeRoleArn": DEPLOY_ROLE % "payments",
        "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/payments/version",
    }
    platform = {
        "assumeRoleArn": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/Deployment",
        "stackTemplateAssetObjectUrl": "s3://files-${AWS::Region}/0.json",
        "bootstrapStackVersionSsmParameter": "/platform/version",
    }
    # As a support stack: a role of the pipeline's region, and no version.
    support = {"assumeRoleArn": (DEPLOY_ROLE % "payments").replace("${AWS::Region}", "us-east-1")}
    stages = [
        {"name": "one", "properties": platform, "environment": "222222222222/us-east-1"},
        {"name": "two", "properties": {"assumeRoleArn": DEPLOY_ROLE % "hnb659fds"}},
    ]
    away = {"name": "support", "properties": support, "environment": "111111111111/eu-west-1"}
    found = assembly.read(
        write(
            tmp_path,
            delivery("Prod/one.json", "Prod/two.json", properties=own, dependencies=["support"]),
            away,
            Prod=stages,
        )
    )
    deploy_role, bucket = (
        f"cdk-${{Qualifier}}-{kind}-${{AWS::AccountId}}-${{AWS::Region}}" for kind in ("deploy-role", "assets")
    )
    names = {
        deploy_role: "Deployment",
        bucket: "files-us-east-1",
        "/cdk-bootstrap/${Qualifier}/version": "/platform/version",
    }
    home = found.home
    assert found.bootstraps == (
        Bootstrap(home, "payments"),
        Bootstrap(AwsEnvironment("111111111111", "eu-west-1"), "payments"),
        Bootstrap(AwsEnvironment("222222222222", "us-east-1"), names=names),
        Bootstrap(home),
    )
    template = f"Fn::Sub: {deploy_role}\nFn::Sub: {bucket}\nFn::Sub: cdk-${{Qualifier}}-lookup-role"
    assert found.bootstraps[2].template(template) == (
        "Fn::Sub: Deployment\nFn::Sub: files-us-east-1\nFn::Sub: cdk-${Qualifier}-lookup-role"
    )


def test_two_names_for_one_bootstrap_resource_are_a_gap(tmp_path: Path) -> None:
    custom = {"assumeRoleArn": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/Deployment"}
    usual = {"assumeRoleArn": DEPLOY_ROLE % "hnb659fds"}
    stages = [{"name": "one", "properties": custom}]
    found = assembly.read(write(tmp_path, delivery("Prod/one.json", properties=usual), Prod=stages))
    [gap] = found.gaps
    assert (gap.kind, gap.where) == (GapKind.GIVEN, "one-deployed")
    assert gap.reason.startswith(
        "a bootstrap resource of its account has Deployment here, and the CDK's name in delivery-deployed; "
        "only the latter"
    )


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_execution_policies_must_be_readable(tmp_path: Path, text: str) -> None:
    (write(tmp_path, delivery()) / assembly.EXECUTION_POLICIES).write_text(text)
    with pytest.raises(RehearsalError, match=r"execution-policies\.json cannot be read"):
        assembly.read(tmp_path)


COMMANDS = {
    "Name": "Run",
    "ActionTypeId": {"Category": "Compute", "Owner": "AWS", "Provider": "Commands", "Version": "1"},
}


@pytest.mark.parametrize("kind", ["V1", "V2", None])
def test_feature_of_v2_without_a_type_is_a_gap(tmp_path: Path, kind: str | None) -> None:
    """CodePipeline's answer is not documented. For V1 it is, and the emulator refuses."""
    stages = [{"Name": "Dev", "Actions": [COMMANDS], "OnFailure": {"Result": "ROLLBACK"}}]
    found = pipeline(Stages=stages, Variables=[{"Name": "Level"}], **({"PipelineType": kind} if kind else {}))
    gaps = assembly.read(write(tmp_path, {"name": "delivery", "resources": {"P": found}})).gaps
    features = ["Pipeline variable", "Stage level conditions", "Commands Action"]
    assert [gap.reason.partition(":")[0] for gap in gaps] == ([] if kind else features)
    assert {gap.kind for gap in gaps} <= {GapKind.EMULATOR}

"""What is read from a cloud assembly, and the messages about one that cannot be used."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloud_assembly import PIPELINE, AssemblyError, AwsEnvironment, Stack, common_prefix, partition_of, read

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly


def stack(
    directory: Path, name: str, resource_type: str = "AWS::SNS::Topic", *, env: str = "1/us-east-1", **more: Any
) -> dict[str, Any]:
    """Write a stack's template and return its artifact."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps({"Resources": {"R": {"Type": resource_type}}}))
    properties = {"templateFile": f"{name}.json", "stackName": f"{name}-deployed", **more.pop("properties", {})}
    artifact = {"type": "aws:cloudformation:stack", "environment": f"aws://{env}", "properties": properties}
    return {**artifact, "displayName": f"App/{name}", **more}


def manifest(directory: Path, artifacts: dict[str, Any]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": artifacts}))
    return directory


def nested(name: str, display_name: str) -> dict[str, Any]:
    return {"type": "cdk:cloud-assembly", "properties": {"directoryName": name, "displayName": display_name}}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of an app with a stage of two stacks, and two stacks beside it."""
    prod = tmp_path / "prod"
    network = stack(prod, "yawl-prod-network", env="3/eu-west-1")
    data = stack(prod, "yawl-prod-data", dependencies=["network", "data.assets"])
    manifest(prod, {"network": network, "data": data})
    artifacts = {
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
        "prod": nested("prod", "App/Prod"),
        "support": stack(tmp_path, "support", env="1/eu-west-1"),
        "delivery": stack(tmp_path, "delivery", PIPELINE),
    }
    return manifest(tmp_path, artifacts)


def test_stacks_outside_of_stages_come_first(small: Path) -> None:
    found = read(small)
    assert [one.name for one in found.own_stacks] == ["support-deployed", "delivery-deployed"]
    assert {stage: [one.name for one in stacks] for stage, stacks in found.stages.items()} == {
        "Prod": ["yawl-prod-network-deployed", "yawl-prod-data-deployed"]
    }
    assert list(found.stacks) == [*found.own_stacks, *found.stages["Prod"]]


def test_pipeline_accounts_and_regions_are_found(small: Path) -> None:
    found = read(small)
    assert (found.pipeline.display_name, found.pipeline.name) == ("App/delivery", "delivery-deployed")
    assert found.home == AwsEnvironment("1", "us-east-1")
    assert [str(one) for one in found.aws_environments] == ["1/us-east-1", "1/eu-west-1", "3/eu-west-1"]


def test_stack_has_its_stage_and_dependencies(small: Path) -> None:
    support, delivery, network, data = read(small).stacks
    assert data.dependencies == {network.name}
    assert not network.dependencies
    assert {data.family, network.family} == {"yawl-prod"}
    assert support.family == support.name
    assert [one.stage for one in (delivery, data)] == [None, "Prod"]


def test_assembly_of_a_stage_can_be_read_alone(small: Path) -> None:
    assert [one.name for one in read(small / "prod").stacks] == [one.name for one in read(small).stages["Prod"]]


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_bootstrap_roles_are_in_the_region_partition(tmp_path: Path, region: str, partition: str) -> None:
    arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-%s-${AWS::Region}"
    properties = {
        "lookupRole": {"arn": arn % "lookup", "requiresBootstrapStackVersion": 8},
        "assumeRoleArn": arn % "deploy",
        "cloudFormationExecutionRoleArn": arn % "execution",
        "stackTemplateAssetObjectUrl": "s3://assets-${AWS::AccountId}-${AWS::Region}/0a.json",
        "requiresBootstrapStackVersion": 6,
        "bootstrapStackVersionSsmParameter": "/version",
    }
    manifest(tmp_path, {"one": stack(tmp_path, "one", env=f"1/{region}", properties=properties)})
    [found] = read(tmp_path).stacks
    assert partition_of(region) == found.partition == partition
    assert found.lookup_role_arn == f"arn:{partition}:iam::1:role/cdk-lookup-{region}"
    assert found.deploy_role_arn == f"arn:{partition}:iam::1:role/cdk-deploy-{region}"
    assert found.execution_role_arn == f"arn:{partition}:iam::1:role/cdk-execution-{region}"
    assert found.asset_bucket == f"assets-1-{region}"
    assert (found.bootstrap_version, found.bootstrap_parameter) == (8, "/version")
    assert (
        found.text({"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":", {"Ref": "R"}]]}) == f"arn:{partition}:*"
    )


def test_stack_without_a_bootstrap_has_defaults(tmp_path: Path) -> None:
    artifact = stack(tmp_path, "one")
    del artifact["properties"]["stackName"]
    manifest(tmp_path, {"one": artifact})
    [found] = read(tmp_path).stacks
    assert found.name == "one"
    assert (found.lookup_role_arn, found.deploy_role_arn, found.execution_role_arn) == (None, None, None)
    assert (found.bootstrap_version, found.asset_bucket) == (0, "")


def test_agnostic_stack_gets_the_default_environment(tmp_path: Path) -> None:
    arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-deploy-${AWS::Region}"
    properties = {"assumeRoleArn": arn, "stackTemplateAssetObjectUrl": "s3://assets-${AWS::AccountId}-${AWS::Region}/0"}
    places = {"none": "unknown-account/unknown-region", "account": "3/unknown-region", "both": "3/eu-west-1"}
    artifacts = {name: stack(tmp_path, name, env=place, properties=properties) for name, place in places.items()}
    none, account, both = read(manifest(tmp_path, artifacts)).stacks
    assert [one.is_agnostic for one in (none, account, both)] == [True, True, False]
    default = AwsEnvironment("1", "cn-north-1")
    found = none.deployed_to(default)
    assert found.aws_environment == default
    assert (found.deploy_role_arn, found.asset_bucket) == (
        "arn:aws-cn:iam::1:role/cdk-deploy-cn-north-1",
        "assets-1-cn-north-1",
    )
    assert account.deployed_to(default).aws_environment == AwsEnvironment("3", "cn-north-1")
    assert both.deployed_to(default) == both


def test_template_file_and_asset_destinations_are_read(tmp_path: Path) -> None:
    prod = tmp_path / "prod"
    one = stack(prod, "one", dependencies=["one.assets", "other"])
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "one.assets.json"}}
    manifest(prod, {"one": one, "one.assets": assets})
    destinations = {
        "files": [{"bucketName": "files-${AWS::AccountId}"}],
        "dockerImages": [{"repositoryName": "images"}],
    }
    document = {kind: {"0a": {"destinations": {"current": found[0]}}} for kind, found in destinations.items()}
    (prod / "one.assets.json").write_text(json.dumps(document))
    [found] = read(manifest(tmp_path, {"prod": nested("prod", "App/Prod")})).stacks
    assert found.template_file == "prod/one.json"
    assert found.asset_destinations == ({"bucketName": "files-1"}, {"repositoryName": "images"})


def test_metadata_is_merged(tmp_path: Path) -> None:
    entry = [{"type": "aws:cdk:logicalId", "data": "R"}]
    (tmp_path / "more.json").write_text(json.dumps({"/App/one/R": entry}))
    artifact = stack(tmp_path, "one", metadata={"/App/one": []}, additionalMetadataFile="more.json")
    [found] = read(manifest(tmp_path, {"one": artifact})).stacks
    assert found.metadata == {"/App/one": [], "/App/one/R": entry}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ({"Ref": "AWS::AccountId"}, "1"),
        ({"Ref": "Bucket"}, "*"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "*"),
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}, {"Ref": "Bucket"}]]}, "a-us-east-1-*"),
        ({"Fn::Join": ["-", {"Ref": "List"}]}, "*"),
        ({"Fn::Sub": "${AWS::StackName}.${AWS::URLSuffix}"}, "one.amazonaws.com"),
        ({"Fn::Sub": "${AWS::StackName}.${Bucket}"}, "*"),
        (["a"], "*"),
    ],
)
def test_template_value_as_text(value: Any, text: str) -> None:
    assert Stack(name="one", account="1", region="us-east-1", template={}).text(value) == text


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (["yawl-prod-data", "yawl-prod-network"], "yawl-prod-"),
        (["yawl-prod-data", "yawl-prod-database"], "yawl-prod-"),
        (["yawl-prod-data"], "yawl-prod-"),
        (["a-one", "b-one"], ""),
    ],
)
def test_common_prefix_of_names_ends_with_a_hyphen(names: list[str], prefix: str) -> None:
    assert common_prefix(names) == prefix


def test_assembly_of_the_app_is_read(assembly: "CloudAssembly") -> None:
    found = read(Path(assembly.directory))
    assert found.pipeline.name == "yawl-delivery"
    assert list(found.stages) == ["Dev", "Staging", "Prod"]
    assert {one.name for one in found.stacks} == {one.stack_name for one in assembly.stacks_recursively}
    assert all(one.execution_role_arn and one.execution_role_arn.startswith("arn:aws:iam::") for one in found.stacks)


def nothing(directory: Path) -> None:
    assert list(directory.iterdir()) == []


def no_stack(directory: Path) -> None:
    manifest(directory, {})


def no_json(directory: Path) -> None:
    (directory / "manifest.json").write_text("{")


def no_object(directory: Path) -> None:
    (directory / "manifest.json").write_text("[]")


def no_template(directory: Path) -> None:
    manifest(directory, {"one": stack(directory, "one")})
    (directory / "one.json").unlink()


def no_stage(directory: Path) -> None:
    manifest(directory, {"delivery": stack(directory, "delivery", PIPELINE), "prod": nested("prod", "App/Prod")})


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (nothing, r"/manifest\.json does not exist; synthesize first: cdk synth$"),
        (no_stack, "has no stacks; synthesize first: cdk synth$"),
        (no_json, r"/manifest\.json cannot be read: .*; synthesize again: cdk synth$"),
        (no_object, r"/manifest\.json cannot be read: not a JSON object; synthesize again: cdk synth$"),
        (no_template, r"/one\.json does not exist; synthesize first"),
        (no_stage, r"/prod/manifest\.json does not exist; synthesize first"),
    ],
)
def test_unreadable_assembly(tmp_path: Path, prepare: Callable[[Path], None], message: str) -> None:
    prepare(tmp_path)
    with pytest.raises(AssemblyError, match=message):
        read(tmp_path)


@pytest.mark.parametrize(("names", "listed"), [((), "none"), (("one", "two"), "one-deployed, two-deployed")])
def test_exactly_one_pipeline_is_required(tmp_path: Path, names: tuple[str, ...], listed: str) -> None:
    artifacts = {name: stack(tmp_path, name, PIPELINE) for name in names} or {"other": stack(tmp_path, "other")}
    found = read(manifest(tmp_path, artifacts))
    with pytest.raises(AssemblyError, match=f"must have exactly one stack with an {PIPELINE}; found: {listed}$"):
        _ = found.pipeline

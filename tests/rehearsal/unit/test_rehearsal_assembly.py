"""What a rehearsal reads of a cloud assembly, and what it says of one it cannot use."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal import assembly
from rehearsal.engine.cloud import AwsEnvironment
from rehearsal.errors import RehearsalError

PIPELINE = "AWS::CodePipeline::Pipeline"


def stack(directory: Path, name: str, kind: str = "AWS::SNS::Topic", *, env: str = "1/us-east-1") -> dict[str, Any]:
    """Write a stack's template; return its place in a manifest."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps({"Resources": {"R": {"Type": kind}}}))
    properties = {"templateFile": f"{name}.json", "stackName": f"{name}-deployed"}
    return {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{env}",
        "properties": properties,
        "displayName": f"App/{name}",
    }


def manifest(directory: Path, artifacts: dict[str, Any]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": artifacts}))
    return directory


def nested(name: str) -> dict[str, Any]:
    return {"type": "cdk:cloud-assembly", "properties": {"directoryName": name}}


def test_the_pipeline_and_every_place_are_found(tmp_path: Path) -> None:
    prod = tmp_path / "prod"
    manifest(prod, {"network": stack(prod, "network", env="3/eu-west-1"), "data": stack(prod, "data")})
    artifacts = {
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
        "support": stack(tmp_path, "support", env="1/eu-west-1"),
        "delivery": stack(tmp_path, "delivery", PIPELINE),
        "prod": nested("prod"),
    }
    found = assembly.read(manifest(tmp_path, artifacts))
    assert (found.stack_id, found.stack_name) == ("App/delivery", "delivery-deployed")
    assert found.home == AwsEnvironment("1", "us-east-1")
    assert found.places == (
        AwsEnvironment("1", "us-east-1"),
        AwsEnvironment("1", "eu-west-1"),
        AwsEnvironment("3", "eu-west-1"),
    )
    assert found.directory == tmp_path


def nothing(directory: Path) -> None:
    assert list(directory.iterdir()) == []


def no_stack(directory: Path) -> None:
    manifest(directory, {})


def no_json(directory: Path) -> None:
    (directory / "manifest.json").write_text("{")


def no_object(directory: Path) -> None:
    (directory / "manifest.json").write_text("[]")


def unknown_place(directory: Path) -> None:
    environment = "unknown-account/unknown-region"
    manifest(directory, {"delivery": stack(directory, "delivery", PIPELINE, env=environment)})


def two_pipelines(directory: Path) -> None:
    manifest(directory, {name: stack(directory, name, PIPELINE) for name in ("one", "two")})


def lost_template(directory: Path) -> None:
    manifest(directory, {"one": stack(directory, "one")})
    (directory / "one.json").unlink()


def lost_stage(directory: Path) -> None:
    manifest(directory, {"delivery": stack(directory, "delivery", PIPELINE), "prod": nested("prod")})


MISTAKES = [
    (nothing, "is not a cloud assembly; run make synth first"),
    (no_stack, f"must have exactly one stack with a {PIPELINE}; found: none"),
    (two_pipelines, "found: one, two"),
    (unknown_place, "stack delivery has no fixed account and region"),
    (no_json, "manifest.json: "),
    (no_object, "manifest.json: "),
    (lost_template, "one.json: "),
    (lost_stage, "manifest.json: "),
]


@pytest.mark.parametrize(("prepare", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_an_assembly_that_cannot_be_used_says_why(
    tmp_path: Path, prepare: Callable[[Path], None], message: str
) -> None:
    prepare(tmp_path)
    with pytest.raises(RehearsalError) as raised:
        assembly.read(tmp_path)
    assert message in str(raised.value)

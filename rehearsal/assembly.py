"""Reads from a cloud assembly what a rehearsal needs: the pipeline's stack and the accounts it deploys to."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.engine.cloud import AwsEnvironment
from rehearsal.errors import RehearsalError

PIPELINE_TYPE = "AWS::CodePipeline::Pipeline"


EXECUTION_POLICIES = "execution-policies.json"
"""The file in which an assembly restricts what CloudFormation may do in each account."""


@dataclass(frozen=True)
class ExecutionPolicies:
    """What CloudFormation may do in one account, and the stack that creates these policies before the bootstrap."""

    place: AwsEnvironment
    stack: str
    template: str
    arns: tuple[str, ...]


@dataclass(frozen=True)
class Assembly:
    """A synthesized CDK Pipelines app."""

    directory: Path
    stack_id: str
    """The pipeline stack's id, as `cdk deploy` takes it."""
    stack_name: str
    home: AwsEnvironment
    """The pipeline's account and region."""
    places: tuple[AwsEnvironment, ...]
    """The account and region of every stack, the pipeline's first."""
    execution_policies: Mapping[str, ExecutionPolicies] = field(default_factory=dict)
    """By account; empty: unrestricted."""


def read(directory: Path) -> Assembly:
    """Read the assembly in `directory`.

    Raises RehearsalError if it is missing or unreadable, if it does not have exactly one pipeline, or if a stack has
    no fixed account and region.
    """
    if not (directory / "manifest.json").is_file():
        raise RehearsalError(f"{directory} is not a cloud assembly; run make synth first")
    pipelines = [
        (name, artifact)
        for name, artifact in _stacks(directory)
        if any(resource["Type"] == PIPELINE_TYPE for resource in _resources(directory, artifact))
    ]
    if len(pipelines) != 1:
        found = ", ".join(name for name, _ in pipelines) or "none"
        raise RehearsalError(f"{directory} must have exactly one stack with a {PIPELINE_TYPE}; found: {found}")
    name, artifact = pipelines[0]
    home = _place(name, artifact)
    places = dict.fromkeys([home, *(_place(name, stack) for name, stack in _all_stacks(directory))])
    return Assembly(
        directory=directory,
        stack_id=artifact.get("displayName", name),
        stack_name=artifact["properties"].get("stackName", name),
        home=home,
        places=tuple(places),
        execution_policies=_execution_policies(directory),
    )


def _execution_policies(directory: Path) -> dict[str, ExecutionPolicies]:
    file = directory / EXECUTION_POLICIES
    if not file.is_file():
        return {}
    return {
        account: ExecutionPolicies(
            place=AwsEnvironment(account, found["region"]),
            stack=found["stack"],
            template=json.dumps(found["template"], separators=(",", ":")),
            arns=tuple(f"arn:aws:iam::{account}:policy/{policy['name']}" for policy in found["policies"]),
        )
        for account, found in _read(file, "accounts").items()
    }


def _manifest(directory: Path) -> dict[str, Any]:
    return _read(directory / "manifest.json", "artifacts")


def _stacks(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, artifact in _manifest(directory).items():
        if artifact["type"] == "aws:cloudformation:stack":
            yield name, artifact


def _all_stacks(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _stacks(directory)
    for artifact in _manifest(directory).values():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _all_stacks(directory / artifact["properties"]["directoryName"])


def _resources(directory: Path, artifact: dict[str, Any]) -> list[dict[str, Any]]:
    return list(_read(directory / artifact["properties"]["templateFile"], "Resources").values())


def _read(file: Path, member: str) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise RehearsalError(f"cannot read {file}: {error}") from None
    if not isinstance(document, dict):
        raise RehearsalError(f"cannot read {file}: it is not a JSON object")
    return document.get(member, {})


def _place(name: str, artifact: dict[str, Any]) -> AwsEnvironment:
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    if "unknown" in account or "unknown" in region:
        raise RehearsalError(f"stack {name} has no fixed account and region; give it an `env`")
    return AwsEnvironment(account, region)

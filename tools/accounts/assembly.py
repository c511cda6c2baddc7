"""What is to be deployed, and where: the stacks of a cloud assembly."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.accounts.errors import OperationError

PIPELINE = "AWS::CodePipeline::Pipeline"


@dataclass(frozen=True)
class Place:
    """An account and a region."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack as it is synthesized."""

    name: str
    stage: str | None
    """The pipeline stage that deploys it, `Dev`; None: it is deployed by hand or belongs to the pipeline itself."""
    place: Place
    resources: Mapping[str, Mapping[str, Any]]
    """Its template's resources, by logical id."""
    after: frozenset[str]
    """Names of the stacks that must be there before it."""
    bootstrap_version: int
    """The least version of the bootstrap that deploys it and lets it be read."""
    bootstrap_parameter: str
    """Where a bootstrap leaves its version in Parameter Store."""
    lookup_role_arn: str | None
    """The bootstrapped role that may read the account."""
    deploy_role_arn: str | None
    """The bootstrapped role that may change the account's stacks."""
    execution_role_arn: str | None
    """What CloudFormation acts as."""

    def of_type(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the logical ids and properties of its resources of the type."""
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})


@dataclass(frozen=True)
class Assembly:
    """All stacks of an app with one pipeline."""

    stacks: tuple[Stack, ...]
    pipeline: Stack

    @property
    def home(self) -> Place:
        """Where the pipeline lives."""
        return self.pipeline.place

    def places(self) -> list[Place]:
        """Return every account and region that a stack goes to, the pipeline's own first."""
        return list(dict.fromkeys([self.home, *(stack.place for stack in self.stacks)]))

    def at(self, place: Place) -> list[Stack]:
        """Return the stacks that go there."""
        return [stack for stack in self.stacks if stack.place == place]


def read(directory: Path) -> Assembly:
    """Read the assembly in `directory`; raises OperationError if there is none, or not one with one pipeline."""
    stacks = tuple(_stacks(directory, stage=None))
    pipelines = [stack for stack in stacks if any(stack.of_type(PIPELINE))]
    if len(pipelines) != 1:
        raise OperationError(
            f"{directory} must hold one pipeline and holds {len(pipelines)}; synthesize it: make synth"
        )
    return Assembly(stacks, pipelines[0])


def _stacks(directory: Path, *, stage: str | None) -> Iterator[Stack]:
    artifacts = _read(directory / "manifest.json").get("artifacts", {})
    names = {
        identifier: artifact["properties"].get("stackName", identifier)
        for identifier, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    for identifier, artifact in artifacts.items():
        if identifier in names:
            after = frozenset(names[one] for one in artifact.get("dependencies", []) if one in names)
            yield _stack(directory, names[identifier], artifact, stage=stage, after=after)
        elif artifact["type"] == "cdk:cloud-assembly":
            properties = artifact["properties"]
            nested = directory / properties["directoryName"]
            yield from _stacks(nested, stage=properties.get("displayName", nested.name).rpartition("/")[2])


def _stack(directory: Path, name: str, artifact: dict[str, Any], *, stage: str | None, after: frozenset[str]) -> Stack:
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    properties = artifact["properties"]
    lookup = properties.get("lookupRole", {})
    versions = (properties.get("requiresBootstrapStackVersion", 0), lookup.get("requiresBootstrapStackVersion", 0))
    return Stack(
        name=name,
        stage=stage,
        place=Place(account, region),
        resources=_read(directory / properties["templateFile"]).get("Resources", {}),
        after=after,
        bootstrap_version=max(versions),
        bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter", "/cdk-bootstrap/hnb659fds/version"),
        lookup_role_arn=_arn(lookup.get("arn")),
        deploy_role_arn=_arn(properties.get("assumeRoleArn")),
        execution_role_arn=_arn(properties.get("cloudFormationExecutionRoleArn")),
    )


def _arn(arn: str | None) -> str | None:
    # The settings know the regions of this partition only.
    return arn.replace("${AWS::Partition}", "aws") if arn else None


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise OperationError(f"{file} cannot be read: {error}; synthesize first: make synth") from None
    if not isinstance(document, dict):
        raise OperationError(f"{file} holds no JSON object; synthesize first: make synth")
    return document

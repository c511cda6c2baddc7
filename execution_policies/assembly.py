"""The stacks of a cloud assembly, with what their names and references come to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from execution_policies.errors import PolicyError


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack as it is synthesized."""

    name: str
    account: str
    region: str
    family: str
    """What all stacks of its stage have at the start of their names, `yawl-dev`; its own name outside of a stage."""
    bootstrap_parameter: str
    """Where the bootstrap leaves its version in Parameter Store; CloudFormation reads it."""
    asset_buckets: frozenset[str]
    """Buckets that hold its template and the code of its functions."""
    template: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """Its template's resources, by logical id."""
        return self.template.get("Resources", {})

    def text(self, value: Any) -> str:
        """Return what a value of the template comes to; `*` stands for what only the deployment knows."""
        if isinstance(value, str):
            return value
        if not isinstance(value, dict) or len(value) != 1:
            return "*"
        [(function, argument)] = value.items()
        if function == "Ref":
            return self._pseudo_parameters().get(argument, "*")
        if function == "Fn::Join":
            separator, parts = argument
            return separator.join(self.text(part) for part in parts) if isinstance(parts, list) else "*"
        if function == "Fn::Sub" and isinstance(argument, str):
            for name, text in self._pseudo_parameters().items():
                argument = argument.replace(f"${{{name}}}", text)
            return argument if "${" not in argument else "*"
        return "*"

    def _pseudo_parameters(self) -> dict[str, str]:
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": partition(self.region),
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }


def partition(region: str) -> str:
    """Return the partition of AWS that the region is in."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def read(directory: Path) -> tuple[Stack, ...]:
    """Return all stacks of the assembly in `directory`; raise PolicyError if there are none."""
    stacks = tuple(_stacks(directory, is_stage=False))
    if not stacks:
        raise PolicyError(f"{directory} holds no stacks; synthesize first: make assembly")
    return stacks


def _stacks(directory: Path, *, is_stage: bool) -> Iterator[Stack]:
    artifacts = _read(directory / "manifest.json").get("artifacts", {})
    own = {name: one for name, one in artifacts.items() if one["type"] == "aws:cloudformation:stack"}
    names = [one["properties"].get("stackName", name) for name, one in own.items()]
    family = _common_start(names) if is_stage else None
    for name, artifact in own.items():
        yield _stack(directory, name, artifact, family=family)
    for artifact in artifacts.values():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(directory / artifact["properties"]["directoryName"], is_stage=True)


def _stack(directory: Path, artifact_name: str, artifact: dict[str, Any], *, family: str | None) -> Stack:
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    properties = artifact["properties"]
    name = properties.get("stackName", artifact_name)
    return Stack(
        name=name,
        account=account,
        region=region,
        family=family or name,
        bootstrap_parameter=properties.get("bootstrapStackVersionSsmParameter", "/cdk-bootstrap/hnb659fds/version"),
        asset_buckets=frozenset({_bucket(properties.get("stackTemplateAssetObjectUrl", ""), account, region)} - {""}),
        template=_read(directory / properties["templateFile"]),
    )


def _bucket(url: str, account: str, region: str) -> str:
    bucket = url.removeprefix("s3://").partition("/")[0]
    return bucket.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)


def _common_start(names: Sequence[str]) -> str | None:
    """Return what the names begin with, up to the last hyphen; None if that is nothing."""
    pairs = zip(min(names), max(names), strict=False)
    start = "".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return start.rpartition("-")[0] or None


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise PolicyError(f"{file} cannot be read: {error}; synthesize first: make assembly") from None
    if not isinstance(document, dict):
        raise PolicyError(f"{file} holds no JSON object; synthesize first: make assembly")
    return document

"""What is about to be deployed: the stacks of one pipeline stage, read from the cloud assembly."""

import json
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from jobs.change_review.errors import ReviewError


@dataclass(frozen=True, kw_only=True)
class ReleasedStack:
    """One stack as the release has it."""

    name: str
    account: str
    region: str
    template: dict[str, Any]
    lookup_role_arn: str | None
    """The bootstrapped role that may read the account; None: the caller's own credentials read it."""
    execution_role_arn: str | None = None
    """The bootstrapped role that CloudFormation acts as; None: the caller's."""


def read_stage(directory: Path) -> tuple[ReleasedStack, ...]:
    """Return the stacks of the stage whose assembly is in `directory`, in its order; raise ReviewError if none is."""
    artifacts = _read(directory / "manifest.json").get("artifacts", {})
    stacks = tuple(
        _stack(directory, name, artifact)
        for name, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack"
    )
    if not stacks:
        raise ReviewError(f"{directory} has no stacks; name the folder of one stage, such as cdk.out/assembly-…-Prod")
    return stacks


def common_prefix(stacks: tuple[ReleasedStack, ...]) -> str:
    """Return what the names of all the stacks begin with, up to and with the last hyphen: `yawl-prod-`."""
    names = [stack.name for stack in stacks]
    # The first and the last in the alphabet have in common what all have.
    pairs = zip(min(names), max(names), strict=False)
    prefix = "".join(letter for letter, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return prefix[: prefix.rfind("-") + 1]


def _stack(directory: Path, artifact_name: str, artifact: dict[str, Any]) -> ReleasedStack:
    properties = artifact["properties"]
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    lookup_role = properties.get("lookupRole", {}).get("arn")
    execution_role = properties.get("cloudFormationExecutionRoleArn")
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return ReleasedStack(
        name=properties.get("stackName", artifact_name),
        account=account,
        region=region,
        template=_read(directory / properties["templateFile"]),
        lookup_role_arn=lookup_role.replace("${AWS::Partition}", partition) if lookup_role else None,
        execution_role_arn=execution_role.replace("${AWS::Partition}", partition) if execution_role else None,
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text())
    except FileNotFoundError:
        raise ReviewError(f"{file} does not exist; synthesize first, with make synth") from None
    except (OSError, ValueError) as error:
        raise ReviewError(f"{file} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise ReviewError(f"{file} holds no JSON object")
    return document

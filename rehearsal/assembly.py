"""What a rehearsal needs to know of a cloud assembly: the pipeline's stack, and every account it leads to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cloud_assembly
from cloud_assembly import AwsEnvironment
from rehearsal.errors import RehearsalError

EXECUTION_POLICIES = "execution-policies.json"
"""Where an assembly says what CloudFormation may do in each account, if that is not everything."""


@dataclass(frozen=True)
class ExecutionPolicies:
    """What CloudFormation may do in one account, and the stack that puts it there before the bootstrap."""

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
    """Where the pipeline lives."""
    places: tuple[AwsEnvironment, ...]
    """Every account and region a stack is deployed to, the pipeline's own first."""
    execution_policies: Mapping[str, ExecutionPolicies] = field(default_factory=dict)
    """By account; empty: CloudFormation may do everything."""


def read(directory: Path) -> Assembly:
    """Read the assembly in `directory`.

    Raises UserError if there is none or a part of it cannot be read, if it has no pipeline or several, or if an
    environment is not fixed.
    """
    assembly = cloud_assembly.read(directory)
    for stack in assembly.stacks:
        if "unknown" in str(stack.aws_environment):
            raise RehearsalError(f"stack {stack.name} has no fixed account and region; give it an `env`")
    return Assembly(
        directory=directory,
        stack_id=assembly.pipeline.display_name,
        stack_name=assembly.pipeline.name,
        home=assembly.home,
        places=tuple(assembly.aws_environments),
        execution_policies=_execution_policies(directory),
    )


def _execution_policies(directory: Path) -> dict[str, ExecutionPolicies]:
    file = directory / EXECUTION_POLICIES
    if not file.is_file():
        return {}
    try:
        accounts = json.loads(file.read_text())["accounts"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RehearsalError(f"{file} cannot be read: {error!r}; synthesize again: make assembly") from None
    return {
        account: ExecutionPolicies(
            place=AwsEnvironment(account, found["region"]),
            stack=found["stack"],
            template=json.dumps(found["template"], separators=(",", ":")),
            arns=tuple(f"arn:aws:iam::{account}:policy/{policy['name']}" for policy in found["policies"]),
        )
        for account, found in accounts.items()
    }

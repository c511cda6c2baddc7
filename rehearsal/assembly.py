"""The parts of a cloud assembly that a rehearsal needs: the pipeline stack and the accounts it deploys to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cloud_assembly
from cloud_assembly import PIPELINE, AwsEnvironment, Stack
from rehearsal.errors import RehearsalError

DEFAULT_ENVIRONMENT = AwsEnvironment("111111111111", "us-east-1")
"""Where a pipeline runs that names no account and no region."""

EXECUTION_POLICIES = "execution-policies.json"
"""The assembly's file of policies that limit what CloudFormation may do in each account."""


@dataclass(frozen=True)
class ExecutionPolicies:
    """Policies that limit CloudFormation in one account, and the stack that creates them before the bootstrap."""

    aws_environment: AwsEnvironment
    stack: str
    template: str
    arns: tuple[str, ...]


@dataclass(frozen=True)
class Assembly:
    """A synthesized CDK Pipelines app."""

    directory: Path
    stack_id: str
    """The pipeline stack's id, for `cdk deploy`."""
    stack_name: str
    home: AwsEnvironment
    """The account and region of the pipeline."""
    aws_environments: tuple[AwsEnvironment, ...]
    """Every account and region that stacks are deployed to, the pipeline's own first."""
    execution_policies: Mapping[str, ExecutionPolicies] = field(default_factory=dict)
    """By account; empty if CloudFormation is unrestricted."""
    actions: tuple[str, ...] = ()
    """The pipeline's actions, each as `Stage/Action`."""
    variables: tuple[str, ...] = ()
    """The names of the pipeline's own variables."""


def read(
    directory: Path,
    *,
    pipeline: str | None = None,  # noqa: ARG001
    default_environment: AwsEnvironment = DEFAULT_ENVIRONMENT,  # noqa: ARG001
) -> Assembly:
    """Read the assembly in `directory`.

    Raises UserError if it is missing or unreadable, does not have exactly one pipeline, or has a stack without a fixed
    account and region.
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
        aws_environments=tuple(assembly.aws_environments),
        execution_policies=_execution_policies(directory),
        actions=_actions(assembly.pipeline),
        variables=_variables(assembly.pipeline),
    )


def _actions(stack: Stack) -> tuple[str, ...]:
    [(_, properties)] = stack.of_type(PIPELINE)
    stages = properties.get("Stages", [])
    return tuple(f"{stage['Name']}/{action['Name']}" for stage in stages for action in stage["Actions"])


def _variables(stack: Stack) -> tuple[str, ...]:
    [(_, properties)] = stack.of_type(PIPELINE)
    return tuple(variable["Name"] for variable in properties.get("Variables", []))


def _execution_policies(directory: Path) -> dict[str, ExecutionPolicies]:
    file = directory / EXECUTION_POLICIES
    if not file.is_file():
        return {}
    try:
        accounts = json.loads(file.read_text())["accounts"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RehearsalError(f"{file} cannot be read: {error!r}; synthesize it again with make assembly") from None
    return {
        account: ExecutionPolicies(
            aws_environment=AwsEnvironment(account, found["region"]),
            stack=found["stack"],
            template=json.dumps(found["template"], separators=(",", ":")),
            arns=tuple(f"arn:aws:iam::{account}:policy/{policy['name']}" for policy in found["policies"]),
        )
        for account, found in accounts.items()
    }

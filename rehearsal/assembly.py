"""The parts of a cloud assembly that a rehearsal needs: one pipeline, and the stacks and accounts it deploys to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cloud_assembly
from cloud_assembly import AwsEnvironment, Stack
from rehearsal import pipelines
from rehearsal.bootstraps import Bootstrap, bootstraps, conflicts
from rehearsal.errors import RehearsalError
from rehearsal.gaps import Gap
from rehearsal.workloads.expected import backend_gaps
from rehearsal.workloads.ignored import ignored

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
    """A synthesized app, seen from one of its pipelines."""

    directory: Path
    stack_id: str
    """The pipeline stack's id, for `cdk deploy`."""
    stack_name: str
    home: AwsEnvironment
    """The account and region of the pipeline."""
    bootstraps: tuple[Bootstrap, ...]
    """The bootstrap stacks that the deployed stacks need, the pipeline's own first."""
    execution_policies: Mapping[str, ExecutionPolicies] = field(default_factory=dict)
    """By account; empty if CloudFormation is unrestricted."""
    actions: tuple[str, ...] = ()
    """The pipeline's actions, each as `Stage/Action`."""
    variables: tuple[str, ...] = ()
    """The names of the pipeline's own variables."""
    sources: tuple[str, ...] = ()
    """The names of the pipeline's source actions."""
    pipeline: str = ""
    """The pipeline's construct path."""
    pipeline_id: str = ""
    """The pipeline's logical id in its stack."""
    pipeline_type: str = "V2"
    """`V1` or `V2`."""
    stacks: tuple[Stack, ...] = ()
    """The stacks that the pipeline deploys, its own first, each with its account and region."""
    templates: tuple[Stack, ...] = ()
    """The same and their nested stacks."""
    support_accounts: tuple[str, ...] = ()
    """The accounts of the stacks that are deployed before the pipeline's, such as cross-region support stacks."""
    agnostic_stacks: tuple[str, ...] = ()
    """Those that name no account, or no region, and are deployed to the pipeline's."""
    ignored_stacks: tuple[str, ...] = ()
    """The app's other stacks, which the pipeline does not deploy."""
    gaps: tuple[Gap, ...] = ()
    """What the rehearsal cannot set up."""

    @property
    def aws_environments(self) -> tuple[AwsEnvironment, ...]:
        """Every account and region that the pipeline deploys to, its own first."""
        return tuple(dict.fromkeys(one.aws_environment for one in self.bootstraps))


def read(
    directory: Path, *, pipeline: str | None = None, default_environment: AwsEnvironment = DEFAULT_ENVIRONMENT
) -> Assembly:
    """Read the assembly in `directory`.

    `pipeline` is the construct path, the name or the stack's name of the pipeline; None if the app has only one. A
    pipeline stack without an account or region gets those of `default_environment`, other stacks the pipeline's.
    Raises UserError if the assembly is missing or unreadable, or has no such pipeline or several.
    """
    stacks = cloud_assembly.read(directory).stacks
    found = pipelines.choose(stacks, pipeline, directory)
    home = found.stack.deployed_to(default_environment).aws_environment
    support = found.support(stacks)
    deployed = found.deployed(stacks)
    files = {stack.template_file for stack in deployed}
    known = tuple(stack.deployed_to(home) for stack in deployed)
    templates = tuple(one for stack in known for one in (stack, *stack.nested(directory)))
    return Assembly(
        directory=directory,
        stack_id=found.stack.display_name,
        stack_name=found.stack.name,
        home=home,
        bootstraps=bootstraps(known),
        execution_policies=_execution_policies(directory),
        actions=found.actions,
        variables=found.variables,
        sources=found.sources,
        pipeline=found.path,
        pipeline_id=found.logical_id,
        pipeline_type=found.type,
        stacks=known,
        templates=templates,
        support_accounts=tuple({stack.deployed_to(home).account for stack in support}),
        agnostic_stacks=tuple(stack.name for stack in deployed if stack.is_agnostic),
        ignored_stacks=tuple(stack.name for stack in stacks if stack.template_file not in files),
        gaps=(*found.gaps, *conflicts(known), *backend_gaps(templates), *ignored(templates)),
    )


def _execution_policies(directory: Path) -> dict[str, ExecutionPolicies]:
    file = directory / EXECUTION_POLICIES
    if not file.is_file():
        return {}
    try:
        accounts = json.loads(file.read_text())["accounts"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RehearsalError(f"{file} cannot be read: {error!r}; synthesize it again") from None
    return {
        account: ExecutionPolicies(
            aws_environment=AwsEnvironment(account, found["region"]),
            stack=found["stack"],
            template=json.dumps(found["template"], separators=(",", ":")),
            arns=tuple(f"arn:aws:iam::{account}:policy/{policy['name']}" for policy in found["policies"]),
        )
        for account, found in accounts.items()
    }

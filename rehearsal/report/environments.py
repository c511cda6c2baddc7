"""The environments that a rehearsal has deployed."""

import os
from dataclasses import dataclass, field

from cloud_assembly import AwsEnvironment
from rehearsal.actions.run import Deployed, Resource
from rehearsal.report.progress import Progress

GENERATED_OUTPUTS = ("ExportsOutput", "PublishOutput")
"""Prefixes of outputs that the CDK generates for other stacks."""


@dataclass
class Environment:
    """What a stage has deployed."""

    name: str
    aws_environment: AwsEnvironment
    stacks: dict[str, dict[str, str]] = field(default_factory=dict)
    """Outputs by stack."""
    resources: dict[str, tuple[Resource, ...]] = field(default_factory=dict)
    """Resources by stack."""
    workloads: list[str] = field(default_factory=list)

    @property
    def url(self) -> str | None:
        """The first output that is a URL."""
        values = [value for outputs in self.stacks.values() for value in outputs.values()]
        return next((value for value in values if value.startswith(("http://", "https://"))), None)

    def named_outputs(self) -> dict[str, str]:
        """Return the outputs without those that the CDK generates for other stacks."""
        return {
            name: value
            for outputs in self.stacks.values()
            for name, value in outputs.items()
            if not name.startswith(GENERATED_OUTPUTS)
        }


def environments(progress: Progress) -> list[Environment]:
    """Return an environment for each stage that deployed stacks, in order; for a wave, one per account and region.

    An account and region count as an environment if a stack there has a URL. Stacks deployed elsewhere, such as
    backup copies or a distribution's firewall, belong to the environment whose stack names are most similar.
    """
    found: list[Environment] = []
    for stage in progress.stages:
        deployed = [action.deployed for action in stage.actions if action.deployed]
        everywhere = {stack.aws_environment: Environment(stage.name, stack.aws_environment) for stack in deployed}
        for stack in deployed:
            _add(stack, everywhere[stack.aws_environment])
        here = [environment for environment in everywhere.values() if environment.url] or list(everywhere.values())
        for stack in deployed:
            if all(stack.aws_environment != environment.aws_environment for environment in here):
                _add(stack, max(here, key=lambda environment: _common_prefix_length(stack.name, environment)))
        regions = [environment.aws_environment.region for environment in here]
        for environment in here if len(here) > 1 else ():
            place = environment.aws_environment
            environment.name = f"{stage.name} {place if regions.count(place.region) > 1 else place.region}"
        found += here
    return found


def _add(stack: Deployed, environment: Environment) -> None:
    elsewhere = stack.aws_environment != environment.aws_environment
    name = f"{stack.name} in {stack.aws_environment}" if elsewhere and stack.name in environment.stacks else stack.name
    environment.stacks[name] = stack.outputs
    environment.resources[name] = stack.resources
    environment.workloads += stack.workloads


def _common_prefix_length(name: str, environment: Environment) -> int:
    """Return the length of the prefix that a name shares with all stacks of an environment."""
    return len(os.path.commonprefix([name, *environment.stacks]))  # noqa: RUF071 - compares characters, not paths


def describe_tasks(found: list[Environment]) -> str:
    """Return what ran as the environments' tasks."""
    return "the declared workload" if any(environment.workloads for environment in found) else "none"

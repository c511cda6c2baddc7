"""The base class of every stack of an environment."""

from dataclasses import dataclass

from aws_cdk import Environment, Stack
from constructs import Construct
from typing_extensions import override


@dataclass(frozen=True, kw_only=True)
class EnvironmentContext:
    """Settings that all stacks of one environment share; a stack in another region gets a copy with its own `env`."""

    name: str
    env: Environment
    zones: tuple[str, str]
    """From the settings, so that synthesis needs no look-up and no credentials."""
    log_retention_days: int
    retain_data: bool
    """Whether data outlives the stacks."""
    pipeline_account: str
    runbooks: str
    """Address of the page with the runbooks of its alarms, or the page's path in the repository."""
    counts_incidents: bool = False
    """Whether the pipeline counts its alarms of high severity as failures of the release before."""


class EnvironmentStack(Stack):
    """A stack of one environment, named `yawl-<environment>-<part>`."""

    def __init__(
        self,
        scope: Construct,
        part: str,
        *,
        context: EnvironmentContext,
        description: str,
        termination_protection: bool = False,
    ) -> None:
        # Set first: the base constructor may already read `availability_zones`.
        self.context = context
        super().__init__(
            scope,
            part,
            stack_name=f"yawl-{context.name}-{part}",
            env=context.env,
            description=description,
            termination_protection=termination_protection,
        )

    @property
    @override
    def availability_zones(self) -> list[str]:
        """The environment's two availability zones."""
        return list(self.context.zones)

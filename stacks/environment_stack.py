"""What every stack of an environment has in common."""

from aws_cdk import Environment, Stack
from constructs import Construct
from typing_extensions import override


class EnvironmentStack(Stack):
    """A stack of one environment, named `yawl-<environment>-<part>`.

    The availability zones are given, so that synthesis needs neither a look-up nor credentials.
    """

    def __init__(
        self,
        scope: Construct,
        part: str,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        description: str,
        termination_protection: bool = False,
    ) -> None:
        # The base constructor may already ask for the zones.
        self._zones = list(zones)
        super().__init__(
            scope,
            part,
            stack_name=f"yawl-{environment_name}-{part}",
            env=env,
            description=description,
            termination_protection=termination_protection,
        )
        self.environment_name = environment_name

    @property
    @override
    def availability_zones(self) -> list[str]:
        """The environment's two availability zones."""
        return self._zones

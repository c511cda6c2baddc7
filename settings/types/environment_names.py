"""What an environment may be called, so that all that is named after it can be."""

import re
from dataclasses import dataclass
from typing import Annotated

from settings.validation.constraints import Constraint

DERIVED_NAMES = {
    "yawl-NAME": 32,  # the least of all, a load balancer's; a cache may have 40, a database 63
    "yawl-NAME-integration-tests": 64,  # the role of the integration tests
    "yawl-NAME-distribution": 128,  # the stack with the longest name
}
"""Names made from an environment's and the characters AWS allows for them."""

LONGEST = min(limit - len(name.replace("NAME", "")) for name, limit in DERIVED_NAMES.items())

RESERVED = {
    "delivery": "the pipeline's own names begin with yawl-delivery",
    "upkeep": "the names of alarms about the upkeep of environments begin with yawl-upkeep",
    "source": "the pipeline has a stage Source",
    "build": "the pipeline has a stage Build",
    "updatepipeline": "the pipeline has a stage UpdatePipeline",
    "assets": "the pipeline has a stage Assets",
}
"""Names that are taken, each with its reason."""


@dataclass(frozen=True)
class NameOfEnvironment(Constraint):
    """A name that stacks, roles, load balancers and pipeline stages can carry."""

    @property
    def expected(self) -> str:
        """The characters allowed."""
        return "lower-case letters, digits and single hyphens, starting with a letter"

    def problem(self, value: object) -> str | None:
        """Say why the name cannot be used."""
        name = str(value)
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
            return f"must be {self.expected}"
        if len(name) > LONGEST:
            return f"is {len(name)} characters long, at most {LONGEST} fit into the names derived from it"
        taken = RESERVED.get(name.partition("-")[0] if name.startswith(("delivery-", "upkeep-")) else name)
        return f"is taken: {taken}" if taken else None


EnvironmentName = Annotated[str, NameOfEnvironment()]

"""What an environment may be called, so that everything named after it has a valid name."""

import re

from settings.validation.constraints import Constraint

DERIVED_NAMES = {
    "yawl-NAME": 32,  # a load balancer's name has the lowest limit; a cache's has 40, a database's 63
    "yawl-NAME-integration-tests": 64,  # the role of the integration tests
}
"""Names made from an environment's, and the characters AWS allows for them. Stacks' names may have 128."""

LONGEST = min(limit - len(name.replace("NAME", "")) for name, limit in DERIVED_NAMES.items())

RESERVED = {
    "delivery": "the pipeline's own names start with yawl-delivery",
    "upkeep": "the names of alarms about the maintenance of environments start with yawl-upkeep",
    "source": "the pipeline has a stage Source",
    "build": "the pipeline has a stage Build",
    "updatepipeline": "the pipeline has a stage UpdatePipeline",
    "assets": "the pipeline has a stage Assets",
}
"""Names that are taken, with the reason."""

EXPECTED = "lower-case letters, digits and single hyphens, starting with a letter"


def _problem(name: str) -> str | None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        return f"must be {EXPECTED}"
    if len(name) > LONGEST:
        return f"is {len(name)} characters long; names derived from it allow at most {LONGEST}"
    reason = RESERVED.get(name.partition("-")[0] if name.startswith(("delivery-", "upkeep-")) else name)
    return f"is taken: {reason}" if reason else None


ENVIRONMENT_NAME = Constraint(EXPECTED, _problem)

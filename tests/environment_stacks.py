"""The stacks of each environment in tests/delivery.toml, kept once for all tests.

`test_stage.py` compares this table with the synthesized assembly.
"""

from typing import Final

LEVELS: Final = {
    "network": 1,
    "storage": 1,
    "firewall": 1,
    "audit": 1,
    "cache": 2,
    "database": 2,
    "application": 3,
    "distribution": 4,
    "monitoring": 4,
}
"""The level each stack deploys in: one after the latest that it waits for."""
RECOVERY: Final[dict[str, dict[str, int]]] = {
    "dev": {},
    "staging": {"recovery": 3},
    "prod": {"recovery-copies": 1, "storage": 2, "recovery": 3},
}
"""What is different where backups are kept, and where they are copied to another region."""
LEVELS_OF: Final = {environment: LEVELS | differences for environment, differences in RECOVERY.items()}
COPIES: Final = "recovery-copies"
"""The stack in another region."""


def deployment_order(environment: str) -> tuple[str, ...]:
    """Return the parts of an environment, each after those that it waits for."""
    levels = LEVELS_OF[environment]
    return tuple(sorted(levels, key=lambda part: levels[part]))


def own_region(environment: str) -> tuple[str, ...]:
    """Return the parts of an environment in its own region, in their deployment order."""
    return tuple(part for part in deployment_order(environment) if part != COPIES)

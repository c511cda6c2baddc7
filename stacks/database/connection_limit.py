"""The maximum number of connections to a PostgreSQL instance."""

from typing import Final

MOST_CONNECTIONS: Final = 5000
BYTES_PER_CONNECTION: Final = 9_531_392
"""Both from RDS' default for `max_connections`: LEAST({DBInstanceClassMemory/9531392}, 5000)."""
GIB_BY_SIZE: Final = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16}
"""Memory of the general-purpose classes; `Nxlarge` has N times that of `xlarge`."""
MEMORY_RICH: Final = {"r": 2, "x": 4}
"""Memory of the memory-optimized families relative to the general-purpose ones, by first letter."""


def connection_limit(instance_class: str) -> int:
    """Return the maximum connections to an instance of the class, such as `db.t3.small`.

    RDS reserves some memory, so the smallest classes accept about a quarter less.
    """
    _, family, size = instance_class.split(".")
    times = size.removesuffix("xlarge")
    gib = GIB_BY_SIZE["xlarge"] * int(times) if times.isdigit() else GIB_BY_SIZE[size]
    return min(gib * MEMORY_RICH.get(family[0], 1) * 1024**3 // BYTES_PER_CONNECTION, MOST_CONNECTIONS)

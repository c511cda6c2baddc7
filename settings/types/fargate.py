"""Fargate's task sizes."""

GIB = 1024
"""MiB in a GiB."""

MEMORY_BY_CPU: dict[int, tuple[int, ...]] = {
    256: (512, 1 * GIB, 2 * GIB),
    512: tuple(range(1 * GIB, 4 * GIB + 1, GIB)),
    1024: tuple(range(2 * GIB, 8 * GIB + 1, GIB)),
    2048: tuple(range(4 * GIB, 16 * GIB + 1, GIB)),
    4096: tuple(range(8 * GIB, 30 * GIB + 1, GIB)),
    8192: tuple(range(16 * GIB, 60 * GIB + 1, 4 * GIB)),
    16384: tuple(range(32 * GIB, 120 * GIB + 1, 8 * GIB)),
}
"""Valid memory sizes in MiB by CPU units (Amazon ECS Developer Guide, "Task CPU and memory")."""


def memory_range(cpu: int) -> str:
    """Describe the valid memory sizes for CPU units that Fargate offers."""
    offered = MEMORY_BY_CPU[cpu]
    if len(offered) == 3:
        return ", ".join(str(memory) for memory in offered)
    return f"{offered[0]} to {offered[-1]} in steps of {offered[1] - offered[0]}"

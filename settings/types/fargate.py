"""Fargate's task sizes."""

from settings.aws.data import MEMORY_BY_CPU


def memory_range(cpu: int) -> str:
    """Describe the valid memory sizes for CPU units that Fargate offers."""
    offered = MEMORY_BY_CPU[cpu]
    if len(offered) == 3:
        return ", ".join(str(memory) for memory in offered)
    return f"{offered[0]} to {offered[-1]} in steps of {offered[1] - offered[0]}"

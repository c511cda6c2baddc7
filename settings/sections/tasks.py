"""The table `[environments.NAME.tasks]`."""

import math
from collections.abc import Iterator
from typing import Annotated

from pydantic import AliasChoices, Field

from settings.aws.data import MEMORY_BY_CPU
from settings.sections.base import Section, rule
from settings.sections.off_hours import OffHoursSettings
from settings.types.costs import Costs
from settings.types.fargate import memory_range
from settings.validation.constraints import between, matches, one_of
from settings.validation.messages import Mistake

LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Log4j's levels; YAWL logs with it."""

MOST_TASKS = 5000
"""The quota of one ECS service (Amazon ECS Developer Guide, "Service quotas")."""

HEAP_SHARE = 0.75
"""The share of a task's memory that the heap may have: Java's overhead grows with the heap."""

OUTSIDE_HEAP_MIB = 768
"""Memory of a task that the heap must leave free.

A YAWL 6.1 engine with `-Xmx1024m` used 460 to 630 MiB when measured. This counts all of it as outside the heap, plus
138 MiB for the other processes, Python and HAProxy.
"""

TOO_SMALL_HEAP_MIB = 2
"""A maximum heap must be larger (Java Tool Specifications, "java": `-Xmx`)."""

DEPLOYMENTS = ("rolling", "blue-green", "canary", "linear")
"""ECS deployment strategies (Amazon ECS Developer Guide, "Deployment strategies")."""

MEASURED_START_SECONDS = 90
"""The slowest measured start of YAWL 6.1's two applications, on two busy cores; 23 s on idle ones.

A start took 17 to 26 CPU-seconds on one processor, so only less than one vCPU makes it slower.
"""
TAKEOVER_SECONDS = 5
"""The time until another task starts its engine (container/README.md, "How one engine stays one")."""
HEALTH_CHECK_SECONDS = 60
"""Two successful health checks, 30 s apart, make a target healthy (reference, "Load Balancer")."""


class TasksSettings(Section):
    """One environment's Fargate tasks. The values are the reference's, "Application Layer"."""

    min: Annotated[int, between(1, MOST_TASKS, "tasks"), Costs("each task by the second, at all times")] = 2
    """Minimum number of tasks. One runs the active engine; the others stand by."""
    max: Annotated[int, between(1, MOST_TASKS, "tasks"), Costs("each task by the second, under load")] = 6
    """Maximum number of tasks. More tasks do not make the one active engine faster."""
    cpu: Annotated[int, Costs("in proportion")] = 1024
    """CPU units of one task; 1024 is one vCPU. Fargate offers 256, 512, 1024, 2048, 4096, 8192, 16384 and 32768."""
    memory: Annotated[int, Costs("in proportion")] = 2048
    """Memory of one task in MiB; the valid sizes depend on `cpu`."""
    heap: Annotated[str, matches(r"[1-9][0-9]{0,5}[mMgG]", 'a Java heap size, such as "1024m" or "2g"')] = "1024m"
    """The engine's Java heap, `YAWL_HEAP_SIZE`."""
    log_level: Annotated[str, one_of(LOG_LEVELS), Costs("logs by the GiB; DEBUG writes much more")] = "INFO"
    """The lowest level that is logged."""
    cpu_target_percent: Annotated[int, between(1, 100, "percent")] = 70
    """Average CPU utilization that auto scaling maintains."""
    memory_target_percent: Annotated[int, between(1, 100, "percent")] = 80
    """Average memory utilization that auto scaling maintains."""
    startup_grace_seconds: Annotated[int, between(0, 7200, "seconds")] | None = None
    """How long a new task may fail health checks; None: derived from the measured start time and `cpu`."""
    spot: Annotated[bool, Costs("tasks up to 70 % less")] = False
    """Whether tasks run on Fargate Spot. AWS may interrupt them with two minutes' notice, or have no capacity."""
    off_hours: Annotated[OffHoursSettings | None, Field(validation_alias=AliasChoices("off_hours", "night"))] = None
    """When no tasks run; None: they always run."""
    deployment: Annotated[str, one_of(DEPLOYMENTS)] = "rolling"
    """The ECS deployment strategy. Only rolling works with a single active engine."""

    @property
    def takeover(self) -> int:
        """Seconds until another task's engine serves after the active one is lost; more with less than one vCPU."""
        return TAKEOVER_SECONDS + math.ceil(MEASURED_START_SECONDS * max(1, 1024 / self.cpu))

    @property
    def startup_grace(self) -> int:
        """Seconds a new task may fail health checks: the engine's start and two checks."""
        if self.startup_grace_seconds is not None:
            return self.startup_grace_seconds
        return math.ceil((self.takeover + HEALTH_CHECK_SECONDS) / 10) * 10

    @rule
    def _max_is_not_below_min(self) -> Iterator[Mistake]:
        if self.max < self.min:
            yield Mistake(("max",), f"is below tasks.min {self.min}; raise it, or lower tasks.min")

    @rule
    def _only_rolling_deployments(self) -> Iterator[Mistake]:
        if self.deployment != "rolling":
            yield Mistake(
                ("deployment",),
                "is not supported: only one engine is active, so new tasks would forward every request to the old ones "
                'and test nothing until those stop; use "rolling", which alarms roll back',
            )

    @rule
    def _offered_by_fargate(self) -> Iterator[Mistake]:
        if self.cpu not in MEMORY_BY_CPU:
            yield Mistake(
                ("cpu",), f"must be one of {', '.join(str(cpu) for cpu in MEMORY_BY_CPU)}, the sizes Fargate offers"
            )
        elif self.memory not in MEMORY_BY_CPU[self.cpu]:
            yield Mistake(
                ("memory",),
                f"does not fit tasks.cpu {self.cpu}; take one that Fargate offers for it: {memory_range(self.cpu)}",
            )

    @rule
    def _heap_fits(self) -> Iterator[Mistake]:
        most = min(int(self.memory * HEAP_SHARE), self.memory - OUTSIDE_HEAP_MIB)
        heap = int(self.heap[:-1]) * (1024 if self.heap[-1] in "gG" else 1)
        if heap <= TOO_SMALL_HEAP_MIB:
            yield Mistake(("heap",), "is too small for Java, which refuses 2 MB and less; take more")
        if heap > most:
            allowed = f'at most "{most}m"; the JVM needs the rest' if most > 0 else "no heap fits; raise tasks.memory"
            yield Mistake(("heap",), f"is too much for tasks.memory {self.memory}: {allowed}")

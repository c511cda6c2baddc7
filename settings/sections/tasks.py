"""The table `[environments.NAME.tasks]`."""

import math
from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.sections.off_hours import NightSettings
from settings.types.costs import Costs
from settings.types.fargate import MEMORY_BY_CPU, memory_range
from settings.validation.constraints import Between, Matches, OneOf

LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Log4j's, which YAWL logs with."""

MOST_TASKS = 5000
"""The quota of one ECS service (Amazon ECS Developer Guide, "Service quotas")."""

HEAP_SHARE = 0.75
"""The part of a task's memory the heap may have: Java's own data for a heap grow with it."""

BESIDE_THE_HEAP = 768
"""MiB of a task that the heap may not have.

A YAWL 6.1 engine was measured to hold 460 to 630 MiB with `-Xmx1024m`. All of it is counted as if none were heap, and
138 MiB for the other processes, Python and HAProxy.
"""

DEPLOYMENTS = ("rolling", "blue-green", "canary", "linear")
"""How ECS can replace the tasks of a service (Amazon ECS Developer Guide, "Deployment strategies")."""

MEASURED_START_SECONDS = 90
"""The slowest start of YAWL 6.1's two applications that was measured, on two busy cores; 23 s on idle ones.

A start keeps one processor busy: it took 17 to 26 CPU-seconds. So only less than one vCPU makes it slower.
"""
TAKEOVER_SECONDS = 5
"""How long it may take until another task starts its engine (container/README.md, "How one engine stays one")."""
HEALTH_CHECK_SECONDS = 60
"""Two answers, 30 s apart, make a target healthy (reference, "Load Balancer")."""


class TasksSettings(Section):
    """One environment's Fargate tasks. The figures are those of the reference, "Application Layer"."""

    min: Annotated[int, Between(1, MOST_TASKS, "tasks"), Costs("each task by the second, at all times")] = 2
    """How many tasks always run: one has the active engine, the others stand by."""
    max: Annotated[int, Between(1, MOST_TASKS, "tasks"), Costs("each task by the second, under load")] = 6
    """How many tasks scaling may start. More of them do not make the one engine faster."""
    cpu: Annotated[int, Costs("in proportion")] = 1024
    """CPU units of one task; 1024 is one vCPU. Fargate offers 256, 512, 1024, 2048, 4096, 8192 and 16384."""
    memory: Annotated[int, Costs("in proportion")] = 2048
    """Memory of one task in MiB; which sizes there are depends on `cpu`."""
    heap: Annotated[str, Matches(r"[1-9][0-9]{0,5}[mMgG]", 'a size for Java, such as "1024m" or "2g"')] = "1024m"
    """The engine's Java heap, `YAWL_HEAP_SIZE`."""
    log_level: Annotated[str, OneOf(LOG_LEVELS), Costs("logs by the GiB: much more with DEBUG")] = "INFO"
    """The least of what is logged."""
    cpu_target_percent: Annotated[int, Between(1, 100, "percent")] = 70
    """How much of their CPU tasks use on average before another is started."""
    memory_target_percent: Annotated[int, Between(1, 100, "percent")] = 80
    """How much of their memory tasks use on average before another is started."""
    startup_grace_seconds: Annotated[int, Between(0, 7200, "seconds")] | None = None
    """How long a new task may fail health checks; None: as long as the measured start takes with `cpu`."""

    spot: Annotated[bool, Costs("tasks up to 70 % less")] = False
    """Whether tasks run on Fargate Spot: AWS may take them back at two minutes' notice, or have no room for them."""
    night: NightSettings | None = None
    """When no task runs; None: they always run."""
    deployment: Annotated[str, OneOf(DEPLOYMENTS)] = "rolling"
    """How new tasks replace the old ones; of ECS's ways, only rolling fits an engine of which one is active."""

    @property
    def takeover(self) -> int:
        """Seconds until another task's engine serves when the active one is lost: longer with less than one vCPU."""
        return TAKEOVER_SECONDS + math.ceil(MEASURED_START_SECONDS * max(1, 1024 / self.cpu))

    @property
    def startup_grace(self) -> int:
        """Seconds a new task may fail health checks: as long as its engine may take to start, and two checks."""
        if self.startup_grace_seconds is not None:
            return self.startup_grace_seconds
        return math.ceil((self.takeover + HEALTH_CHECK_SECONDS) / 10) * 10

    @rule
    def _max_is_not_below_min(self) -> Iterator[Mistake]:
        if self.max < self.min:
            yield Mistake(("max",), f"is below tasks.min {self.min}")

    @rule
    def _one_engine_is_active(self) -> Iterator[Mistake]:
        if self.deployment != "rolling":
            yield Mistake(
                ("deployment",),
                "does not fit: one engine is active at a time, so that new tasks would hand every request to the old "
                'ones, and prove nothing, until those end; "rolling" moves the engine and is undone by alarms',
            )

    @rule
    def _offered_by_fargate(self) -> Iterator[Mistake]:
        if self.cpu not in MEMORY_BY_CPU:
            yield Mistake(("cpu",), f"must be one of {', '.join(str(cpu) for cpu in MEMORY_BY_CPU)}, as Fargate offers")
        elif self.memory not in MEMORY_BY_CPU[self.cpu]:
            yield Mistake(
                ("memory",), f"does not go with tasks.cpu {self.cpu}: Fargate offers {memory_range(self.cpu)}"
            )

    @rule
    def _heap_fits(self) -> Iterator[Mistake]:
        most = min(int(self.memory * HEAP_SHARE), self.memory - BESIDE_THE_HEAP)
        heap = int(self.heap[:-1]) * (1024 if self.heap[-1] in "gG" else 1)
        if heap > most:
            allowed = f'at most "{most}m" leave the engine its rest' if most > 0 else "it is too little for any"
            yield Mistake(("heap",), f"is too much for tasks.memory {self.memory}: {allowed}")

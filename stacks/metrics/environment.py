"""All that is measured of one environment."""

from stacks.metrics.cache import CacheMetrics
from stacks.metrics.database import DatabaseMetrics
from stacks.metrics.names import ObservedNames
from stacks.metrics.tasks import TaskMetrics
from stacks.metrics.traffic import TrafficMetrics
from stacks.metrics.upkeep import UpkeepMetrics
from stacks.metrics.workflows import WorkflowMetrics


class EnvironmentMetrics:
    """The metrics of an environment, part by part."""

    def __init__(self, *, environment_name: str, names: ObservedNames) -> None:
        self.traffic = TrafficMetrics(names)
        self.tasks = TaskMetrics(names)
        self.database = DatabaseMetrics(names)
        self.cache = CacheMetrics(names)
        self.workflows = WorkflowMetrics(environment_name)
        self.upkeep = UpkeepMetrics(environment_name)

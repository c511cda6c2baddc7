"""The metrics of one environment, used by alarms and dashboard alike."""

from stacks.monitoring.metrics.cache import CacheMetrics
from stacks.monitoring.metrics.database import DatabaseMetrics
from stacks.monitoring.metrics.maintenance import MaintenanceMetrics
from stacks.monitoring.metrics.names import ObservedNames
from stacks.monitoring.metrics.tasks import TaskMetrics
from stacks.monitoring.metrics.traffic import TrafficMetrics
from stacks.monitoring.metrics.workflows import WorkflowMetrics

__all__ = [
    "CacheMetrics",
    "DatabaseMetrics",
    "EnvironmentMetrics",
    "MaintenanceMetrics",
    "ObservedNames",
    "TaskMetrics",
    "TrafficMetrics",
    "WorkflowMetrics",
]


class EnvironmentMetrics:
    """The metrics of an environment, grouped by part."""

    def __init__(self, *, environment_name: str, names: ObservedNames) -> None:
        self.traffic = TrafficMetrics(names)
        self.tasks = TaskMetrics(names)
        self.database = DatabaseMetrics(names)
        self.cache = CacheMetrics(names)
        self.workflows = WorkflowMetrics(environment_name)
        self.maintenance = MaintenanceMetrics(environment_name)

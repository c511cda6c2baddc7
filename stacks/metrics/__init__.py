"""What is measured of one environment, by what it tells; alarms and dashboard read the same figures."""

from stacks.metrics.cache import CacheMetrics
from stacks.metrics.database import DatabaseMetrics
from stacks.metrics.environment import EnvironmentMetrics
from stacks.metrics.names import ObservedNames
from stacks.metrics.tasks import TaskMetrics
from stacks.metrics.traffic import TrafficMetrics
from stacks.metrics.upkeep import UpkeepMetrics
from stacks.metrics.workflows import WorkflowMetrics

__all__ = [
    "CacheMetrics",
    "DatabaseMetrics",
    "EnvironmentMetrics",
    "ObservedNames",
    "TaskMetrics",
    "TrafficMetrics",
    "UpkeepMetrics",
    "WorkflowMetrics",
]

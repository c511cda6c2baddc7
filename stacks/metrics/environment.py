"""All that is measured of one environment."""

from stacks.application import Application
from stacks.cache import Cache
from stacks.database import Database
from stacks.metrics.cache import CacheMetrics
from stacks.metrics.database import DatabaseMetrics
from stacks.metrics.tasks import TaskMetrics
from stacks.metrics.traffic import TrafficMetrics
from stacks.metrics.upkeep import UpkeepMetrics
from stacks.metrics.workflows import WorkflowMetrics


class EnvironmentMetrics:
    """The metrics of an environment, part by part."""

    def __init__(self, *, environment_name: str, application: Application, database: Database, cache: Cache) -> None:
        self.traffic = TrafficMetrics(application)
        self.tasks = TaskMetrics(application)
        self.database = DatabaseMetrics(database)
        self.cache = CacheMetrics(cache)
        self.workflows = WorkflowMetrics(environment_name)
        self.upkeep = UpkeepMetrics(environment_name)

"""The alarms of an environment, one file per part of it."""

from settings import EnvironmentSettings
from stacks.monitoring.alarm_specs import AlarmSpec
from stacks.monitoring.alarms.cache import cache_alarms
from stacks.monitoring.alarms.database import database_alarms
from stacks.monitoring.alarms.tasks import task_alarms
from stacks.monitoring.alarms.traffic import traffic_alarms
from stacks.monitoring.metrics import EnvironmentMetrics
from stacks.monitoring.severity import Severity


def alarm_specs(metrics: EnvironmentMetrics, settings: EnvironmentSettings) -> list[AlarmSpec]:
    """Return the alarms of an environment, the most severe first."""
    specs = [
        *traffic_alarms(metrics.traffic),
        *task_alarms(metrics.tasks),
        *database_alarms(metrics.database, settings.database),
        *cache_alarms(metrics.cache, settings.tasks),
    ]
    return sorted(specs, key=lambda spec: list(Severity).index(spec.severity))

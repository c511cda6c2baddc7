"""Sample data for metrics. The same metric has the same values in every run and on every machine."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Final

Series = list[float | None]

HOUR: Final = 3600
DAY: Final = 24 * HOUR

# The usual value, per working day if it is a sum, and its variation as a fraction of it.
USUAL: Final[Mapping[str, tuple[float, float]]] = {
    "Releases": (1.4, 1.0),
    "Changes": (1.6, 1.0),
    "FailedChanges": (0.12, 1.0),
    "Rollbacks": (0.06, 1.0),
    "PhaseTime": (1_200, 0.5),
    "Successes": (1.4, 1.0),
    "Failures": (0.1, 1.0),
    "Rejections": (0.05, 1.0),
    "Stopped": (0.06, 1.0),
    "Superseded": (0.3, 1.0),
    "LeadTime": (16_000, 0.5),
    "RestoreTime": (3_100, 0.5),
    "CycleTime": (52_000, 0.4),
    "FeedbackTime": (900, 0.6),
    "QueueTime": (12, 1.0),
    "Duration": (240, 0.35),
    "PipelineDuration": (5_400, 0.3),
    "FailedPipelineExecutions": (0.15, 1.0),
    "Builds": (1.6, 0.6),
    "FailedBuilds": (0.02, 1.0),
    "QueuedDuration": (9, 0.8),
    "ApproximateNumberOfMessagesVisible": (0, 0),
    # Metrics of an environment, per minute if it is a sum.
    "TargetResponseTime": (0.11, 0.3),
    "RequestCount": (220, 0.25),
    "HTTPCode_Target_4XX_Count": (4, 0.8),
    "HTTPCode_Target_5XX_Count": (0.4, 1.0),
    "HTTPCode_ELB_5XX_Count": (0.1, 1.0),
    "CPUUtilization": (34, 0.25),
    "MemoryUtilization": (58, 0.05),
    "RunningTaskCount": (2, 0),
    "DesiredTaskCount": (2, 0),
    "HealthyHostCount": (2, 0),
    "UnHealthyHostCount": (0, 0),
    "ReadLatency": (0.0011, 0.4),
    "WriteLatency": (0.0014, 0.4),
    "DatabaseConnections": (26, 0.15),
    "FreeStorageSpace": (88e9, 0.01),
    "FreeableMemory": (0.9e9, 0.05),
    "DatabaseMemoryUsagePercentage": (21, 0.1),
    "CurrConnections": (14, 0.1),
    "Evictions": (0, 0),
    "WorkflowExecutionTime": (1.8, 0.4),
    "QueueDepth": (3, 0.8),
    "DriftedResources": (0, 0),
    "HoursSinceBackup": (13, 0.9),
    "DaysSinceRestoreTest": (4, 0.9),
}
BY_ACTION: Final[Mapping[str, float]] = {
    "Source": 6,
    "Synth": 320,
    "Build": 325,
    "SelfMutate": 110,
    "UpdatePipeline": 112,
    "Assets": 95,
    "FileAssets": 92,
    "ReviewChanges": 130,
    "Approve": 5_200,
    "ProdApproval": 5_200,
    "IntegrationTests": 190,
    "Bake": 900,
    "Dev": 1_900,
    "Staging": 2_100,
    "Prod": 2_300,
}
"""The usual duration of stages and actions, in seconds, where it is not the usual one."""
PHASES: Final[Mapping[str, float]] = {"Before the run": 4_800, "Build": 700, "Approval": 5_200, "Prod": 2_600}
"""The usual duration of a lead time's phases, in seconds."""
PERCENTILES: Final[Mapping[str, float]] = {"p10": 0.55, "p50": 1.0, "p90": 1.7, "p95": 2.0, "p99": 2.9}
LAST_RELEASES: Final[Mapping[str, int]] = {"dev": 5 * HOUR, "staging": 8 * HOUR, "prod": 2 * DAY + 3 * HOUR}
RARE: Final = frozenset(("RestoreTime", "FeedbackTime"))
COUNTED: Final = frozenset(
    ("Releases", "Changes", "FailedChanges", "Rollbacks", "Successes", "Failures", "Rejections", "Stopped",
     "Superseded", "Builds", "FailedBuilds", "FailedPipelineExecutions")
)  # fmt: skip


def sample(metric: str, dimensions: Mapping[str, str], statistic: str, *, period: int, times: Sequence[int]) -> Series:
    """Return a value for every period that ends at one of `times`, in seconds; None where there is no data."""
    if metric == "ReleasedAt":
        return _released_at(dimensions.get("Environment", ""), period, times)
    if metric == "DeploymentCount":
        # A release to the tasks an hour before the end.
        return [2.0 if times[-1] - time in range(HOUR, HOUR + HOUR // 4) else 1.0 for time in times]
    return [_value(metric, dimensions, statistic, period, time) for time in times]


def _released_at(environment: str, period: int, times: Sequence[int]) -> Series:
    at = times[-1] - LAST_RELEASES.get(environment, DAY)
    return [float(at) if time - period < at <= time else None for time in times]


def _value(metric: str, dimensions: Mapping[str, str], statistic: str, period: int, time: int) -> float | None:
    if period >= DAY:
        days = [_of_day(metric, dimensions, statistic, time - DAY * back) for back in range(period // DAY)]
        known = [value for value in days if value is not None]
        if not known:
            return None
        return sum(known) if statistic == "Sum" else sum(known) / len(known)
    usual, varies = USUAL.get(metric, (10, 0.5))
    wave = math.sin(time / (HOUR * 0.9)) * 0.15
    found = usual * (1 + wave * bool(varies) + varies * (_noise(metric, dimensions, time) - 0.5))
    found *= PERCENTILES.get(statistic, 1.0) * (period / 60 if statistic == "Sum" else 1)
    # Counts are whole numbers.
    return float(round(found)) if statistic == "Sum" else found


def _of_day(metric: str, dimensions: Mapping[str, str], statistic: str, time: int) -> float | None:
    weekday = (time // DAY + 3) % 7
    noise = _noise(metric, dimensions, time)
    usual, varies = USUAL.get(metric, (10, 0.5))
    if metric in COUNTED:
        if len(dimensions) > 1 and metric == "Failures":
            # A stage or an action has only some of the pipeline's failures.
            usual /= 5
        rare = float(noise < usual)
        found = (rare if usual < 1 else float(int(usual * 2 * noise + 0.35))) if weekday < 5 else 0.0
        # Nothing is published where nothing happens.
        return found or None
    if weekday >= 5 or (metric in RARE and noise > 0.12):
        return None
    if metric == "QueueTime" and dimensions.get("Stage") == "Prod":
        usual *= 60
    if metric == "Duration":
        usual = BY_ACTION.get(dimensions.get("Action") or dimensions.get("Stage", ""), usual)
    if metric == "PhaseTime":
        usual = PHASES.get(dimensions.get("Phase", ""), usual)
    return usual * (1 + varies * (noise - 0.5)) * PERCENTILES.get(statistic, 1.0)


def _noise(metric: str, dimensions: Mapping[str, str], time: int) -> float:
    """Return a pseudo-random number from 0 to 1."""
    key = f"{metric}|{sorted(dimensions.items())}|{time}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32

"""Watches one alarm: a release passes if the alarm never goes into ALARM."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

POLL_SECONDS = 15.0
"""Between two polls. An alarm that triggers and clears between polls is found in its history."""
SKEW = timedelta(seconds=5)
"""Tolerated difference between this machine's clock and CloudWatch's."""


class AlarmNotFoundError(Exception):
    """No alarm has this name."""


@dataclass(frozen=True)
class AlarmTriggered:
    """The alarm went into ALARM."""

    at: datetime
    reason: str
    """CloudWatch's text."""
    cleared: bool
    """Whether it was OK again when polled."""


def watch(
    cloudwatch: Callable[[], Any],
    alarm_name: str,
    *,
    seconds: float,
    since: datetime,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> AlarmTriggered | None:
    """Poll the alarm for `seconds`; return as soon as it is, or was since `since`, in ALARM, otherwise None.

    `cloudwatch` returns a new client for each poll, because credentials expire during a long bake. Raises
    AlarmNotFoundError and boto3's errors.
    """
    end = clock() + seconds
    while True:
        if triggered := _poll(cloudwatch(), alarm_name, since):
            return triggered
        left = end - clock()
        if left <= 0:
            return None
        sleep(min(POLL_SECONDS, left))


def _poll(cloudwatch: Any, alarm_name: str, since: datetime) -> AlarmTriggered | None:
    kinds = ["CompositeAlarm", "MetricAlarm"]
    found = cloudwatch.describe_alarms(AlarmNames=[alarm_name], AlarmTypes=kinds)
    alarms = found.get("CompositeAlarms", []) + found.get("MetricAlarms", [])
    if not alarms:
        raise AlarmNotFoundError(alarm_name)
    if alarms[0]["StateValue"] == "ALARM":
        at = alarms[0].get("StateTransitionedTimestamp") or alarms[0].get("StateUpdatedTimestamp") or datetime.now(UTC)
        return AlarmTriggered(at=at, reason=alarms[0].get("StateReason", "no reason given"), cleared=False)
    history = cloudwatch.describe_alarm_history(
        AlarmName=alarm_name, AlarmTypes=kinds, HistoryItemType="StateUpdate", StartDate=since - SKEW
    )["AlarmHistoryItems"]
    for item in history:
        # "Alarm updated from OK to ALARM"
        if item["Timestamp"] >= since - SKEW and item["HistorySummary"].rstrip(".").endswith("to ALARM"):
            return AlarmTriggered(at=item["Timestamp"], reason=item["HistorySummary"], cleared=True)
    return None

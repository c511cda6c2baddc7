"""Watching one alarm: a release is good when it stayed quiet all the time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LOOK_SECONDS = 15.0
"""Between two looks. CloudWatch evaluates alarms once a minute at most; what rings between looks is in its history."""
SKEW = timedelta(seconds=5)
"""How far this machine's clock and CloudWatch's may be apart."""


class NoSuchAlarm(Exception):  # noqa: N818 - named as CloudWatch names what is wrong
    """There is no alarm of that name, so silence would prove nothing."""


@dataclass(frozen=True)
class Ringing:
    """The alarm rang."""

    at: datetime
    reason: str
    """In CloudWatch's words."""
    cleared: bool
    """Whether it was quiet again when it was looked at."""


def watch(
    cloudwatch: Callable[[], Any],
    alarm_name: str,
    *,
    seconds: float,
    since: datetime,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Ringing | None:
    """Look at the alarm until `seconds` have passed; return at once when it rings or has rung, None when it never did.

    `since` is the time on the calendar when the watch began. `cloudwatch` gives a client for each look, because
    credentials end before a long watch does. Raises NoSuchAlarm, and what boto3 raises.
    """
    end = clock() + seconds
    while True:
        if ringing := _look(cloudwatch(), alarm_name, since):
            return ringing
        left = end - clock()
        if left <= 0:
            return None
        sleep(min(LOOK_SECONDS, left))


def _look(cloudwatch: Any, alarm_name: str, since: datetime) -> Ringing | None:
    kinds = ["CompositeAlarm", "MetricAlarm"]
    found = cloudwatch.describe_alarms(AlarmNames=[alarm_name], AlarmTypes=kinds)
    alarms = found.get("CompositeAlarms", []) + found.get("MetricAlarms", [])
    if not alarms:
        raise NoSuchAlarm(alarm_name)
    if alarms[0]["StateValue"] == "ALARM":
        at = alarms[0].get("StateTransitionedTimestamp") or alarms[0].get("StateUpdatedTimestamp") or datetime.now(UTC)
        return Ringing(at=at, reason=alarms[0].get("StateReason", "no reason given"), cleared=False)
    history = cloudwatch.describe_alarm_history(
        AlarmName=alarm_name, AlarmTypes=kinds, HistoryItemType="StateUpdate", StartDate=since - SKEW
    )["AlarmHistoryItems"]
    for item in history:
        # "Alarm updated from OK to ALARM"
        if item["Timestamp"] >= since - SKEW and item["HistorySummary"].rstrip(".").endswith("to ALARM"):
            return Ringing(at=item["Timestamp"], reason=item["HistorySummary"], cleared=True)
    return None

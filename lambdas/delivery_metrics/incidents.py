"""Incidents: the times in which an alarm of high severity was in ALARM, from CloudWatch's history of alarms."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

WINDOW = timedelta(hours=24)
"""How long after a release an incident counts as its failure."""
LOOK_BACK = timedelta(days=14)
"""CloudWatch keeps 30 days of an alarm's history, and takes metrics of the last two weeks."""
DENIED = "AccessDenied"
"""STS's code (AWS STS API Reference, "Common Error Types")."""
CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})


@dataclass(frozen=True, kw_only=True)
class Incident:
    """The time from a first alarm until no alarm was in ALARM any more."""

    alarm: str
    """The alarm that was first."""
    start: datetime
    end: datetime | None
    """None while it lasts."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The alarms of one region."""

    role: str
    """The ARN of the role that may read their history."""
    region: str
    alarms: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class _Change:
    time: datetime
    alarm: str
    is_alarm: bool


def read_incidents(session: Any, watched: Iterable[Watched], *, now: datetime) -> list[Incident]:
    """Return the incidents of the last two weeks, oldest first.

    An environment whose role cannot be assumed, as before its first deployment, has none; the log says so. STS answers
    the same for a role that does not exist and for one that may not be assumed. Other errors are raised, so that Lambda
    retries; so is a denied history, which does not mean that no alarm was in ALARM.
    """
    changes: list[_Change] = []
    for one in watched:
        try:
            client = _client(session, one)
        except ClientError as error:
            if error.response["Error"]["Code"] != DENIED:
                raise
            print(f"no incidents are counted in {one.region}: {one.role} cannot be assumed: {error}")
            continue
        for alarm in one.alarms:
            changes.extend(_changes(client, alarm, since=now - LOOK_BACK))
    return list(_merged(sorted(changes, key=lambda change: change.time)))


def _client(session: Any, watched: Watched) -> Any:
    role = session.client("sts", config=CONFIG).assume_role(RoleArn=watched.role, RoleSessionName="delivery-metrics")
    found = role["Credentials"]
    return session.client(
        "cloudwatch",
        region_name=watched.region,
        config=CONFIG,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )


def _changes(client: Any, alarm: str, *, since: datetime) -> Iterator[_Change]:
    pages = client.get_paginator("describe_alarm_history").paginate(
        AlarmName=alarm, HistoryItemType="StateUpdate", ScanBy="TimestampAscending", StartDate=since
    )
    for page in pages:
        for item in page["AlarmHistoryItems"]:
            yield _Change(time=item["Timestamp"], alarm=alarm, is_alarm=_new_state(item) == "ALARM")


def _new_state(item: Mapping[str, Any]) -> str:
    """Return the state that an alarm changed to (CloudWatch API, `AlarmHistoryItem`: `HistoryData` is JSON)."""
    try:
        return json.loads(item["HistoryData"])["newState"]["stateValue"]
    except (KeyError, TypeError, ValueError):
        return ""


def _merged(changes: Iterable[_Change]) -> Iterator[Incident]:
    """Return one incident where alarms overlap."""
    lasting: set[str] = set()
    first: _Change | None = None
    for change in changes:
        if change.is_alarm:
            first = first or change
            lasting.add(change.alarm)
            continue
        lasting.discard(change.alarm)
        if first and not lasting:
            yield Incident(alarm=first.alarm, start=first.time, end=change.time)
            first = None
    if first:
        yield Incident(alarm=first.alarm, start=first.time, end=None)

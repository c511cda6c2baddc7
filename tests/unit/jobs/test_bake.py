"""The bake: watching an environment's alarm after a release."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.bake.__main__ import main
from jobs.bake.watch import POLL_SECONDS, AlarmNotFoundError, AlarmTriggered, watch

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class CloudWatch:
    """A fake alarm that returns prepared states and history, one per call."""

    def __init__(self, states: Iterable[str], history: Iterable[tuple[int, str]] = ()) -> None:
        self.states = list(states)
        self.history = list(history)
        self.seconds = 0.0
        self.looks = 0

    def describe_alarms(self, **_: Any) -> dict[str, Any]:
        self.looks += 1
        state = self.states[min(self.looks, len(self.states)) - 1]
        if state == "none":
            return {"MetricAlarms": [], "CompositeAlarms": []}
        return {"CompositeAlarms": [{"StateValue": state, "StateReason": "why", "StateUpdatedTimestamp": START}]}

    def describe_alarm_history(self, **_: Any) -> dict[str, Any]:
        items = [
            {"Timestamp": START + timedelta(seconds=at), "HistorySummary": f"Alarm updated from {change}"}
            for at, change in self.history
            if at <= self.seconds
        ]
        return {"AlarmHistoryItems": items}

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def watch(self, seconds: float) -> AlarmTriggered | None:
        return watch(lambda: self, "health", seconds=seconds, since=START, clock=lambda: self.seconds, sleep=self.sleep)


def test_bake_without_an_alarm_runs_to_the_end() -> None:
    alarm = CloudWatch(["OK"])
    assert alarm.watch(10 * 60) is None
    assert alarm.seconds == 10 * 60
    assert alarm.looks == 1 + 10 * 60 / POLL_SECONDS


def test_insufficient_data_passes() -> None:
    assert CloudWatch(["INSUFFICIENT_DATA"]).watch(60) is None


def test_alarm_ends_the_bake_at_once() -> None:
    alarm = CloudWatch(["OK", "OK", "ALARM"])
    rang = alarm.watch(3600)
    assert rang is not None
    assert (rang.reason, rang.cleared) == ("why", False)
    assert alarm.seconds == 2 * POLL_SECONDS


def test_alarm_between_two_polls_counts() -> None:
    rang = CloudWatch(["OK"], [(20, "OK to ALARM"), (25, "ALARM to OK")]).watch(3600)
    assert rang is not None
    assert rang.cleared


def test_alarm_before_the_bake_does_not_count() -> None:
    assert CloudWatch(["OK"], [(-60, "OK to ALARM"), (-30, "ALARM to OK")]).watch(60) is None


def test_bake_of_zero_minutes_polls_once() -> None:
    assert CloudWatch(["ALARM"]).watch(0) is not None
    assert CloudWatch(["OK"]).watch(0) is None


def test_missing_alarm_is_an_error() -> None:
    with pytest.raises(AlarmNotFoundError):
        CloudWatch(["none"]).watch(60)


def test_hotfix_skips_the_bake_and_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    variables = {"ENVIRONMENT": "dev", "ENVIRONMENT_REGION": "us-east-1", "ALARM_NAME": "health", "BAKE_MINUTES": "60"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    polled: list[tuple[str, float]] = []

    def polls(_: object, name: str, *, seconds: float, since: datetime) -> None:
        assert since.tzinfo
        polled.append((name, seconds))

    monkeypatch.setattr("jobs.bake.__main__.watch", polls)
    for value, expected in (
        ("yes", ["hotfix: the bake of dev is skipped"]),
        ("no", ["watching health for 60 minutes"]),
    ):
        monkeypatch.setenv("HOTFIX", value)
        assert main() == 0
        assert capsys.readouterr().out.splitlines()[:1] == expected
    assert polled == [("health", 3600)]

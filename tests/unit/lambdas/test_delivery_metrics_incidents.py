"""Incidents from the history of alarms: which are found, and what AWS may answer instead."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typing_extensions import override

from lambdas.delivery_metrics.incidents import Incident, Watched, read_incidents
from tests.unit.recorded_runs import NOON, moment

WATCHED = [
    Watched(role="arn:aws:iam::444444444444:role/reader", region="us-east-1", alarms=["errors", "down"]),
]


class Account:
    """A session, its STS, and CloudWatch in the account of the role."""

    def __init__(self, changes: Sequence[tuple[str, int, str]] = (), *, error: str = "", of: str = "") -> None:
        """`changes` are alarm, minute after noon, and new state; `error` is the answer to the operation `of`."""
        self._changes = changes
        self._error = error
        self._of = of
        self.asked: list[dict[str, Any]] = []

    def client(self, _service: str, **_: Any) -> "Account":
        return self

    def assume_role(self, **_: Any) -> dict[str, Any]:
        self._fail("AssumeRole")
        return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}}

    def get_paginator(self, _: str) -> "Account":
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self._fail("DescribeAlarmHistory")
        self.asked.append(request)
        items = [
            {"Timestamp": moment(minute), "HistoryData": json.dumps({"newState": {"stateValue": state}})}
            for alarm, minute, state in self._changes
            if alarm == request["AlarmName"]
        ]
        return [{"AlarmHistoryItems": items[:1]}, {"AlarmHistoryItems": items[1:]}]

    def _fail(self, operation: str) -> None:
        if self._error and operation == self._of:
            raise ClientError({"Error": {"Code": self._error, "Message": "no"}}, operation)


FOUND: dict[str, tuple[list[tuple[str, int, str]], list[tuple[str, int, int | None]]]] = {
    "none": ([], []),
    "one": ([("errors", 1, "ALARM"), ("errors", 5, "OK")], [("errors", 1, 5)]),
    "one that lasts": ([("errors", 1, "ALARM")], [("errors", 1, None)]),
    "two alarms at once are one": (
        [("errors", 1, "ALARM"), ("down", 3, "ALARM"), ("errors", 5, "OK"), ("down", 9, "OK")],
        [("errors", 1, 9)],
    ),
    "two": (
        [("errors", 1, "ALARM"), ("errors", 5, "OK"), ("errors", 7, "ALARM"), ("errors", 8, "OK")],
        [("errors", 1, 5), ("errors", 7, 8)],
    ),
    "missing data ends one": ([("errors", 1, "ALARM"), ("errors", 5, "INSUFFICIENT_DATA")], [("errors", 1, 5)]),
    # It began before the history does.
    "the end of one": ([("errors", 5, "OK")], []),
}


@pytest.mark.parametrize("case", FOUND)
def test_incidents_are(case: str) -> None:
    changes, expected = FOUND[case]
    found = read_incidents(Account(changes), WATCHED, now=NOON)
    assert found == [
        Incident(alarm=alarm, start=moment(start), end=None if end is None else moment(end))
        for alarm, start, end in expected
    ]


def test_two_weeks_of_state_changes_are_read() -> None:
    account = Account()
    read_incidents(account, WATCHED, now=NOON)
    assert account.asked == [
        {
            "AlarmName": name,
            "HistoryItemType": "StateUpdate",
            "ScanBy": "TimestampAscending",
            "StartDate": NOON - timedelta(days=14),
        }
        for name in ("errors", "down")
    ]


def test_without_a_role_there_are_none_and_the_log_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_incidents(Account(error="AccessDenied", of="AssumeRole"), WATCHED, now=NOON) == []
    assert "no incidents are counted in us-east-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        *[
            (name, error)
            for name in ("AssumeRole", "DescribeAlarmHistory")
            for error in ("Throttling", "InternalFault")
        ],
        # A denied history is not a quiet one.
        ("DescribeAlarmHistory", "AccessDenied"),
    ],
)
def test_other_errors_are_raised_for_a_retry(error: str, operation: str) -> None:
    with pytest.raises(ClientError, match=error):
        read_incidents(Account(error=error, of=operation), WATCHED, now=NOON)


def test_region_whose_role_is_missing_does_not_hide_the_next() -> None:
    class Accounts(Account):
        @override
        def assume_role(self, **given: Any) -> dict[str, Any]:
            self._error = "AccessDenied" if given["RoleArn"] == "gone" else ""
            return super().assume_role(**given)

    account = Accounts([("errors", 1, "ALARM"), ("errors", 5, "OK")], of="AssumeRole")
    watched = [Watched(role="gone", region="us-west-2", alarms=["errors"]), *WATCHED]
    assert [one.start for one in read_incidents(account, watched, now=NOON)] == [moment(1)]

"""When a deployment window opens."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.engine.deployment_window import Window, WindowError
from settings.sections.deployment_window import DAYS, DeploymentWindowSettings

OFFICE = {"Cron": "* * 9-15 ? * MON-THU *", "TimeZone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24T09:00+01:00", "2026-11-24T09:00+01:00"),
        ("2026-11-24T15:59+01:00", "2026-11-24T15:59+01:00"),
        ("2026-11-24T16:00+01:00", "2026-11-25T09:00+01:00"),
        ("2026-11-24T08:59:30+01:00", "2026-11-24T09:00+01:00"),
        ("2026-11-24T07:30+00:00", "2026-11-24T09:00+01:00"),
        ("2026-11-26T18:00+01:00", "2026-11-30T09:00+01:00"),
        # over the night in which clocks are put forward
        ("2027-03-25T20:00+01:00", "2027-03-29T09:00+02:00"),
    ],
)
def test_window_opens(now: str, opens: str) -> None:
    assert Window.read(OFFICE).opens(datetime.fromisoformat(now)) == datetime.fromisoformat(opens)


@pytest.mark.parametrize(
    ("cron", "opens"),
    [
        ("* * * ? * * *", "2026-11-24T12:34+00:00"),
        ("* 0/15 * * * ?", "2026-11-24T12:45+00:00"),
        ("* 0,40 12 * * ?", "2026-11-24T12:40+00:00"),
        ("* 0 6 1 JAN ?", "2027-01-01T06:00+00:00"),
        ("* 0 6 ? * SAT-MON", "2026-11-28T06:00+00:00"),
        ("* 0 6 ? * 2", "2026-11-30T06:00+00:00"),
    ],
)
def test_cron_expressions_follow_codepipeline(cron: str, opens: str) -> None:
    window = Window.read({"Cron": cron, "TimeZone": "UTC"})
    assert window.opens(datetime(2026, 11, 24, 12, 34, tzinfo=UTC)) == datetime.fromisoformat(opens)


@pytest.mark.parametrize(
    ("configuration", "fault"),
    [
        ({"Cron": "* * *"}, "six or seven fields"),
        ({"Cron": "* * * L * ?"}, "unsupported field 'L'"),
        ({"Cron": "* 61 * * * ?"}, "unsupported field '61'"),
        ({"Cron": "* * * ? * * 2027"}, "has a year"),
        ({"Cron": "* * * ? * *", "TimeZone": "Europe/Nowhere"}, "unknown time zone 'Europe/Nowhere'"),
        ({"Cron": "* 0 0 31 FEB ?"}, "does not open within a year"),
    ],
)
def test_invalid_expression_is_reported(configuration: dict[str, str], fault: str) -> None:
    with pytest.raises(WindowError, match=fault):
        Window.read(configuration).opens(datetime(2026, 11, 24, tzinfo=UTC))


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 - made aware below
    first=st.sampled_from(DAYS),
    last=st.sampled_from(DAYS),
    hours=st.lists(st.integers(0, 23), min_size=2, max_size=2),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_windows_of_the_settings_open_as_stated(
    now: datetime, first: str, last: str, hours: list[int], zone: str
) -> None:
    low, high = sorted(hours)
    settings = DeploymentWindowSettings(days=f"{first}-{last}", hours=f"{low}-{high}", time_zone=zone)
    window = Window.read({"Cron": settings.cron, "TimeZone": zone})
    opens = window.opens(now.replace(tzinfo=UTC))
    assert timedelta(0) <= opens - now.replace(tzinfo=UTC) <= timedelta(days=8)
    assert low <= opens.hour <= high
    assert window.opens(opens) == opens

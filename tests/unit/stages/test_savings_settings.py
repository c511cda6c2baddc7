"""Settings that save money: off-hours, Spot capacity and a budget."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.cost.assembly import Environment, Stack
from jobs.cost.estimate import estimate, total
from jobs.cost.usage import Assumptions
from settings import OffHoursSettings
from settings.sections.deployment_window import DAYS, TIME_ZONES
from tests.unit.one_environment import OFF_HOURS, OneEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk.assertions import Template

NEEDS_TASKS = {"no-healthy-target", "no-task-runs", "error-rate", "tasks-missing", "unhealthy-target"}


def of_type(template: "Template", type_name: str) -> list[dict[str, Any]]:
    return [found["Properties"] for found in template.find_resources(type_name).values()]


def test_off_hours_use_the_local_time_zone(prod_with_more: OneEnvironment) -> None:
    [target] = of_type(prod_with_more("application"), "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)
    assert [
        (action["Schedule"], action["Timezone"], action["ScalableTargetAction"])
        for action in target["ScheduledActions"]
    ] == [
        ("cron(0 7 ? * MON-FRI *)", "Europe/Berlin", {"MinCapacity": 2, "MaxCapacity": 6}),
        ("cron(0 20 ? * MON-FRI *)", "Europe/Berlin", {"MinCapacity": 0, "MaxCapacity": 0}),
    ]


def test_task_alarms_are_suppressed_in_off_hours(prod_with_more: OneEnvironment) -> None:
    by_day = {
        alarm["AlarmName"].removeprefix("yawl-prod-"): query
        for alarm in of_type(prod_with_more("monitoring"), "AWS::CloudWatch::Alarm")
        for query in alarm.get("Metrics", [])
        if "DAY(measured)" in query.get("Expression", "")
    }
    assert by_day.keys() == NEEDS_TASKS
    assert all(query["ReturnData"] for query in by_day.values())
    assert by_day["no-task-runs"]["Expression"].endswith(", measured, 1)"), "one task is not below the limit"
    assert by_day["error-rate"]["Expression"].endswith(", measured, 0)")
    assert len(by_day["no-task-runs"]["Expression"]) < 1024, "CloudWatch takes no longer ones"


def test_no_time_condition_without_off_hours(template: "Callable[[str, str], Template]") -> None:
    alarms = of_type(template("prod", "monitoring"), "AWS::CloudWatch::Alarm")
    assert "DAY(" not in str(alarms)


def test_alarm_keeps_its_period(prod_with_more: OneEnvironment) -> None:
    for alarm in of_type(prod_with_more("monitoring"), "AWS::CloudWatch::Alarm"):
        periods = {query["MetricStat"]["Period"] for query in alarm.get("Metrics", []) if "MetricStat" in query}
        judged = {
            query["Period"] for query in alarm.get("Metrics", []) if query.get("ReturnData") and "Period" in query
        }
        assert judged <= periods, alarm["AlarmName"]


@pytest.mark.parametrize(
    ("night", "hours"),
    [
        # From 8:00 in winter time, an hour after the start, to 20:00 in summer time; Monday is 0 to 23.
        (OFF_HOURS, [(7 + 24 * day, 17 + 24 * day) for day in range(5)]),
        (OffHoursSettings(days="SUN", wake_hour=9, sleep_hour=18, time_zone="UTC"), [(154, 161)]),
        # An offset with half an hour: 10:00 to 18:00 is 4:30 to 12:30 in UTC.
        (OffHoursSettings(days="MON", wake_hour=9, sleep_hour=18, time_zone="Asia/Kolkata"), [(5, 11)]),
        # Monday's morning is Sunday's evening in UTC, across the end of the week.
        (OffHoursSettings(days="MON", wake_hour=6, sleep_hour=22, time_zone="Asia/Tokyo"), [(0, 12), (166, 167)]),
        (
            OffHoursSettings(days="SUN", wake_hour=9, sleep_hour=22, time_zone="America/Los_Angeles"),
            [(0, 4), (162, 167)],
        ),
        (OffHoursSettings(days="MON", wake_hour=9, sleep_hour=11, time_zone="UTC"), [(10, 10)]),
    ],
)
def test_alarm_hours(night: OffHoursSettings, hours: list[tuple[int, int]]) -> None:
    assert night.running_hours == hours


@st.composite
def nights(draw: st.DrawFn) -> OffHoursSettings:
    wake = draw(st.integers(0, 22))
    return OffHoursSettings.model_construct(
        days=",".join(draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))),
        wake_hour=wake,
        sleep_hour=draw(st.integers(wake + 1, 23)),
        time_zone=draw(st.sampled_from(TIME_ZONES)),
    )


@given(nights(), st.integers(0, 50))
def test_alarms_are_suppressed_while_tasks_are_off_or_starting(night: OffHoursSettings, week: int) -> None:
    zone = ZoneInfo(night.time_zone)
    # The few zones with a third offset for some weeks are calculated with the offset at the first of a month.
    seasons = {datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}
    monday = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=week)
    for first, last in night.running_hours:
        for now in (monday + timedelta(hours=first), monday + timedelta(hours=last, minutes=59)):
            here = now.astimezone(zone)
            if here.utcoffset() in seasons:
                assert DAYS[here.weekday()] in night.week_days
                assert night.wake_hour + 1 <= here.hour < night.sleep_hour


def test_spot_capacity_instead_of_a_launch_type(prod_with_more: OneEnvironment) -> None:
    [service] = of_type(prod_with_more("application"), "AWS::ECS::Service")
    assert service["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    assert "LaunchType" not in service
    [providers] = of_type(prod_with_more("application"), "AWS::ECS::ClusterCapacityProviderAssociations")
    assert "FARGATE_SPOT" in providers["CapacityProviders"]


def test_budget_filters_by_tag_and_notifies_the_alarm_address(prod_with_more: OneEnvironment) -> None:
    [found] = of_type(prod_with_more("monitoring"), "AWS::Budgets::Budget")
    assert found["Budget"] == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 250, "Unit": "USD"},
        "CostFilters": {"TagKeyValue": ["user:Environment$prod"]},
    }
    assert [
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"], one["Subscribers"])
        for one in found["NotificationsWithSubscribers"]
    ] == [
        (kind, percent, [{"SubscriptionType": "EMAIL", "Address": "on-call@example.com"}])
        for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100), ("ACTUAL", 100))
    ]


def test_budget_tag_is_on_every_priced_resource(prod_with_more: OneEnvironment) -> None:
    for part, type_name in {
        "network": "AWS::EC2::NatGateway",
        "database": "AWS::RDS::DBInstance",
        "cache": "AWS::ElastiCache::ReplicationGroup",
        "application": "AWS::ECS::Service",
    }.items():
        for found in of_type(prod_with_more(part), type_name):
            assert {"Key": "Environment", "Value": "prod"} in found["Tags"]
    [service] = of_type(prod_with_more("application"), "AWS::ECS::Service")
    assert service["PropagateTags"] == "SERVICE", "Fargate is charged by the tasks, which must have the tags as well"


def test_savings(prod_with_more: OneEnvironment) -> None:
    stack = Stack(name="application", region="us-east-1", template=prod_with_more("application").to_json())
    found = estimate([Environment(name="prod", stacks=(stack,))], Assumptions(by_environment={}))
    assert not found.unpriced
    # Two tasks for 5 x 13 of a week's 168 hours, at 40 percent of 0.04048 + 2 x 0.004445 an hour
    hours = 2 * Decimal(730) * 65 / 168
    expected = hours * (Decimal("0.04048") + 2 * Decimal("0.004445")) * Decimal("0.4")
    tasks = total(line for line in found.lines if line.what.startswith("tasks on Spot"))
    assert tasks == pytest.approx(expected, abs=Decimal("0.00001"))
    assert re.search(r"^1[12]\.", str(tasks)), "instead of 72.08"

"""The pages of a small estimate, whole, and the assumptions that all figures are based on."""

import json
import re
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.cost import CostError
from jobs.cost.assembly import Environment, Stack
from jobs.cost.details import details
from jobs.cost.difference import difference
from jobs.cost.estimate import Estimate, Saving, estimate
from jobs.cost.formatting import aligned, dollars, figure, signed
from jobs.cost.markdown import as_markdown
from jobs.cost.report import as_json, as_text, changes_as_json, changes_as_text
from jobs.cost.schedule import capacity_hours
from jobs.cost.usage import DAYS, HOURS, Assumptions, Usage, read_assumptions

USAGE = {
    "million_requests": "1",
    "edge_gb": "20",
    "load_balancer_lcu": "0.1",
    "nat_gb": "10",
    "endpoint_gb": "5",
    "zones_gb": "20",
    "scaled_out_hours": "20",
    "spot_discount_percent": "60",
    "engine_log_gb": "2",
    "flow_log_gb": "2",
    "database_log_gb": "0.5",
    "cache_log_gb": "0.1",
    "other_log_gb": "0.05",
    "log_compression": "0.15",
    "monitoring_sample_kb": "5",
    "insights_metrics": "60",
    "insights_metrics_of_a_task": "25",
    "engine_metrics": "2",
    "database_fill": "0.3",
    "database_daily_change": "0.02",
    "cache_snapshot_gb": "0.2",
    "bucket_new_gb": "1",
    "kept_months": "12",
    "bucket_thousand_writes": "10",
    "bucket_thousand_reads": "50",
    "key_rotations": "0",
    "releases": "20",
    "build_minutes": "4",
    "deploy_minutes": "3",
    "backup_gb": "10",
    "restore_tests": "1",
    "trail_log_gb": "0.5",
    "trail_thousand_data_events": "100",
    "guardduty_million_events": "0.5",
    "config_items": "500",
    "config_evaluations": "1000",
}
"""One environment in one month. Every estimate that an approver sees rests on these."""
COMMON = Assumptions(by_environment={})


def resource(type_name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": type_name, "Properties": properties}


def environment(name: str, **stacks: dict[str, Any]) -> Environment:
    return Environment(
        name=name,
        stacks=tuple(
            Stack(name=f"yawl-{name}-{part}", region="us-east-1", template={"Resources": resources})
            for part, resources in stacks.items()
        ),
    )


DATABASE = resource(
    "AWS::RDS::DBInstance",
    Engine="postgres",
    DBInstanceClass="db.t3.small",
    MultiAZ=True,
    StorageType="gp3",
    AllocatedStorage="100",
)
ALARM = resource("AWS::CloudWatch::Alarm", MetricName="CPUUtilization", Namespace="AWS/RDS")
ADDRESS, NEW = resource("AWS::EC2::EIP"), resource("AWS::Quantum::Computer")
LOG = resource("AWS::Logs::LogGroup", RetentionInDays=30)
TASKS = {
    "Task": resource("AWS::ECS::TaskDefinition", Cpu="1024", Memory="2048"),
    "Service": resource("AWS::ECS::Service", TaskDefinition={"Ref": "Task"}, DesiredCount=2),
}
DEV = environment("dev", network={"Address": ADDRESS, "Log": LOG})
PROD = environment(
    "prod",
    network={"Address": ADDRESS, "Other": ADDRESS},
    database={"Database": DATABASE},
    application=TASKS,
    monitoring={**{f"Alarm{number}": ALARM for number in range(12)}, "New": NEW},
)
BEFORE = environment("prod", network={"Address": ADDRESS}, database={}, application=TASKS, monitoring={})


@pytest.fixture(scope="module")
def found() -> Estimate:
    return estimate([DEV, PROD], COMMON)


def test_assumptions() -> None:
    assert {name: str(value) for name, value in asdict(Usage()).items()} == USAGE
    assert (HOURS, round(DAYS, 4)) == (730, Decimal("30.4167"))


def pages() -> dict[str, str]:
    """Return every page of the estimate and of its difference, without the prices' dates."""
    found = estimate([DEV, PROD], COMMON)
    change = difference(estimate([DEV, BEFORE], COMMON), found)
    written = {
        "details": details(found, COMMON),
        "summary": as_text(found),
        "page": as_markdown(found, COMMON),
        "difference": changes_as_text(change, before="main"),
        "whole difference": changes_as_text(change, before="main", all_changes=True),
    }
    return {name: re.sub(r"recorded on .*?\.", "recorded on DATE.", text).rstrip() for name, text in written.items()}


@pytest.mark.parametrize("name", pages())
def test_pages_are_as_reviewed(name: str) -> None:
    """Whoever changes a page or a price reads it and writes it into cost_pages.txt."""
    reviewed = Path(__file__).with_name("cost_pages.txt").read_text().split("\n=== ")
    texts = dict(section.split("\n", 1) for section in reviewed[1:])
    assert pages()[name].splitlines() == texts[name].rstrip().splitlines()


def test_share_that_a_commitment_saves(found: Estimate, monkeypatch: pytest.MonkeyPatch) -> None:
    saving = Saving(on_demand=Decimal(200), committed=Decimal(50), price="reserved")

    def savings(_: Estimate) -> list[tuple[str, str, Saving]]:
        return [("prod", "tasks", saving)]

    monkeypatch.setattr(f"{details.__module__}.savings", savings)
    assert "  prod  tasks     200.00      50.00  150.00  75 %" in details(found, COMMON).splitlines()


def test_json_has_the_same_sums(found: Estimate) -> None:
    written = json.loads(as_json(found, COMMON))
    prod = written["environments"]["prod"]
    assert {name: round(prod[name], 2) for name in ("monthly", "fixed", "by_usage", "saved_by_commitment")} == {
        "monthly": 156.74,
        "fixed": 156.14,
        "by_usage": 0.6,
        "saved_by_commitment": 29.02,
    }
    assert prod["assumptions"] == {name: float(value) for name, value in USAGE.items()}
    [storage] = [line for line in written["lines"] if line["what"] == "storage gp3"]
    assert {name: storage[name] for name in ("quantity", "usd", "discount", "assumptions", "monthly")} == {
        "quantity": 100.0,
        "usd": 0.23,
        "discount": 0.0,
        "assumptions": [],
        "monthly": 23.0,
    }
    assert [one["resource"] for one in written["unpriced"]] == ["New"]
    change = json.loads(changes_as_json(difference(estimate([BEFORE], COMMON), estimate([PROD], COMMON))))
    assert (change["before"], change["after"], change["monthly"]) == (76.3302, 156.7402, 80.41)
    assert change["changes"][0]["monthly"] == 52.56


@pytest.mark.parametrize(
    ("number", "lines"), [(7, [f"e{index}" for index in range(7)]), (8, [*(f"e{index}" for index in range(6)), "2"])]
)
def test_environments_beyond_the_seventh_share_a_line(number: int, lines: list[str]) -> None:
    many = estimate([environment(f"e{index}", network={"Address": ADDRESS}) for index in range(number)], COMMON)
    rows = [line.split() for line in as_text(many).splitlines()[2:]]
    assert [row[0] for row in rows[: rows.index([])]] == [*lines, "all"]
    if number == 8:
        assert rows[6] == ["2", "more", "7.30", "0.00", "7.30"]


@pytest.mark.parametrize(
    ("types", "named"), [(3, "AWS::A::A; AWS::A::B; AWS::A::C."), (5, "AWS::A::A; AWS::A::B; AWS::A::C; 2 more.")]
)
def test_three_charges_without_a_price_are_named(types: int, named: str) -> None:
    unknown = {letter: resource(f"AWS::A::{letter}") for letter in "ABCDE"[:types]}
    shown = as_text(estimate([environment("prod", network=unknown)], COMMON))
    assert f"Not counted: no prices in us-east-1 for {named}" in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("730", "730"), ("1460", "1,460"), ("0.219", "0.219"), ("0.00744", "0.0074"), ("20.50", "20.5"), ("100", "100")],
)
def test_figures_have_no_trailing_zeros(value: str, shown: str) -> None:
    assert figure(Decimal(value)) == shown


def test_formats() -> None:
    assert [signed(Decimal(value)) for value in ("0.005", "-0.004", "1234.5", "-1", "0.006")] == [
        "±$0.00",
        "±$0.00",
        "+$1,234.50",
        "-$1.00",
        "+$0.01",
    ]
    assert dollars(Decimal("1234.567")) == "1,234.57"
    assert aligned([], numbers=(0,)) == []
    assert aligned([("a", "1", "b"), ("aaa", "10", "")], numbers=(1,)) == ["a     1  b", "aaa  10"]


def schedule(*actions: tuple[str, int]) -> dict[str, Any]:
    return {
        "MinCapacity": 2,
        "ScheduledActions": [
            {"Schedule": cron, "ScalableTargetAction": {"MinCapacity": capacity}} for cron, capacity in actions
        ],
    }


@pytest.mark.parametrize(
    ("actions", "share"),
    [
        ([("cron(0 8 ? * MON-FRI *)", 2), ("cron(0 20 ? * MON-FRI *)", 0)], {2: 60, 0: 108}),
        ([("cron(30 8 ? * 2-6 *)", 2), ("cron(0 9 * * 2-6 *)", 0)], {2: Decimal("2.5"), 0: Decimal("165.5")}),
        ([("cron(0 0 ? * SAT *)", 0), ("cron(0 0 ? * MON *)", 1)], {0: 48, 1: 120}),
        ([("cron(0 0 ? * FRI-SUN *)", 0), ("cron(0 12 ? * 1,7 *)", 3)], {0: 48, 3: 120}),
        ([("cron(0 0 ? * ? *)", 1)], {1: 168}),
        ([], {2: 168}),
    ],
)
def test_hours_of_each_capacity(actions: list[tuple[str, int]], share: dict[int, Decimal]) -> None:
    found = capacity_hours(schedule(*actions))
    assert {int(capacity): round(hours * 168 / HOURS, 6) for capacity, hours in found.items()} == share


@pytest.mark.parametrize("cron", ["cron(0 8 ? * 0 *)", "cron(0 8 ? * 8 *)", "cron(0 8 ? * MONDAY *)", "rate(1 day)"])
def test_schedule_that_cannot_be_read(cron: str) -> None:
    with pytest.raises(CostError):
        capacity_hours(schedule((cron, 1)))


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("edge_gb=0", True),
        ("edge_gb=999999999999", True),
        ("edge_gb=1000000000000", False),
        ("edge_gb=-1", False),
        ("edge_gb=NaN", False),
        ("edge_gb=Infinity", False),
        ("edge_gb", False),
        ("edge_gb=", False),
        ("edge=1", False),
    ],
)
def test_limits_of_an_assumption(text: str, taken: bool) -> None:
    if taken:
        assert read_assumptions(changes=[text]).common.edge_gb == Decimal(text.partition("=")[2])
    else:
        with pytest.raises(CostError):
            read_assumptions(changes=[text])


def test_file_of_assumptions(tmp_path: Path) -> None:
    file = tmp_path / "usage.toml"
    file.write_text("edge_gb = 30\nnat_gb = 1.5\n[environments.prod]\nedge_gb = 40\n")
    found = read_assumptions(file, ["nat_gb=7"])
    assert [(one.edge_gb, one.nat_gb) for one in (found.of("dev"), found.of("prod"))] == [(30, 7), (40, 7)]
    for wrong in ("edge_gb = true", 'edge_gb = "1"', "environments = 1", "edge_gb = ", "edge = 1"):
        file.write_text(wrong)
        with pytest.raises(CostError):
            read_assumptions(file)
    with pytest.raises(CostError, match="cannot be read"):
        read_assumptions(tmp_path / "nothing.toml")

"""What charges depend on, their value where a price is missing, and tables with figures of every length."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jobs.cost import CostError
from jobs.cost.assembly import Environment, Stack, read_environments
from jobs.cost.details import details
from jobs.cost.difference import difference
from jobs.cost.estimate import GRID, Estimate, Line, Saving, estimate
from jobs.cost.prices import read_prices
from jobs.cost.report import as_text, changes_as_text
from jobs.cost.resources.delivery import BAKE_VARIABLE
from jobs.cost.usage import HOURS, MEANINGS, Assumptions, Usage

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

NOWHERE = "xx-nowhere-1"
"""A region without prices."""
COMMON = Assumptions(by_environment={})
Key = tuple[str, str, str, str]
"""The environment, stack, resource and what is charged."""


@pytest.fixture(scope="module")
def environments(assembly: "CloudAssembly") -> Sequence[Environment]:
    return read_environments(Path(assembly.directory))


def of_resources(region: str = "us-east-1", name: str = "dev", **resources: Any) -> Environment:
    stack = Stack(name=f"yawl-{name}-stack", region=region, template={"Resources": resources})
    return Environment(name=name, stacks=(stack,))


def key(line: Line) -> Key:
    return line.environment, line.stack, line.resource, line.what


def charged(found: Estimate) -> dict[Key, Decimal]:
    return {key(line): line.quantity for line in found.lines}


def test_charge_names_the_assumptions_that_change_it_and_no_others(environments: Sequence[Environment]) -> None:
    found = estimate(environments, COMMON)
    before = charged(found)
    named = {(key(line), name) for line in found.lines for name in line.assumptions}
    changed: set[tuple[Key, str]] = set()
    for name in MEANINGS:
        more = replace(Usage(), **{name: 3 * getattr(Usage(), name) + 1})
        after = charged(estimate(environments, replace(COMMON, common=more)))
        changed |= {(one, name) for one, quantity in before.items() if after.get(one) != quantity}
    assert {(one[3], name) for one, name in changed - named} == set()
    # These buckets empty themselves before the assumed age.
    assert {(one[3], name) for one, name in named - changed} == {
        ("objects, standard", "kept_months"),
        ("objects, glacier", "kept_months"),
    }


def test_bake_depends_on_its_own_minutes_even_without_any() -> None:
    """A bake's build takes a minute to start."""
    variable = {"Name": BAKE_VARIABLE, "Value": "0"}
    project = {"Type": "AWS::CodeBuild::Project", "Properties": {"Environment": {"EnvironmentVariables": [variable]}}}
    [line] = estimate([of_resources(Bake=project)], COMMON).lines
    assert (line.quantity, line.assumptions) == (20, ("releases",))


def test_pipeline_is_charged_for_each_action_as_long_as_it_runs() -> None:
    """Also if the bake is the first or the last of its builds; an approval is free."""
    environment = {"EnvironmentVariables": [{"Name": "A", "Value": "7"}, {"Name": BAKE_VARIABLE, "Value": "30"}]}
    build: dict[str, Any] = {"Type": "AWS::CodeBuild::Project", "Properties": {}}

    def action(category: str, project: str = "") -> dict[str, Any]:
        configuration = {"Configuration": {"ProjectName": {"Ref": project}}} if project else {}
        return {"ActionTypeId": {"Category": category}, **configuration}

    stages = [
        {"Actions": [action("Source")]},
        {"Actions": [action("Build", "One"), action("Approval"), action("Deploy"), action("Build", "Bake")]},
        {"Actions": [action("Build", "Bake"), action("Build", "Elsewhere"), action("Deploy")]},
    ]
    bake = {**build, "Properties": {"Environment": environment}}
    pipeline = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Stages": stages}}
    found = estimate([of_resources(One=build, Bake=bake, Pipeline=pipeline)], COMMON)
    minutes = {line.resource: line.quantity / Usage().releases for line in found.lines}
    assert minutes == {"One": 4, "Bake": 31, "Pipeline": 1 + 4 + 0 + 3 + 31 + 31 + 4 + 3}


@pytest.mark.parametrize(
    ("strategy", "launch_type", "on_spot"),
    [
        ([], "", 0),
        ([("FARGATE", 0, 1)], "", 0),
        ([("FARGATE_SPOT", 0, 1)], "", 10),
        ([("FARGATE_SPOT", 0, 1)], "FARGATE", 0),
        ([("FARGATE", 0, 1), ("FARGATE_SPOT", 0, 3)], "", 7.5),
        ([("FARGATE", 2, 1), ("FARGATE_SPOT", 0, 3)], "", 6),
        ([("FARGATE", 2, 0), ("FARGATE_SPOT", 0, 1)], "", 8),
        ([("FARGATE_SPOT", 2, 0), ("FARGATE", 0, 1)], "", 2),
        ([("FARGATE_SPOT", 12, 0), ("FARGATE", 0, 1)], "", 10),
        ([("FARGATE_SPOT", 2, 0), ("FARGATE", 0, 0)], "", 2),
    ],
)
def test_tasks_on_spot(strategy: list[tuple[str, int, int]], launch_type: str, on_spot: float) -> None:
    names = ("CapacityProvider", "Base", "Weight")
    properties = {
        "TaskDefinition": {"Ref": "Task"},
        "DesiredCount": 10,
        "CapacityProviderStrategy": [dict(zip(names, one, strict=True)) for one in strategy],
        **({"LaunchType": launch_type} if launch_type else {}),
    }
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "1024", "Memory": "2048"}}
    service = {"Type": "AWS::ECS::Service", "Properties": properties}
    found = estimate([of_resources(Task=task, Service=service)], COMMON)
    tasks = {line.what: line.quantity / HOURS for line in found.lines if line.what.endswith("vCPU")}
    assert tasks.get("tasks on Spot: vCPU", 0) == on_spot
    assert tasks.get("tasks: vCPU", 0) == 10 - on_spot


def test_charge_without_a_price_has_the_value_that_it_has_where_prices_are_complete() -> None:
    """The largest comes first on the pages."""
    strategy = [{"CapacityProvider": "FARGATE", "Base": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    resources = {
        "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "1024", "Memory": "2048"}},
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {"TaskDefinition": {"Ref": "Task"}, "DesiredCount": 3, "CapacityProviderStrategy": strategy},
        },
    }
    priced = estimate([of_resources(**resources)], COMMON)
    found = estimate([of_resources(NOWHERE, **resources)], COMMON)
    assert any(line.discount for line in priced.lines)
    assert not found.lines
    assert {one.what: one.elsewhere for one in found.unpriced} == {
        line.what: line.monthly.quantize(GRID) for line in priced.lines
    }
    assert {one.what: one.quantity for one in found.unpriced} == {
        line.what: line.quantity * (1 - line.discount) for line in priced.lines
    }


def test_amounts_end_in_one_column_however_long_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    possible = [
        ("dev", "tasks", Saving(on_demand=Decimal(9), committed=Decimal(8), price="")),
        ("prod", "reserved", Saving(on_demand=Decimal(100_000), committed=Decimal(2_000), price="")),
    ]

    def savings(_: Estimate) -> list[tuple[str, str, Saving]]:
        return possible

    monkeypatch.setattr(f"{details.__module__}.savings", savings)
    address, gateway = {"Type": "AWS::EC2::EIP"}, {"Type": "AWS::EC2::NatGateway"}
    dev, prod = of_resources(Address=address), of_resources(name="prod", Nat=gateway, Address=address)
    found = estimate([dev, prod], COMMON)
    changes = changes_as_text(difference(estimate([dev], COMMON), found), before="main")
    written = "\n".join([details(found, COMMON), as_text(found), changes])
    for table in (
        """
    Nat            NAT gateway          730 h x $0.045  32.85
    Nat            traffic through NAT  10 GB x $0.045             0.45
    Address        public IPv4 address  730 h x $0.005   3.65
""",
        """
                   on demand  committed      saved
  dev   tasks           9.00       8.00       1.00  11 %
  prod  reserved  100,000.00   2,000.00  98,000.00  98 %
""",
        """
        fixed  by usage    total
  dev    3.65      0.00     3.65
  prod  36.50      0.45    36.95
  all   40.15      0.45    40.60
""",
        """
  prod  NAT gateway          Nat      32.85
  dev   public IPv4 address  Address   3.65
  prod  public IPv4 address  Address   3.65
  prod  traffic through NAT  Nat       0.45
""",
        """
prod  yawl-prod-stack  Nat      NAT gateway          +$32.85
prod  yawl-prod-stack  Address  public IPv4 address   +$3.65
prod  yawl-prod-stack  Nat      traffic through NAT   +$0.45""",
    ):
        assert table in written


@pytest.mark.parametrize(
    ("usd", "taken"), [("0", True), ("0.01", True), ("-0.01", False), ("-1", False), ("true", False)]
)
def test_price_is_a_number_of_at_least_0(usd: str, taken: bool, tmp_path: Path) -> None:
    price = f'a = {{ usd = {usd}, unit = "h", source = "s t" }}'
    (tmp_path / "x.toml").write_text(f'region = "x"\ndated = 2026-01-01\n[prices]\n{price}')
    if taken:
        assert read_prices("x", tmp_path).prices["a"].usd == Decimal(usd)
    else:
        with pytest.raises(CostError, match=r"x\.toml cannot be read"):
            read_prices("x", tmp_path)

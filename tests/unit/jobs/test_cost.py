"""The cost estimate: figures calculated by hand, assumptions, and resources without a price."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.change_review.costs import LONGEST_PHRASE, cost_phrase
from jobs.cost import CostError
from jobs.cost.__main__ import main
from jobs.cost.assembly import Environment, Stack, read_environments
from jobs.cost.details import details
from jobs.cost.difference import Difference, difference
from jobs.cost.estimate import GRID, Estimate, estimate, total
from jobs.cost.formatting import signed
from jobs.cost.markdown import as_markdown
from jobs.cost.prices import FOLDER, read_prices
from jobs.cost.report import as_json, as_text, changes_as_text
from jobs.cost.resources import FREE, PRICED
from jobs.cost.savings import savings
from jobs.cost.schedule import capacity_hours
from jobs.cost.unpriced import Unpriced, by_charge
from jobs.cost.usage import MEANINGS, Assumptions, Usage, read_assumptions
from settings.aws.data import REGIONS
from tests.environment_stacks import own_region
from tests.paths import ROOT
from tests.unit.one_environment import OneEnvironment
from tests.unit.other_settings import skip_with_example_only

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

ASSUMPTIONS = Assumptions(by_environment={})

BY_HAND = [
    # environment, what is charged, dollars a month: price x 730 hours unless noted
    ("dev", "NAT gateway", "32.85"),  # 0.045
    ("staging", "NAT gateway", "65.70"),  # 2 x 0.045
    ("prod", "NAT gateway", "65.70"),
    ("dev", "public IPv4 address", "3.65"),  # 0.005, the gateway's
    ("prod", "public IPv4 address", "7.30"),
    ("dev", "public IPv4 addresses", "7.30"),  # 2 x 0.005, the load balancer's
    ("prod", "interface endpoint, per zone", "58.40"),  # 4 endpoints x 2 zones x 0.01
    ("dev", "load balancer", "16.425"),  # 0.0225
    ("dev", "capacity units", "0.584"),  # 0.1 x 0.008: never by the gigabyte
    ("dev", "tasks: vCPU", "29.5504"),  # 0.04048
    ("dev", "tasks: memory", "6.4897"),  # 2 GB x 0.004445
    ("prod", "tasks: vCPU", "59.1008"),  # 2 x 0.04048
    ("prod", "tasks: memory", "12.9794"),  # 2 x 2 GB x 0.004445
    ("prod", "tasks added by scaling: vCPU", "0.8096"),  # 20 h x 0.04048
    ("dev", "db.t3.micro, one zone", "13.14"),  # 0.018
    ("prod", "db.t3.small, two zones", "52.56"),  # 0.072
    ("dev", "storage gp3", "2.30"),  # 20 GB x 0.115
    ("prod", "storage gp3", "23.00"),  # 100 GB x 0.23
    ("prod", "enhanced monitoring, log", "0.1095"),  # 43,800 lines x 5 kB x 0.50
    ("prod", "master password secret", "0.40"),
    ("dev", "1 x cache.t3.micro", "12.41"),  # 0.017
    ("prod", "2 x cache.t3.small", "49.64"),  # 2 x 0.034
    ("prod", "snapshots except the first", "0.102"),  # 6 x 0.2 GB x 0.085
    ("dev", "Container Insights", "5.95"),  # (60 + 25) x 0.07
    ("prod", "Container Insights", "7.70"),  # (60 + 2 x 25) x 0.07
    ("prod", "traffic to users", "1.70"),  # 20 GB x 0.085
    ("prod", "data events", "0"),  # the trail has none: calls of management are free once
    ("prod", "composite alarm", "0.50"),
]


@pytest.fixture(scope="module")
def found(assembly: "CloudAssembly") -> Estimate:
    """The estimate of the example configuration."""
    return estimate(read_environments(Path(assembly.directory)), ASSUMPTIONS)


def usd(amount: Decimal) -> Decimal:
    return amount.quantize(GRID)


def costs(found: Estimate, environment: str, what: str) -> Decimal:
    return total(line for line in found.of(environment) if line.what == what)


@pytest.mark.parametrize(("environment", "what", "monthly"), BY_HAND)
def test_figures_computed_by_hand(found: Estimate, environment: str, what: str, monthly: str) -> None:
    assert costs(found, environment, what) == Decimal(monthly)


def test_everything_that_is_deployed_is_priced_or_known_to_be_free(found: Estimate) -> None:
    assert not found.unpriced
    assert found.environments == ("delivery", "dev", "staging", "prod")
    assert not PRICED.keys() & FREE.keys()


def test_everything_of_other_settings_is_priced(prod_with_more: OneEnvironment) -> None:
    stacks = tuple(
        Stack(name=part, region="us-east-1", template=prod_with_more(part).to_json()) for part in own_region("prod")
    )
    assert not estimate([Environment(name="prod", stacks=stacks)], ASSUMPTIONS).unpriced


def test_totals_are_fixed_plus_usage(found: Estimate) -> None:
    data = json.loads(as_json(found, ASSUMPTIONS))
    for name in found.environments:
        of = data["environments"][name]
        assert of["fixed"] + of["by_usage"] == pytest.approx(of["monthly"], abs=1e-4)
        assert of["monthly"] == pytest.approx(
            sum(line["monthly"] for line in data["lines"] if line["environment"] == name), abs=1e-3
        )
    assert data["monthly"] == pytest.approx(float(found.monthly))


def test_details_name_environments_stacks_resources_and_sources_of_usage(found: Estimate) -> None:
    shown = details(found, ASSUMPTIONS)
    for text in ("prod, USD per month", "yawl-prod-database", "db.t3.small, two zones", "730 h x $0.072"):
        assert text in shown
    for name in {name for line in found.lines for name in line.assumptions}:
        assert f"  {name} " in shown


def test_summary_has_the_totals_first_and_the_prices_date(found: Estimate) -> None:
    shown = as_text(found).splitlines()
    assert shown[5].split() == ["prod", "381.01", "23.45", "404.46"]
    assert "at least" not in as_text(found)
    assert shown[-1].endswith("us-east-1, us-west-2 recorded on 2026-11-25, not verified since.")


def in_region(environments: tuple[Environment, ...], name: str, region: str) -> tuple[Environment, ...]:
    """Return the environments with one in another region; its firewall stays with CloudFront."""

    def moved(stack: Stack) -> Stack:
        return stack if stack.name.endswith("-firewall") else replace(stack, region=region)

    return tuple(
        replace(one, stacks=tuple(moved(stack) for stack in one.stacks)) if one.name == name else one
        for one in environments
    )


@pytest.mark.parametrize("region", REGIONS)
def test_in_every_region_a_sum_counts_the_largest_charges_or_says_at_least(
    request: pytest.FixtureRequest, region: str, found: Estimate, assembly: "CloudAssembly"
) -> None:
    if region not in ("us-east-1", "us-west-2", "eu-west-1"):
        skip_with_example_only(request)
    elsewhere = estimate(in_region(read_environments(Path(assembly.directory)), "prod", region), ASSUMPTIONS)
    largest = sorted(found.of("prod"), key=lambda line: -line.monthly)[:15]
    counted = {(line.resource, line.what) for line in elsewhere.of("prod")}
    lacking = {(one.resource, one.what) for one in elsewhere.unpriced_of("prod")}
    assert {(line.resource, line.what) for line in largest} <= counted | lacking
    phrase = difference(found, elsewhere).phrase
    pages = (as_text(elsewhere), details(elsewhere, ASSUMPTIONS), as_markdown(elsewhere, ASSUMPTIONS), phrase)
    assert all(("at least" in page) == bool(lacking) for page in pages)
    if lacking:
        assert len(json.loads(as_json(elsewhere, ASSUMPTIONS))["unpriced"]) == len(elsewhere.unpriced)
        assert f"no prices in {region} for " in phrase
        assert f"make prices REGION={region}" in as_text(elsewhere)
        # What is not counted is as much as is missing, at the prices of the region that has them all.
        lost = sum(one.elsewhere or 0 for one in elsewhere.unpriced)
        assert f": ${lost:,.2f} at us-east-1's prices" in phrase
    else:
        assert region == "us-east-1"


def test_summary_and_the_changes_fit_one_screen(found: Estimate, assembly: "CloudAssembly") -> None:
    environments = read_environments(Path(assembly.directory))
    [prod] = [one for one in environments if one.name == "prod"]
    more = [
        replace(one, name=f"production-{region}") for region in REGIONS for one in in_region((prod,), "prod", region)
    ]
    many = estimate([*environments, *more], ASSUMPTIONS)
    changes = changes_as_text(difference(found, many), before="main~1")
    assert "more: make cost FROM=main~1 ARGS=--details" in changes
    for shown in (as_text(found), as_text(many), changes, changes_as_text(difference(many, found), before="a" * 40)):
        assert len(shown.splitlines()) <= 24
        assert max(len(line) for line in shown.splitlines()) <= 100
    everything = changes_as_text(difference(found, many), before="main~1", all_changes=True)
    assert "more: make cost" not in everything


@pytest.mark.parametrize(
    ("selectors", "monthly"),
    [
        ({}, Decimal(0)),
        ({"EventSelectors": [{"ReadWriteType": "All"}]}, Decimal(0)),
        ({"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object"}]}]}, Decimal("0.1")),
        ({"AdvancedEventSelectors": [{"FieldSelectors": []}]}, Decimal("0.1")),
    ],
    ids=["none", "management events", "data events", "advanced"],
)
def test_trail_costs_what_its_data_events_do(selectors: dict[str, Any], monthly: Decimal) -> None:
    trail = {"Type": "AWS::CloudTrail::Trail", "Properties": {"IsLogging": True, "S3BucketName": "trails", **selectors}}
    stack = Stack(name="audit", region="us-east-1", template={"Resources": {"Trail": trail}})
    assert estimate([Environment(name="prod", stacks=(stack,))], ASSUMPTIONS).monthly == monthly


def test_usage_changes_what_depends_on_it_and_nothing_else(found: Estimate, assembly: "CloudAssembly") -> None:
    changed = estimate(read_environments(Path(assembly.directory)), read_assumptions(None, ["edge_gb=120"]))
    assert difference(found, changed).monthly == 3 * 100 * Decimal("0.085")
    assert {change.what for change in difference(found, changed).changes} == {"traffic to users"}
    assert [line for line in found.lines if line.is_fixed] == [line for line in changed.lines if line.is_fixed]


def test_file_of_assumptions_can_tell_environments_apart(tmp_path: Path) -> None:
    file = tmp_path / "usage.toml"
    file.write_text("edge_gb = 500\n[environments.dev]\nedge_gb = 0.5\n")
    read = read_assumptions(file, ["releases=3"])
    assert (read.of("prod").edge_gb, read.of("dev").edge_gb) == (500, Decimal("0.5"))
    assert read.of("prod").releases == read.of("dev").releases == 3


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
        ("edge_gigabyte = 1", "", "unknown assumption edge_gigabyte"),
        ("edge_gbs = 1", "", "did you mean edge_gb?"),
        ("edge_gb = -1", "", "edge_gb must be a number of at least 0"),
        ('edge_gb = "1"', "", "edge_gb must be a number"),
        ("edge_gb = true", "", "edge_gb must be a number"),
        ("edge_gb = 1000000000000", "", "edge_gb must be a number"),
        ("environments = 3", "", "environments must hold tables"),
        ("[environments.dev]\nx = 3", "", "environments.dev: unknown assumption x"),
        ("= 3", "", "cannot be read"),
        ("", "edge_gb", "write a name and a number"),
        ("", "edge_gb=much", "write a name and a number"),
        ("", "edge_gb=nan", "write a name and a number"),
    ],
)
def test_wrong_assumptions_are_reported(tmp_path: Path, text: str, change: str, message: str) -> None:
    file = tmp_path / "usage.toml"
    file.write_text(text)
    with pytest.raises(CostError, match=message.replace("?", r"\?")):
        read_assumptions(file, [change] if change else [])


@pytest.mark.parametrize("value", ["0", "999999999999"])
def test_assumptions_have_limits(tmp_path: Path, value: str) -> None:
    file = tmp_path / "usage.toml"
    file.write_text(f"edge_gb = {value}")
    assert read_assumptions(file, []).common.edge_gb == int(value)


def test_every_assumption_says_what_it_is() -> None:
    assert set(MEANINGS) == set(Usage.__dataclass_fields__)


def test_commitment_savings(found: Estimate) -> None:
    saved = {(environment, what): saving.monthly for environment, what, saving in savings(found)}
    # Two zones need two reservations: 730 x (0.072 - 2 x 0.026).
    assert saved["prod", "reserved: db.t3.small, two zones"] == Decimal("14.60")
    assert saved["prod", "reserved: 2 x cache.t3.small"] == Decimal("16.06")  # 2 x 730 x (0.034 - 0.023)
    # 1,460 h x (0.04048 - 0.032384) + 2,920 GB-h x (0.004445 - 0.003556)
    assert saved["prod", "Savings Plan for tasks"] == Decimal("14.41604")


def test_pages_compare_a_commitment_with_its_price_on_demand(found: Estimate) -> None:
    [row] = [line for line in details(found, ASSUMPTIONS).splitlines() if "prod     reserved: db.t3.small" in line]
    assert row.split()[-5:] == ["52.56", "37.96", "14.60", "28", "%"]
    assert "| prod | reserved: db.t3.small, two zones | 52.56 | 37.96 | 14.60 |" in as_markdown(found, ASSUMPTIONS)


def test_page_names_the_five_largest_charges_of_an_environment(found: Estimate) -> None:
    largest = (
        as_markdown(found, ASSUMPTIONS).partition("## prod")[2].partition("Largest charges: ")[2].partition("\n")[0]
    )
    named = re.findall(r"(?:^|, )(\S[^(]*) \(\w+\) [\d.]+", largest)
    charges = sorted(found.of("prod"), key=lambda line: -line.monthly)
    assert named == [line.what for line in charges[:5]]


def test_unknown_charges_come_before_the_largest() -> None:
    def charge(what: str, elsewhere: int | Decimal | None) -> Unpriced:
        known = None if elsewhere is None else Decimal(elsewhere)
        return Unpriced(
            environment="prod", stack="s", region="r", resource="R", what=what, elsewhere=known, reason="none"
        )

    charges = [charge("small", 1), charge("large", 2), charge("unknown", None), charge("large", 2)]
    charges += [charge("free", 0), charge("less", Decimal("0.5"))]
    assert [what for what, _ in by_charge(charges)] == ["unknown", "large", "small", "less", "free"]
    assert by_charge(charges)[1] == ("large", 4)


# Templates made for one question


def stack(resources: dict[str, Any], region: str = "us-east-1") -> Environment:
    made = Stack(name="yawl-prod-part", region=region, template={"Resources": resources})
    return Environment(name="prod", stacks=(made,))


def priced(**resources: dict[str, Any]) -> Estimate:
    return estimate([stack(resources)], ASSUMPTIONS)


def resource(type_name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": type_name, "Properties": properties}


def tasks(count: int, **service: Any) -> dict[str, dict[str, Any]]:
    return {
        "Task": resource("AWS::ECS::TaskDefinition", Cpu="1024", Memory="2048"),
        "Service": resource("AWS::ECS::Service", TaskDefinition={"Ref": "Task"}, **service),
        "Target": resource(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            MinCapacity=count,
            MaxCapacity=count,
            ResourceId={"Fn::Join": ["/", ["service", "x", {"Fn::GetAtt": ["Service", "Name"]}]]},
        ),
    }


def test_type_without_a_price_is_reported_with_the_remedy() -> None:
    [one] = priced(New=resource("AWS::Quantum::Computer")).unpriced
    assert str(one).startswith(
        "yawl-prod-part: New, AWS::Quantum::Computer: no price is known for this type: add it to jobs/cost/resources"
    )


def test_size_without_a_price_is_named_and_the_rest_is_counted() -> None:
    database = resource("AWS::RDS::DBInstance", Engine="postgres", DBInstanceClass="db.x2g.huge", AllocatedStorage="20")
    found = priced(Database=database, Address=resource("AWS::EC2::EIP"))
    size, storage = found.unpriced
    assert size.reason == 'no price "database.db.x2g.huge.hour" is known in us-east-1: make prices REGION=us-east-1'
    assert storage.what == "storage gp2"
    assert found.monthly == Decimal("3.65")


def test_undetermined_values_are_reported() -> None:
    [one] = priced(Cache=resource("AWS::ElastiCache::ReplicationGroup", NumCacheClusters={"Ref": "N"})).unpriced
    assert "Cache (AWS::ElastiCache::ReplicationGroup): NumCacheClusters is not a number in the template" in one.reason


def test_intrinsic_functions_do_not_end_an_estimate() -> None:
    computed = {"Fn::If": ["Small", "one", "other"]}
    found = priced(
        Alarm=resource("AWS::CloudWatch::Alarm", Metrics=3),
        Pipeline=resource("AWS::CodePipeline::Pipeline", Stages=computed),
        Address=resource("AWS::EC2::EIP"),
    )
    assert [(one.resource, one.reason) for one in found.unpriced] == [
        ("Alarm", "the template has no plain values to price it by"),
        ("Pipeline", "the template has no plain values to price it by"),
    ]
    assert found.monthly == Decimal("3.65")


def test_backups_cost_only_beyond_the_size_of_the_storage() -> None:
    def backups(fill: str) -> Decimal:
        database = resource(
            "AWS::RDS::DBInstance",
            Engine="postgres",
            DBInstanceClass="db.t3.small",
            StorageType="gp3",
            AllocatedStorage="100",
            BackupRetentionPeriod=30,
        )
        found = estimate([stack({"Database": database})], read_assumptions(None, [f"database_fill={fill}"]))
        return costs(found, "prod", "backups beyond the free size")

    assert backups("0.6") == 0  # 60 GB, and 30 days of 1.2 GB
    assert backups("0.9") == Decimal("4.18")  # 90 GB and 30 x 1.8 GB are 44 GB too many, x 0.095


def test_spot_capacity_is_cheaper_and_not_committed_to() -> None:
    spot = {"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]}
    found = priced(**tasks(2, **spot))
    # 60 percent off 2 x 730 x (0.04048 + 2 x 0.004445)
    on_demand = 2 * 730 * (Decimal("0.04048") + 2 * Decimal("0.004445"))
    assert total(line for line in found.lines if "Spot" in line.what) == usd(on_demand * Decimal("0.4"))
    assert costs(found, "prod", "tasks: vCPU") == 0
    assert not savings(found)


def test_on_demand_base_is_not_spot() -> None:
    strategy = [
        {"CapacityProvider": "FARGATE", "Base": 1},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 1},
    ]
    found = priced(**tasks(3, CapacityProviderStrategy=strategy))
    assert costs(found, "prod", "tasks: vCPU") == 730 * Decimal("0.04048")
    assert costs(found, "prod", "tasks on Spot: vCPU") == 2 * 730 * Decimal("0.04048") * Decimal("0.4")


def scheduled(*actions: tuple[str, int]) -> dict[str, Any]:
    return {
        "MinCapacity": 2,
        "ScheduledActions": [
            {"Schedule": schedule, "ScalableTargetAction": {"MinCapacity": capacity, "MaxCapacity": capacity}}
            for schedule, capacity in actions
        ],
    }


@pytest.mark.parametrize(
    ("actions", "hours_awake"),
    [
        ([("cron(0 20 ? * * *)", 0), ("cron(0 8 ? * * *)", 2)], 7 * 12),
        ([("cron(0 20 ? * MON-FRI *)", 0), ("cron(0 8 ? * MON-FRI *)", 2)], 5 * 12),
        ([("cron(30 19 ? * MON,TUE *)", 0), ("cron(0 8 ? * 2-3 *)", 2)], 2 * 11.5),
        ([("cron(0 8 ? * FRI-MON *)", 2), ("cron(0 9 ? * FRI-MON *)", 0)], 4),
    ],
)
def test_off_hours_are_not_charged(actions: list[tuple[str, int]], hours_awake: float) -> None:
    hours = capacity_hours(scheduled(*actions))
    assert hours[Decimal(2)] == Decimal(730) * Decimal(str(hours_awake)) / 168
    assert sum(hours.values()) == 730


@pytest.mark.parametrize("schedule", ["rate(1 hour)", "cron(0 8 1 * ? *)", "cron(0 8 ? * FUNDAY *)"])
def test_unsupported_schedule_is_reported(schedule: str) -> None:
    with pytest.raises(CostError):
        capacity_hours(scheduled((schedule, 1)))


def test_off_hours_tasks_are_not_committed() -> None:
    asleep = tasks(1)
    asleep["Target"]["Properties"] |= scheduled(("cron(0 20 ? * * *)", 0), ("cron(0 8 ? * * *)", 1))
    found = priced(**asleep)
    assert costs(found, "prod", "tasks: vCPU") == 365 * Decimal("0.04048")
    assert not savings(found)


def test_log_kept_longer_costs_more() -> None:
    def kept(days: int) -> Decimal:
        return costs(priced(Log=resource("AWS::Logs::LogGroup", RetentionInDays=days)), "prod", "log storage")

    assert kept(365) == usd(Decimal("0.05") * Decimal("0.15") * 12 * Decimal("0.03"))
    assert kept(30) < kept(365)


def test_bucket_is_charged_by_what_its_rules_keep_where() -> None:
    def kept(*rules: dict[str, Any]) -> dict[str, Decimal]:
        configuration = {"Rules": [{"Status": "Enabled", **rule} for rule in rules]}
        found = priced(Bucket=resource("AWS::S3::Bucket", LifecycleConfiguration=configuration))
        return {line.what.removeprefix("objects, "): line.quantity for line in found.lines if "objects" in line.what}

    month = Decimal(365) / 12
    assert kept() == {"standard": 12}
    assert kept({"ExpirationInDays": 73}) == {"standard": 73 / month}
    moved = {"Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 30}]}
    assert kept(moved, {"ExpirationInDays": 90}) == {"standard": 30 / month, "glacier": 60 / month}
    assert kept({"ExpirationInDays": 1, "Prefix": "tmp/"}) == {"standard": 12}
    assert kept({"ExpirationInDays": 1, "Status": "Disabled"}) == {"standard": 12}


def test_cross_region_copies_cost_transfer_and_storage() -> None:
    rule = {"CopyActions": [{"DestinationBackupVaultArn": "arn:aws:backup:us-west-2:1:backup-vault:copies"}]}
    found = priced(
        Plan=resource("AWS::Backup::BackupPlan", BackupPlan={"BackupPlanRule": [rule]}),
        Local=resource("AWS::Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{}]}),
        Bucket=resource("AWS::S3::Bucket", ReplicationConfiguration={"Rules": []}),
    )
    assert costs(found, "prod", "copies to another region") == Decimal("0.22")  # 10 GB and 1 GB x 0.02
    copies = {
        "Vault": resource("AWS::Backup::BackupVault"),
        "Bucket": resource("AWS::S3::Bucket"),
        "Key": resource("AWS::KMS::Key"),
    }
    assert not estimate([stack(copies, region="us-west-2")], ASSUMPTIONS).unpriced


def test_build_that_watches_costs_for_as_long_as_it_watches() -> None:
    def build(*variables: dict[str, str]) -> Decimal:
        environment = {"ComputeType": "BUILD_GENERAL1_SMALL", "EnvironmentVariables": list(variables)}
        return priced(Build=resource("AWS::CodeBuild::Project", Environment=environment)).monthly

    assert build() == 20 * 4 * Decimal("0.005")
    assert build({"Name": "BAKE_MINUTES", "Value": "15"}) == 20 * 16 * Decimal("0.005")


# Differences

SOME = {
    "Address": resource("AWS::EC2::EIP"),
    "Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets=["a", "b"]),
    "Bucket": resource("AWS::S3::Bucket"),
    "Dashboard": resource("AWS::CloudWatch::Dashboard"),
    "Gateway": resource("AWS::EC2::NatGateway"),
    "Key": resource("AWS::KMS::Key"),
    "Log": resource("AWS::Logs::LogGroup", RetentionInDays=30),
    "Unknown": resource("AWS::Quantum::Computer"),
}
estimates = st.lists(st.sampled_from(sorted(SOME)), unique=True).map(
    lambda names: priced(**{name: SOME[name] for name in names})
)


@settings(max_examples=50)
@given(estimates)
def test_equal_estimates_have_no_difference(one: Estimate) -> None:
    assert difference(one, one).monthly == 0
    assert not difference(one, one).changes


@settings(max_examples=50)
@given(estimates, estimates)
def test_difference_is_antisymmetric(one: Estimate, other: Estimate) -> None:
    there, back = difference(one, other), difference(other, one)
    assert there.monthly == -back.monthly == other.monthly - one.monthly

    def changes(of: Difference) -> set[tuple[str, str, Decimal]]:
        return {(change.resource, change.what, change.monthly) for change in of.changes}

    assert changes(there) == {(name, what, -monthly) for name, what, monthly in changes(back)}
    assert sum((change.monthly for change in there.changes), Decimal(0)) == there.monthly


@pytest.mark.parametrize(
    ("before", "after", "phrase"),
    [
        (["Address"], ["Address", "Key"], "+$1.00, from $3.65 to $4.65"),
        (["Address", "Unknown"], ["Unknown"], "-$3.65, from at least $3.65 to at least $0.00 (no prices in us-east-1"),
        (
            ["Address"],
            ["Address", "Unknown"],
            "from $3.65 to at least $3.65 (no prices in us-east-1 for AWS::",
        ),
        (["Unknown"], ["Key"], "from at least $0.00 to $1.00 (no prices in us-east-1 for AWS::Quantum::Computer)"),
    ],
    ids=["priced", "unpriced on both sides", "unpriced now", "unpriced before"],
)
def test_change_is_told_only_if_it_is_known(before: list[str], after: list[str], phrase: str) -> None:
    one, other = (priced(**{name: SOME[name] for name in names}) for names in (before, after))
    assert difference(one, other).phrase.startswith(phrase)


@pytest.mark.parametrize(
    ("before", "after", "phrase"),
    [
        (["Key"], [], "monthly cost -$1.00, from $1.00 to $0.00"),
        (["Unknown"], ["Key"], "monthly cost from at least $0.00 to $1.00"),
        (["Key"], ["Unknown"], "monthly cost at least $0.00 without AWS::Quantum::Computer"),
        (["Unknown"], ["Key", "Unknown"], "monthly cost +$1.00, to at least $1.00, 1 without a price"),
    ],
)
def test_approver_reads_it_in_few_words(before: list[str], after: list[str], phrase: str) -> None:
    one, other = (priced(**{name: SOME[name] for name in names}) for names in (before, after))
    assert cost_phrase(difference(one, other)) == phrase


@pytest.mark.parametrize("both", [True, False])
def test_and_in_as_few_as_the_approval_has_room_for(both: bool, found: Estimate) -> None:
    lacking = [
        replace(one, what=f"db.m6idn.24xlarge, two zones {number}")
        for one in priced(Unknown=SOME["Unknown"]).unpriced
        for number in range(100)
    ]
    large = tuple(replace(line, quantity=Decimal(200_000)) for line in found.lines[:1])
    after = replace(found, lines=large, unpriced=tuple(lacking))
    before = replace(found, lines=(), unpriced=tuple(lacking) if both else ())
    assert after.monthly >= 10_000
    assert 60 < len(cost_phrase(difference(before, after))) <= LONGEST_PHRASE


def test_what_moves_to_a_region_without_prices_is_no_saving() -> None:
    gateway = {"Gateway": SOME["Gateway"]}
    moved = difference(priced(**gateway), estimate([stack(gateway, region="eu-west-1")], ASSUMPTIONS))
    assert not moved.changes
    assert [one.what for one in moved.changed_unpriced] == ["NAT gateway", "traffic through NAT"]
    assert "Gateway  NAT gateway          no price" in changes_as_text(moved, before="main")


@settings(max_examples=50)
@given(estimates, estimates, estimates)
def test_differences_add_up(one: Estimate, other: Estimate, third: Estimate) -> None:
    assert difference(one, other).monthly + difference(other, third).monthly == difference(one, third).monthly


# The price file, and the command line


def test_every_price_names_its_source_and_is_used_by_somebody() -> None:
    prices = read_prices("us-east-1")
    used = "".join(file.read_text() for file in (ROOT / "jobs/cost/resources").glob("*.py"))
    for key, price in prices.prices.items():
        service, usage_type = price.source.split(" ")[:2]
        assert service, key
        assert usage_type, key
        # The code builds keys that contain a size.
        assert f'"{key}"' in used or key.startswith(
            ("database.", "cache.", "reserved.", "fargate.", "savings_plan.", "build.", "bucket.")
        ), key


@pytest.mark.parametrize(
    "text",
    [
        "region = ",
        'region = "x"',
        'region = "x"\ndated = 2026-01-01\n[prices]\na = { usd = "1", unit = "h", source = "s t" }',
    ],
)
def test_broken_price_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(CostError, match=r"x\.toml cannot be read"):
        read_prices("x", tmp_path)
    assert FOLDER.is_dir()


def test_command_line(
    assembly: "CloudAssembly", tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*options: str) -> int:
        return main(["--assembly", assembly.directory, *options])

    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["environments"]["prod"]["fixed"] > 300
    page = tmp_path / "page.md"
    assert run("--page", str(page)) == 0
    assert capsys.readouterr().out == f"written: {page}\n"
    assert page.read_text().startswith("# Cost\n")
    assert run("--from", assembly.directory) == 0
    # The path to the assembly decides where the line is wrapped.
    assert "±$0.00, from $" in " ".join(capsys.readouterr().out.split())
    assert run() == 0
    assert capsys.readouterr().out.startswith("Estimated cost, USD per month\n")
    assert run("--details") == 0
    assert "730 h x $0.072" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert run("--from", "nowhere") == 2
    assert main(["--assembly", str(tmp_path)]) == 2
    assert "synthesize first: cdk synth" in capsys.readouterr().err


@pytest.mark.parametrize(("amount", "shown"), [("1.234", "+$1.23"), ("-1234.5", "-$1,234.50"), ("0.004", "±$0.00")])
def test_sign_of_a_difference(amount: str, shown: str) -> None:
    assert signed(Decimal(amount)) == shown

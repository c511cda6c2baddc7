"""What templates do not tell: how much is used. All assumptions stand here; a file or a flag changes them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, get_type_hints

from jobs.cost.errors import CostError

HOURS = Decimal(730)
"""Hours of a month, as AWS reckons: 365 days by 24 hours in twelve months."""
DAYS = Decimal(365) / 12
"""Days of a month, on average."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One environment in one month. The figures are those of a small office: about one request a second by day."""

    million_requests: Annotated[Decimal, "requests that reach CloudFront, in millions"] = Decimal(1)
    edge_gb: Annotated[Decimal, "what CloudFront sends to users, in GB"] = Decimal(20)
    load_balancer_lcu: Annotated[
        Decimal, "load balancer capacity units in use, on average; one is 25 new connections a second or 1 GB an hour"
    ] = Decimal("0.1")
    nat_gb: Annotated[
        Decimal, "what one NAT gateway passes, in GB: images, where no endpoints serve them, and calls of AWS"
    ] = Decimal(10)
    endpoint_gb: Annotated[Decimal, "what one interface endpoint passes, in GB"] = Decimal(5)
    zones_gb: Annotated[
        Decimal, "what crosses from one zone of the VPC to the other, in GB; it is charged at both ends"
    ] = Decimal(20)
    scaled_out_hours: Annotated[Decimal, "hours of one task more than the minimum, where scaling allows one"] = Decimal(
        20
    )
    spot_discount_percent: Annotated[
        Decimal, "what Fargate Spot takes off; AWS says up to 70, and changes it with supply and demand"
    ] = Decimal(60)
    engine_log_gb: Annotated[Decimal, "what the tasks log, in GB"] = Decimal(2)
    flow_log_gb: Annotated[Decimal, "what VPC flow logs write, in GB"] = Decimal(2)
    database_log_gb: Annotated[Decimal, "what each of the database's logs writes, in GB"] = Decimal("0.5")
    cache_log_gb: Annotated[Decimal, "what each of the cache's logs writes, in GB"] = Decimal("0.1")
    other_log_gb: Annotated[Decimal, "what any other log group gets, in GB: builds, functions"] = Decimal("0.05")
    log_compression: Annotated[Decimal, "what is left of a log when it is stored (CloudWatch pricing reckons so)"] = (
        Decimal("0.15")
    )
    monitoring_sample_kb: Annotated[Decimal, "a line of RDS's enhanced monitoring, in kB"] = Decimal(5)
    insights_metrics: Annotated[
        Decimal, "metrics of Container Insights for a cluster with one service, without its tasks"
    ] = Decimal(60)
    insights_metrics_of_a_task: Annotated[
        Decimal, "metrics of Container Insights for each task that runs, with its container"
    ] = Decimal(25)
    engine_metrics: Annotated[Decimal, "metrics that the tasks put into their log"] = Decimal(2)
    database_fill: Annotated[Decimal, "the part of the database's storage that holds data"] = Decimal("0.3")
    database_daily_change: Annotated[
        Decimal, "the part of the data that changes in a day, and is kept by the backups"
    ] = Decimal("0.02")
    cache_snapshot_gb: Annotated[Decimal, "one snapshot of the cache, in GB; the first is free"] = Decimal("0.2")
    bucket_new_gb: Annotated[Decimal, "what is put into each bucket, in GB"] = Decimal(1)
    kept_months: Annotated[Decimal, "how long a bucket or a log keeps what no rule removes, until this estimate"] = (
        Decimal(12)
    )
    bucket_thousand_writes: Annotated[Decimal, "requests that write to each bucket, in thousands"] = Decimal(10)
    bucket_thousand_reads: Annotated[Decimal, "requests that read from each bucket, in thousands"] = Decimal(50)
    key_rotations: Annotated[
        Decimal, "yearly rotations a key has behind it; the first and the second raise its price by one dollar each"
    ] = Decimal(0)
    releases: Annotated[Decimal, "runs of the pipeline that go through all environments"] = Decimal(20)
    build_minutes: Annotated[Decimal, "what a build takes that does not itself say how long it watches"] = Decimal(4)
    deploy_minutes: Annotated[Decimal, "what the deployment of one stack takes"] = Decimal(3)
    backup_gb: Annotated[Decimal, "what a backup vault keeps, in GB"] = Decimal(10)
    restore_tests: Annotated[Decimal, "recovery points that a restore testing plan restores"] = Decimal(1)
    trail_log_gb: Annotated[Decimal, "what CloudTrail writes of one account to its log group, in GB"] = Decimal("0.5")
    trail_thousand_data_events: Annotated[Decimal, "data events of CloudTrail, in thousands"] = Decimal(100)
    guardduty_million_events: Annotated[Decimal, "events GuardDuty looks at, in millions"] = Decimal("0.5")
    config_items: Annotated[Decimal, "configuration items that AWS Config records"] = Decimal(500)
    config_evaluations: Annotated[Decimal, "evaluations of one rule of AWS Config"] = Decimal(1000)


MEANINGS: Mapping[str, str] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Usage, include_extras=True).items()
}
"""What each assumption is, by its name."""


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """The usage of each environment."""

    common: Usage = Usage()
    by_environment: Mapping[str, Usage]

    def of(self, environment: str) -> Usage:
        """Return what is assumed of an environment."""
        return self.by_environment.get(environment, self.common)


def read_assumptions(file: Path | None = None, changes: Sequence[str] = ()) -> Assumptions:
    """Return the assumptions above, with those of a file and of the changes `NAME=NUMBER` in their place.

    The file has a number by name for all environments, and tables `[environments.NAME]` for one. Raises CostError.
    """
    table = _table(file) if file else {}
    environments = table.pop("environments", {})
    if not isinstance(environments, dict):
        raise CostError(f"{file}: environments must hold tables, such as [environments.dev]")
    flags = dict(_change(change) for change in changes)
    common = _changed(Usage(), table, str(file))
    return Assumptions(
        common=_changed(common, flags, "--assume"),
        by_environment={
            name: _changed(_changed(common, own, f"{file}: environments.{name}"), flags, "--assume")
            for name, own in environments.items()
        },
    )


def _changed(usage: Usage, table: Mapping[str, object], where: str) -> Usage:
    for name, value in table.items():
        if name not in MEANINGS:
            near = get_close_matches(name, MEANINGS, n=1)
            known = f"did you mean {near[0]}?" if near else f"known: {', '.join(MEANINGS)}"
            raise CostError(f"{where}: {name} is no assumption; {known}")
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not 0 <= value < 10**12:
            raise CostError(f"{where}: {name} must be a number, not below 0: {value}")
    return replace(usage, **{name: Decimal(str(value)) for name, value in table.items()})


def _change(text: str) -> tuple[str, Decimal]:
    name, equals, value = text.partition("=")
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = None
    if not equals or number is None or not number.is_finite():
        raise CostError(f"--assume {text}: write a name and a number, such as edge_gb=200")
    return name, number


def _table(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(), parse_float=Decimal)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CostError(f"{file} cannot be read: {error}") from None

"""Usage assumptions, which templates do not contain. A file or a flag overrides them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, get_type_hints

from jobs.cost import CostError

HOURS = Decimal(730)
"""AWS bills a month as 730 hours: 365 days x 24 hours / 12."""
HOURS_MEANING = "hours of a month, as AWS bills; cannot be changed"
DAYS = Decimal(365) / 12
"""Average days per month."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Usage of one environment in one month. Defaults: a small office, about one request per second during the day."""

    million_requests: Annotated[Decimal, "requests that reach CloudFront, in millions"] = Decimal(1)
    edge_gb: Annotated[Decimal, "traffic from CloudFront to users, in GB"] = Decimal(20)
    load_balancer_lcu: Annotated[
        Decimal, "load balancer capacity units in use, on average; one is 25 new connections a second or 1 GB an hour"
    ] = Decimal("0.1")
    nat_gb: Annotated[
        Decimal, "traffic through one NAT gateway, in GB: images, unless endpoints serve them, and AWS API calls"
    ] = Decimal(10)
    endpoint_gb: Annotated[Decimal, "traffic through one interface endpoint, in GB"] = Decimal(5)
    zones_gb: Annotated[Decimal, "traffic between availability zones of the VPC, in GB; charged at both ends"] = (
        Decimal(20)
    )
    scaled_out_hours: Annotated[Decimal, "hours with one task above the minimum, if scaling allows it"] = Decimal(20)
    spot_discount_percent: Annotated[
        Decimal, "discount of Fargate Spot; AWS promises up to 70, depending on supply and demand"
    ] = Decimal(60)
    engine_log_gb: Annotated[Decimal, "logs of the tasks, in GB"] = Decimal(2)
    flow_log_gb: Annotated[Decimal, "VPC flow logs, in GB"] = Decimal(2)
    database_log_gb: Annotated[Decimal, "each log of the database, in GB"] = Decimal("0.5")
    cache_log_gb: Annotated[Decimal, "each log of the cache, in GB"] = Decimal("0.1")
    other_log_gb: Annotated[Decimal, "any other log group, in GB: builds, functions"] = Decimal("0.05")
    log_compression: Annotated[
        Decimal, "compressed size of stored logs as a fraction (the assumption of CloudWatch's pricing page)"
    ] = Decimal("0.15")
    monitoring_sample_kb: Annotated[Decimal, "one sample of RDS enhanced monitoring, in kB"] = Decimal(5)
    insights_metrics: Annotated[
        Decimal, "Container Insights metrics of a cluster with one service, without its tasks"
    ] = Decimal(60)
    insights_metrics_of_a_task: Annotated[
        Decimal, "Container Insights metrics of each running task and its container"
    ] = Decimal(25)
    engine_metrics: Annotated[Decimal, "metrics that the tasks embed in their logs"] = Decimal(2)
    database_fill: Annotated[Decimal, "used fraction of the database's storage"] = Decimal("0.3")
    database_daily_change: Annotated[Decimal, "fraction of the data that changes per day, and that backups keep"] = (
        Decimal("0.02")
    )
    cache_snapshot_gb: Annotated[Decimal, "size of one cache snapshot, in GB; the first is free"] = Decimal("0.2")
    bucket_new_gb: Annotated[Decimal, "new objects in each bucket, in GB"] = Decimal(1)
    kept_months: Annotated[Decimal, "age of objects and logs that no rule removes, in months"] = Decimal(12)
    bucket_thousand_writes: Annotated[Decimal, "write requests to each bucket, in thousands"] = Decimal(10)
    bucket_thousand_reads: Annotated[Decimal, "read requests to each bucket, in thousands"] = Decimal(50)
    key_rotations: Annotated[
        Decimal, "yearly rotations of a key so far; the first two each raise its price by one dollar"
    ] = Decimal(0)
    releases: Annotated[Decimal, "pipeline executions that deploy to all environments"] = Decimal(20)
    build_minutes: Annotated[Decimal, "duration of a build other than a bake"] = Decimal(4)
    deploy_minutes: Annotated[Decimal, "duration of one stack's deployment"] = Decimal(3)
    backup_gb: Annotated[Decimal, "contents of a backup vault, in GB"] = Decimal(10)
    restore_tests: Annotated[Decimal, "recovery points restored by a restore testing plan"] = Decimal(1)
    trail_log_gb: Annotated[Decimal, "CloudTrail's log of one account, in GB"] = Decimal("0.5")
    trail_thousand_data_events: Annotated[Decimal, "CloudTrail data events, in thousands"] = Decimal(100)
    guardduty_million_events: Annotated[Decimal, "events analyzed by GuardDuty, in millions"] = Decimal("0.5")
    config_items: Annotated[Decimal, "configuration items recorded by AWS Config"] = Decimal(500)
    config_evaluations: Annotated[Decimal, "evaluations of one AWS Config rule"] = Decimal(1000)


MEANINGS: Mapping[str, str] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Usage, include_extras=True).items()
}
"""The meaning of each assumption, by name."""


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """The usage of each environment."""

    common: Usage = Usage()
    by_environment: Mapping[str, Usage]

    def of(self, environment: str) -> Usage:
        """Return the environment's usage."""
        return self.by_environment.get(environment, self.common)


def read_assumptions(file: Path | None = None, changes: Sequence[str] = ()) -> Assumptions:
    """Return the defaults, overridden by a file and then by `NAME=NUMBER` changes.

    The file sets numbers by name for all environments, and in tables `[environments.NAME]` for one. Raises CostError.
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
            raise CostError(f"{where}: unknown assumption {name}; {known}")
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not 0 <= value < 10**12:
            raise CostError(f"{where}: {name} must be a number of at least 0, not {value}")
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

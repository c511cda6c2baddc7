"""Charges of database and cache."""

from collections.abc import Iterator
from decimal import Decimal

from jobs.cost import CostError
from jobs.cost.assembly import Resource, Stack
from jobs.cost.charges import Charge, Commitment, number, text
from jobs.cost.usage import HOURS, Usage

FREE_INSIGHTS_DAYS = 7
"""Performance Insights' free retention."""
KB_IN_GB = 1_000_000


def database(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a PostgreSQL instance: instance hours, storage, excess backups, and monitoring."""
    if text(resource, "Engine") != "postgres":
        raise CostError(
            f"{resource.logical_id}: no price is known for the engine {text(resource, 'Engine')}, only for postgres"
        )
    two_zones = resource.properties.get("MultiAZ") is True
    instance_class, storage = text(resource, "DBInstanceClass"), text(resource, "StorageType", "gp2")
    gib, days = number(resource, "AllocatedStorage"), number(resource, "BackupRetentionPeriod", 1)
    yield Charge(
        what=f"{instance_class}, {'two zones' if two_zones else 'one zone'}",
        price=f"database.{instance_class}.{'multi_az_hour' if two_zones else 'hour'}",
        quantity=HOURS,
        commitment=Commitment(
            price=f"reserved.database.{instance_class}.hour", quantity=(2 if two_zones else 1) * HOURS, instead_of=HOURS
        ),
    )
    yield Charge(
        what=f"storage {storage}",
        price=f"database.{storage}.{'multi_az_gb_month' if two_zones else 'gb_month'}",
        quantity=gib,
    )
    for name in ("Iops", "StorageThroughput"):
        if name in resource.properties:
            yield Charge(what=name, price=f"database.{storage}.{name.lower()}_month", quantity=number(resource, name))
    filled = gib * usage.database_fill
    backups = filled * (1 + usage.database_daily_change * days)
    yield Charge(
        what="backups beyond the free size",
        price="database.backup.gb_month",
        quantity=max(backups - gib, Decimal(0)) if days else Decimal(0),
        assumptions=("database_fill", "database_daily_change"),
    )
    seconds = number(resource, "MonitoringInterval", 0)
    if seconds:
        yield Charge(
            what="enhanced monitoring, log",
            price="logs.ingested.gb",
            quantity=HOURS * 3600 / seconds * usage.monitoring_sample_kb / KB_IN_GB,
            assumptions=("monitoring_sample_kb",),
        )
    insights = number(resource, "PerformanceInsightsRetentionPeriod", FREE_INSIGHTS_DAYS)
    if resource.properties.get("EnablePerformanceInsights") and insights > FREE_INSIGHTS_DAYS:
        yield Charge(
            what="Performance Insights beyond 7 days",
            price=f"database.{instance_class}.performance_insights_month",
            quantity=Decimal(1),
        )
    if resource.properties.get("ManageMasterUserPassword"):
        yield Charge(what="master password secret", price="secret.month", quantity=Decimal(1))


def cache(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a replication group: its nodes, and all snapshots except the first."""
    nodes, node_type = number(resource, "NumCacheClusters"), text(resource, "CacheNodeType")
    yield Charge(
        what=f"{nodes} x {node_type}",
        price=f"{node_type}.hour",
        quantity=nodes * HOURS,
        commitment=Commitment(price=f"reserved.{node_type}.hour", quantity=nodes * HOURS, instead_of=nodes * HOURS),
    )
    snapshots = number(resource, "SnapshotRetentionLimit", 0)
    yield Charge(
        what="snapshots except the first",
        price="cache.snapshot.gb_month",
        quantity=max(snapshots - 1, Decimal(0)) * usage.cache_snapshot_gb,
        assumptions=("cache_snapshot_gb",),
    )

"""Charges of buckets, secrets, keys and backups."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from jobs.cost.assembly import Resource, Stack
from jobs.cost.charges import Charge, as_number
from jobs.cost.usage import DAYS, Usage

CLASSES = {"GLACIER": "glacier", "DEEP_ARCHIVE": "deep_archive"}
"""Names of storage classes: in templates, and in the price file."""
CHARGED_ROTATIONS = 2
"""AWS charges only a key's first two rotations."""


def bucket(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a bucket's contents by storage class, once as much is added as its rules remove, and its requests."""
    for storage_class, days in _days_in_classes(resource, usage).items():
        yield Charge(
            what=f"objects, {storage_class.replace('_', ' ')}",
            price=f"bucket.{storage_class}.gb_month",
            quantity=usage.bucket_new_gb * days / DAYS,
            assumptions=("bucket_new_gb", "kept_months"),
        )
    for kind in ("writes", "reads"):
        name = f"bucket_thousand_{kind}"
        quantity: Decimal = getattr(usage, name)
        yield Charge(what=f"requests, {kind}", price=f"bucket.{kind}.thousand", quantity=quantity, assumptions=(name,))
    if "ReplicationConfiguration" in resource.properties:
        yield Charge(
            what="copies to another region",
            price="regions.gb",
            quantity=usage.bucket_new_gb,
            assumptions=("bucket_new_gb",),
        )


def secret(_resource: Resource, _stack: Stack, _usage: Usage) -> Iterator[Charge]:
    """Charge a secret; a few API calls a day cost less than a cent."""
    yield Charge(what="secret", price="secret.month", quantity=Decimal(1))


def key(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a key, and the key material of its rotations."""
    yield Charge(what="key", price="key.month", quantity=Decimal(1))
    if resource.properties.get("EnableKeyRotation"):
        yield Charge(
            what="key rotations",
            price="key.month",
            quantity=min(usage.key_rotations, Decimal(CHARGED_ROTATIONS)),
            assumptions=("key_rotations",),
        )


def backup_vault(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a vault's contents at the price of database snapshots."""
    yield Charge(what="backups", price="backup.warm.gb_month", quantity=usage.backup_gb, assumptions=("backup_gb",))


def backup_plan(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a plan's copies to another region; the vaults' contents are charged there."""
    rules: list[dict[str, Any]] = resource.properties.get("BackupPlan", {}).get("BackupPlanRule", [])
    if any(rule.get("CopyActions") for rule in rules):
        yield Charge(
            what="copies to another region",
            price="regions.gb",
            quantity=usage.backup_gb,
            assumptions=("backup_gb",),
        )


def restore_test(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge the restore tests of a plan, without the restored instances."""
    yield Charge(
        what="restore tests",
        price="restore_test.recovery_point",
        quantity=usage.restore_tests,
        assumptions=("restore_tests",),
    )


def _days_in_classes(resource: Resource, usage: Usage) -> dict[str, Decimal]:
    """Return the days that an object spends in each storage class until a rule for all objects removes it."""
    rules: list[dict[str, Any]] = resource.properties.get("LifecycleConfiguration", {}).get("Rules", [])
    general = [rule for rule in rules if rule.get("Status") == "Enabled" and not rule.get("Prefix")]
    ends = [
        as_number(resource, "ExpirationInDays", rule["ExpirationInDays"])
        for rule in general
        if "ExpirationInDays" in rule
    ]
    end = min(ends, default=usage.kept_months * DAYS)
    steps = sorted(
        (as_number(resource, "TransitionInDays", step["TransitionInDays"]), CLASSES.get(name, name.lower()))
        for rule in general
        for step in rule.get("Transitions", ())
        for name in (str(step["StorageClass"]),)
    )
    days: dict[str, Decimal] = {}
    starts = [(Decimal(0), "standard"), *steps, (end, "")]
    for (start, storage_class), (until, _) in pairwise(starts):
        held = min(until, end) - min(start, end)
        if held > 0:
            days[storage_class] = held
    return days

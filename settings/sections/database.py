"""The table `[environments.NAME.database]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Section, rule
from settings.types.costs import Costs
from settings.types.instance_classes import DatabaseClass
from settings.validation.constraints import between
from settings.validation.messages import Mistake

SMALLEST_STORAGE_GIB = 20
LARGEST_STORAGE_GIB = 65_536
"""The limits for PostgreSQL on gp3 (RDS User Guide, "General Purpose SSD storage")."""


class DatabaseSettings(Section):
    """One environment's PostgreSQL."""

    instance_class: Annotated[DatabaseClass, Costs("by the hour")] = "db.t3.small"
    """The instance class. The default is the reference's, "Database Costs"."""
    multi_az: Annotated[bool, Costs("doubles the instance and its storage")] = True
    """Whether a standby in the other availability zone takes over on failure (reference: enabled for production)."""
    storage_gib: Annotated[
        int,
        between(SMALLEST_STORAGE_GIB, LARGEST_STORAGE_GIB, "GiB"),
        Costs("by the GiB and month, whether used or not"),
    ] = 100
    """The initial storage. It can grow but not shrink."""
    max_storage_gib: Annotated[
        int, between(SMALLEST_STORAGE_GIB, LARGEST_STORAGE_GIB, "GiB"), Costs("only for the size it has grown to")
    ] = 1000
    """The limit of storage autoscaling. The reference estimates 1 TB for two to three years of growth."""
    backup_retention_days: Annotated[
        int, between(1, 35, "days"), Costs("by the GiB and month, beyond the size of the database")
    ] = 30
    """How far back the database can be restored to any point in time. RDS keeps automated backups for up to 35 days;
    0 would disable them.
    """
    password_rotation_days: Annotated[int, between(1, 1000, "days")] = 30
    """How often the master user's password is rotated. Secrets Manager allows at most 1000 days."""
    slow_query_milliseconds: Annotated[int, between(0, 2_147_483_647, "milliseconds")] = 1000
    """Slower statements are logged (`log_min_duration_statement`; reference, "Performance Tuning")."""

    operator_access: bool = False
    """Whether `make database-access` can open a read-only session for an hour. Nothing runs until it does."""

    @rule
    def _max_storage_allows_autoscaling(self) -> Iterator[Mistake]:
        # RDS User Guide, "Managing capacity automatically": the limit must exceed the storage by at least 10 %.
        least = -(-self.storage_gib * 11 // 10)
        if least > LARGEST_STORAGE_GIB:
            yield Mistake(
                ("storage_gib",),
                f"leaves no room to grow: RDS requires that database.max_storage_gib, at most {LARGEST_STORAGE_GIB}, "
                f"is 10 % more; take at most {LARGEST_STORAGE_GIB * 10 // 11}",
            )
        elif self.max_storage_gib < least:
            yield Mistake(
                ("max_storage_gib",),
                f"must be at least {least}: RDS requires 10 % more than database.storage_gib {self.storage_gib}",
            )

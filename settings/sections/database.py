"""The table `[environments.NAME.database]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.types.costs import Costs
from settings.types.instance_classes import DatabaseClass
from settings.validation.constraints import Between

SMALLEST_STORAGE_GIB = 20
LARGEST_STORAGE_GIB = 65_536
"""What a PostgreSQL instance on gp3 may have (RDS User Guide, "General Purpose SSD storage")."""


class DatabaseSettings(Section):
    """One environment's PostgreSQL."""

    instance_class: Annotated[DatabaseClass, Costs("by the hour, running or not used")] = "db.t3.small"
    """The machine it runs on: memory, cores and network. The default is the reference's, "Database Costs"."""
    multi_az: Annotated[bool, Costs("doubles the instance and its storage")] = True
    """Whether a standby in the other zone takes over (reference: enabled for production)."""
    storage_gib: Annotated[
        int, Between(SMALLEST_STORAGE_GIB, LARGEST_STORAGE_GIB, "GiB"), Costs("by the GiB and month, used or not")
    ] = 100
    """The storage it starts with. It can grow, and never shrink."""
    max_storage_gib: Annotated[
        int, Between(SMALLEST_STORAGE_GIB, LARGEST_STORAGE_GIB, "GiB"), Costs("only what it has grown to")
    ] = 1000
    """The limit of storage autoscaling; the reference reckons 1 TB for two to three years of growth."""
    backup_retention_days: Annotated[
        int, Between(1, 35, "days"), Costs("by the GiB and month, beyond the size of the database")
    ] = 30
    """How far back the database can be restored to any point in time. RDS keeps backups up to 35 days; 0 would switch
    them off.
    """
    password_rotation_days: Annotated[int, Between(1, 1000, "days")] = 30
    """How often the master user's password is changed. Secrets Manager rotates at least every 1000 days."""
    slow_query_milliseconds: Annotated[int, Between(0, 2_147_483_647, "milliseconds")] = 1000
    """Statements that take longer are logged (`log_min_duration_statement`; reference, "Performance Tuning")."""

    @rule
    def _room_to_grow(self) -> Iterator[Mistake]:
        # RDS User Guide, "Managing capacity automatically": the threshold is at least 10 % above the storage.
        least = -(-self.storage_gib * 11 // 10)
        if self.max_storage_gib < least:
            yield Mistake(
                ("max_storage_gib",),
                f"must be at least {least}: RDS wants 10 % more than database.storage_gib {self.storage_gib}",
            )

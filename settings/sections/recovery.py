"""The table `[environments.NAME.recovery]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.types.regions import Region
from settings.validation.constraints import Between, OneOf

VAULT_LOCKS = ("none", "governance", "compliance")
"""Who may delete a backup before its time: whoever may delete, the privileged, nobody (AWS Backup Vault Lock)."""

Days = Annotated[int, Between(1, 36_500, "days")]


class RecoverySettings(Section):
    """What outlives one environment's database and its region; RDS's own backups have a setting of the database."""

    backups: bool = True
    """Whether AWS Backup copies the database daily, weekly and monthly into a vault of its own."""
    daily_retention_days: Days = 35
    """As long as RDS keeps its own backups at most; older days are the weekly copies'."""
    weekly_retention_days: Days = 90
    """How long a week's copy is kept; three months of weeks."""
    monthly_retention_days: Days = 365
    """As long as the reference keeps earlier versions of backups in S3 ("Storage")."""
    vault_lock: Annotated[str, OneOf(VAULT_LOCKS)] = "none"
    """`compliance` cannot be taken back, by nobody, once its three days of grace are over."""
    copy_region: Region | None = None
    """The region that gets copies of the vault and of the backup bucket; None: none, a lost region is lost."""
    restore_test: bool = True
    """Whether the newest backup is restored every month, to see that it can be (reference, "Disaster Recovery")."""
    drift_check: bool = True
    """Whether the deployed stacks are compared with their templates every day."""

    @rule
    def _longer_the_rarer(self) -> Iterator[Mistake]:
        if self.weekly_retention_days < self.daily_retention_days:
            yield Mistake(
                ("weekly_retention_days",),
                f"must not be below recovery.daily_retention_days {self.daily_retention_days}",
            )
        if self.monthly_retention_days < self.weekly_retention_days:
            yield Mistake(
                ("monthly_retention_days",),
                f"must not be below recovery.weekly_retention_days {self.weekly_retention_days}",
            )

    @rule
    def _copies_of_something(self) -> Iterator[Mistake]:
        if not self.backups and self.copy_region is not None:
            yield Mistake(("copy_region",), "copies nothing while recovery.backups is false")
        if not self.backups and self.vault_lock != "none":
            yield Mistake(("vault_lock",), "locks nothing while recovery.backups is false")

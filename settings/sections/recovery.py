"""The table `[environments.NAME.recovery]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Section, rule
from settings.types.regions import Region
from settings.validation.constraints import between, one_of
from settings.validation.messages import Mistake
from settings.validation.toml_format import quoted

VAULT_LOCKS = ("none", "governance", "compliance")
"""Who can delete a backup early: anyone with permission, privileged users, nobody (AWS Backup Vault Lock)."""

Days = Annotated[int, between(1, 36_500, "days")]


class RecoverySettings(Section):
    """Backups that survive the loss of one environment's database or region. RDS's own are set under its database."""

    backups: bool = True
    """Whether AWS Backup copies the database daily, weekly and monthly into a vault of its own."""
    daily_retention_days: Days = 35
    """How long a daily backup is kept; 35 days is also the longest that RDS keeps its own."""
    weekly_retention_days: Days = 90
    """How long a weekly backup is kept."""
    monthly_retention_days: Days = 365
    """How long a monthly backup is kept; as long as noncurrent versions of backups in S3 (reference, "Storage")."""
    vault_lock: Annotated[str, one_of(VAULT_LOCKS)] = "none"
    """Nobody can remove a `compliance` lock after its grace period of three days."""
    copy_region: Region | None = None
    """The region for copies of the vault and the backup bucket; None: no copies, so a lost region means lost data."""
    restore_test: bool = True
    """Whether the newest backup is restored every month as a test (reference, "Disaster Recovery")."""
    drift_check: bool = True
    """Whether deployed stacks are checked for drift every day."""

    @rule
    def _rarer_backups_are_kept_longer(self) -> Iterator[Mistake]:
        if self.weekly_retention_days < self.daily_retention_days:
            yield Mistake(
                ("weekly_retention_days",),
                f"must be at least recovery.daily_retention_days {self.daily_retention_days}",
            )
        if self.monthly_retention_days < self.weekly_retention_days:
            yield Mistake(
                ("monthly_retention_days",),
                f"must be at least recovery.weekly_retention_days {self.weekly_retention_days}",
            )

    @rule
    def _lock_has_a_range(self) -> Iterator[Mistake]:
        if self.vault_lock != "none" and self.monthly_retention_days == self.daily_retention_days:
            yield Mistake(
                ("monthly_retention_days",),
                f"must be above recovery.daily_retention_days {self.daily_retention_days} with recovery.vault_lock "
                f"{quoted(self.vault_lock)}: a lock's longest retention must exceed its shortest",
            )

    @rule
    def _options_need_backups(self) -> Iterator[Mistake]:
        if not self.backups and self.copy_region is not None:
            yield Mistake(("copy_region",), "has no effect while recovery.backups is false; remove one of the two")
        if not self.backups and self.vault_lock != "none":
            yield Mistake(("vault_lock",), "has no effect while recovery.backups is false; remove one of the two")

"""The table `[environments.NAME.storage]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.constraints import Between
from settings.section import Mistake, Section, rule

Days = Annotated[int, Between(1, 36_500, "days")]


class StorageSettings(Section):
    """One environment's buckets. All figures are days and come from the reference, "Storage"."""

    backup_glacier_days: Days = 30
    backup_deep_archive_days: Days = 90
    """Leaves Glacier before its 90-day billing minimum; the reference says so all the same."""
    backup_noncurrent_days: Days = 365
    artifact_days: Days = 90
    access_log_days: Days = 90

    @rule
    def _deeper_later(self) -> Iterator[Mistake]:
        if self.backup_deep_archive_days <= self.backup_glacier_days:
            yield Mistake(
                ("backup_deep_archive_days",),
                f"must be later than storage.backup_glacier_days {self.backup_glacier_days}",
            )

"""The table `[environments.NAME.storage]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule
from settings.types.costs import Costs
from settings.validation.constraints import Between

Days = Annotated[int, Between(1, 36_500, "days")]


class StorageSettings(Section):
    """One environment's buckets. All figures are days and come from the reference, "Storage"."""

    backup_glacier_days: Annotated[Days, Costs("the later, the longer at the price of S3 Standard")] = 30
    """When backups move to Glacier, which restores them in minutes to hours."""
    backup_deep_archive_days: Annotated[Days, Costs("below 90 days after Glacier, the rest of 90 is paid as well")] = 90
    """When they move to Deep Archive, which restores within 12 hours. The default leaves Glacier before its 90-day
    billing minimum; the reference says so all the same.
    """
    backup_noncurrent_days: Annotated[Days, Costs("by the GiB and month kept")] = 365
    """How long backups stay that were overwritten or deleted."""
    artifact_days: Annotated[Days, Costs("by the GiB and month kept")] = 90
    """How long artifacts are kept."""
    access_log_days: Annotated[Days, Costs("by the GiB and month kept")] = 90
    """How long the access logs of buckets, load balancer and distribution are kept."""

    @rule
    def _deeper_later(self) -> Iterator[Mistake]:
        if self.backup_deep_archive_days <= self.backup_glacier_days:
            yield Mistake(
                ("backup_deep_archive_days",),
                f"must be later than storage.backup_glacier_days {self.backup_glacier_days}",
            )

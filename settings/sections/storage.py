"""The table `[environments.NAME.storage]`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Section, rule
from settings.types.costs import Costs
from settings.validation.constraints import between
from settings.validation.messages import Mistake

Days = Annotated[int, between(1, 36_500, "days")]


class StorageSettings(Section):
    """One environment's buckets. All values are in days and come from the reference, "Storage"."""

    backup_glacier_days: Annotated[Days, Costs("until then at the price of S3 Standard")] = 30
    """Age at which backups move to Glacier, which restores them in minutes to hours."""
    backup_deep_archive_days: Annotated[
        Days, Costs("less than 90 days after Glacier, the rest of the 90 days is charged")
    ] = 90
    """Age at which backups move to Deep Archive, which restores them within 12 hours. The reference's 90 days end
    before Glacier's 90-day minimum charge does.
    """
    backup_noncurrent_days: Annotated[Days, Costs("by the GiB and month kept")] = 365
    """How long overwritten or deleted backups are kept."""
    artifact_days: Annotated[Days, Costs("by the GiB and month kept")] = 90
    """How long artifacts are kept."""
    access_log_days: Annotated[Days, Costs("by the GiB and month kept")] = 90
    """How long access logs of buckets, load balancer and distribution are kept."""

    @rule
    def _deep_archive_after_glacier(self) -> Iterator[Mistake]:
        if self.backup_deep_archive_days <= self.backup_glacier_days:
            yield Mistake(
                ("backup_deep_archive_days",),
                f"must be later than storage.backup_glacier_days {self.backup_glacier_days}",
            )

"""The table `[audit]`."""

from dataclasses import dataclass
from typing import Annotated

from settings.sections.base import Section
from settings.types.costs import Costs
from settings.validation.constraints import Between


class AuditSettings(Section):
    """What every account keeps of what is done in it, once for each account, however many environments it holds.

    The account's first environment in the order of delivery has it in a stack of its own; where no environment is in
    the pipeline's account, the pipeline has it.
    """

    trail: Annotated[
        bool, Costs("by the GiB kept and logged; an account's second trail of the same events by the event")
    ] = True
    """Whether CloudTrail writes the calls of all regions into a locked bucket; off where an organization's does."""
    trail_retention_days: Annotated[int, Between(1, 36_500, "days"), Costs("by the GiB and month kept")] = 400
    """How long nobody can delete what the trail wrote: a year, and the time of its audit."""
    guardduty: Annotated[bool, Costs("by the events it looks at")] = False
    """Whether GuardDuty looks for threats in the regions of the environments; off where an organization's does."""
    config: Annotated[bool, Costs("by the change of a resource")] = False
    """Whether AWS Config records every change of a resource there; off where an organization's does."""


@dataclass(frozen=True, kw_only=True)
class AuditShare:
    """What one place, an environment in a region or the pipeline, has of its account's audit.

    A trail is one for an account, a detector of GuardDuty and a recorder of AWS Config are one for each region of it.
    """

    settings: AuditSettings
    first_in_account: bool
    """Whether nothing that is delivered before is in the account."""
    first_in_region: bool
    """Whether nothing that is delivered before is in the account's region."""

    @property
    def trail(self) -> bool:
        """Whether the trail is here."""
        return self.settings.trail and self.first_in_account

    @property
    def guardduty(self) -> bool:
        """Whether a detector is here."""
        return self.settings.guardduty and self.first_in_region

    @property
    def config(self) -> bool:
        """Whether a recorder is here."""
        return self.settings.config and self.first_in_region

    @property
    def is_empty(self) -> bool:
        """Whether nothing is here."""
        return not (self.trail or self.guardduty or self.config)

"""The table `[audit]`."""

from dataclasses import dataclass
from typing import Annotated

from settings.sections.base import Section
from settings.types.costs import Costs
from settings.validation.constraints import between


class AuditSettings(Section):
    """Audit records of each account, created once per account.

    The first environment delivered to an account has a stack for them. In an account with no environment, the pipeline
    has it.
    """

    trail: Annotated[
        bool, Costs("by the GiB kept and logged; an account's second trail of the same events also by the event")
    ] = True
    """Whether CloudTrail records all regions' calls in a locked bucket. Disable it under an organization trail."""
    trail_retention_days: Annotated[int, between(1, 36_500, "days"), Costs("by the GiB and month kept")] = 400
    """How long trail records cannot be deleted: a year plus time for its audit."""
    guardduty: Annotated[bool, Costs("by the events it analyzes")] = False
    """Whether GuardDuty detects threats in the environments' regions. Disable it if the organization manages it."""
    config: Annotated[bool, Costs("by the resource changes it records")] = False
    """Whether AWS Config records resource changes there. Disable it if the organization manages it."""


@dataclass(frozen=True, kw_only=True)
class AuditShare:
    """The audit resources that an environment's stack in one region, or the pipeline's, has for its account.

    An account needs one trail, and one GuardDuty detector and AWS Config recorder in each region.
    """

    settings: AuditSettings
    first_in_account: bool
    """Whether nothing delivered earlier is in the account."""
    first_in_region: bool
    """Whether nothing delivered earlier is in the account and region."""

    @property
    def trail(self) -> bool:
        """Whether the trail belongs here."""
        return self.settings.trail and self.first_in_account

    @property
    def guardduty(self) -> bool:
        """Whether a GuardDuty detector belongs here."""
        return self.settings.guardduty and self.first_in_region

    @property
    def config(self) -> bool:
        """Whether an AWS Config recorder belongs here."""
        return self.settings.config and self.first_in_region

    @property
    def is_empty(self) -> bool:
        """Whether no audit resource belongs here."""
        return not (self.trail or self.guardduty or self.config)

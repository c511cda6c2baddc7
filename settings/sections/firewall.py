"""The table `[environments.NAME.firewall]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.types.costs import Costs
from settings.validation.constraints import between


class FirewallSettings(Section):
    """The web application firewall of an environment's distribution."""

    enabled: Annotated[bool, Costs("by the month and rule, and by the request")] = True
    """Whether AWS WAF filters requests to CloudFront with AWS managed rules."""
    requests_per_five_minutes: Annotated[int, between(10, 2_000_000_000, "requests")] = 2000
    """Requests that one IP address may send in five minutes before it is blocked; the range is AWS WAF's."""

"""The table `[environments.NAME.firewall]`."""

from typing import Annotated

from settings.sections.base import Section
from settings.types.costs import Costs
from settings.validation.constraints import Between


class FirewallSettings(Section):
    """The web application firewall before an environment's distribution."""

    enabled: Annotated[bool, Costs("by the month and rule, and by the requests it looks at")] = True
    """Whether requests pass a firewall, with AWS's managed rules, before they reach CloudFront."""
    requests_per_five_minutes: Annotated[int, Between(10, 2_000_000_000, "requests")] = 2000
    """How many requests one address may make in five minutes before it is blocked; the range is AWS WAF's."""

"""The table `[environments.NAME.domain]`."""

from collections.abc import Iterator

from settings.sections.base import Mistake, Section, rule
from settings.types.aws_formats import CertifiedName, DomainName, EdgeCertificateArn, HostedZoneId


class DomainSettings(Section):
    """A name of one's own for an environment.

    Users open `name`; the distribution reaches the load balancer at `origin.<name>`, which the load balancer's
    certificate covers.
    """

    name: CertifiedName
    """What users open."""
    hosted_zone_id: HostedZoneId
    """The Route 53 zone that gets the records, in the environment's account."""
    hosted_zone_name: DomainName
    """The zone's own name, which `name` ends in."""
    edge_certificate_arn: EdgeCertificateArn | None = None
    """ACM certificate for `name` in us-east-1; None: one is created, which only an environment in us-east-1 can."""

    @rule
    def _in_its_zone(self) -> Iterator[Mistake]:
        if self.name != self.hosted_zone_name and not self.name.endswith(f".{self.hosted_zone_name}"):
            yield Mistake(("name",), f"is not in domain.hosted_zone_name {self.hosted_zone_name}")

"""The table `[environments.NAME.domain]`."""

from collections.abc import Iterator

from settings.sections.base import Section, rule
from settings.types.aws_formats import CertifiedName, DomainName, EdgeCertificateArn, HostedZoneId
from settings.validation.messages import Mistake


class DomainSettings(Section):
    """A custom domain name for an environment.

    Users open `name`. CloudFront reaches the load balancer at `origin.<name>`, which the load balancer's certificate
    covers.
    """

    name: CertifiedName
    """The name that users open."""
    hosted_zone_id: HostedZoneId
    """The Route 53 hosted zone for the records, in the environment's account."""
    hosted_zone_name: DomainName
    """The hosted zone's name; `name` must end in it."""
    edge_certificate_arn: EdgeCertificateArn | None = None
    """ACM certificate for `name` in us-east-1; None: one is created, which requires an environment in us-east-1."""

    @property
    def origin(self) -> str:
        """The name at which CloudFront reaches the load balancer."""
        return f"origin.{self.name}"

    @rule
    def _in_its_zone(self) -> Iterator[Mistake]:
        if self.name != self.hosted_zone_name and not self.name.endswith(f".{self.hosted_zone_name}"):
            yield Mistake(("name",), f"must end in domain.hosted_zone_name {self.hosted_zone_name}")

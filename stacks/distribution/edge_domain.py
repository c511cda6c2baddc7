"""The custom domain of the distribution."""

from typing import cast

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as route53_targets
from constructs import Construct

from settings import DomainSettings


class EdgeDomain(Construct):
    """A distribution's domain name and its certificate.

    The certificate comes from the settings or is created here. CloudFront accepts certificates in us-east-1 only, so
    the settings require one for environments in other regions.
    """

    def __init__(self, scope: Construct, construct_id: str, *, domain: DomainSettings) -> None:
        super().__init__(scope, construct_id)
        self.name = domain.name
        self._zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "HostedZone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.hosted_zone_name
        )
        self.certificate = self._certificate(domain.edge_certificate_arn)

    def _certificate(self, arn: str | None) -> acm.ICertificate:
        if arn is not None:
            return acm.Certificate.from_certificate_arn(self, "Certificate", arn)
        certificate = acm.Certificate(
            self, "Certificate", domain_name=self.name, validation=acm.CertificateValidation.from_dns(self._zone)
        )
        return cast(acm.ICertificate, certificate)

    def point_to(self, distribution: cloudfront.Distribution) -> None:
        """Create alias records to `distribution`, for IPv4 and IPv6."""
        # Class and interface name a parameter differently, which the type checker rejects.
        alias = cast(route53.IAliasRecordTarget, route53_targets.CloudFrontTarget(distribution))
        target = route53.RecordTarget.from_alias(alias)
        route53.ARecord(self, "Ipv4", zone=self._zone, record_name=f"{self.name}.", target=target)
        route53.AaaaRecord(self, "Ipv6", zone=self._zone, record_name=f"{self.name}.", target=target)

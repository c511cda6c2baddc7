"""Checks that certificates are issued, and in the region that uses them."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly import Stack
from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix

EDGE_REGION = "us-east-1"
"""The region of CloudFront's certificates (CloudFront Developer Guide, "Requirements for using SSL/TLS")."""
CERTIFICATE = "AWS::CertificateManager::Certificate"


def check_certificates(context: CheckContext) -> Iterator[Finding]:
    """Check the configured certificates, and the hosted zones that validate new ones."""
    for stack in context.stacks:
        for arn, region in _named(stack):
            yield _certificate(context, arn, region)
        for _, properties in stack.of_type(CERTIFICATE):
            if not _used_at_the_edge(stack) or context.aws_environment.region == EDGE_REGION:
                yield from _zones(context, properties)
            else:
                yield to_fix(
                    f"{stack.name} creates CloudFront's certificate in {context.aws_environment.region}",
                    f"create one in {EDGE_REGION} and set domain.edge_certificate_arn",
                )


def _named(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the ARN of each configured certificate, and the region it must be in."""
    for _, properties in stack.of_type("AWS::CloudFront::Distribution"):
        arn = properties["DistributionConfig"].get("ViewerCertificate", {}).get("AcmCertificateArn")
        if isinstance(arn, str):
            yield arn, EDGE_REGION
    for _, properties in stack.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        for certificate in properties.get("Certificates", []):
            if isinstance(arn := certificate.get("CertificateArn"), str):
                yield arn, stack.region


def _used_at_the_edge(stack: Stack) -> bool:
    return any(True for _ in stack.of_type("AWS::CloudFront::Distribution"))


def _certificate(context: CheckContext, arn: str, wanted: str) -> Finding:
    region = arn.split(":")[3]
    if region != wanted:
        return to_fix(
            f"certificate {arn} is in {region}, but must be in {wanted}",
            f"create one in {wanted} and set its ARN in the environment's domain in delivery.toml",
        )
    try:
        found = context.client("acm", region).describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return to_fix(
            f"certificate {arn} does not exist", "set an existing one in the environment's domain in delivery.toml"
        )
    if found["Status"] != "ISSUED":
        return to_fix(
            f"certificate {arn} is in state {found['Status']}",
            "validate it: add the CNAME records that ACM shows to the domain's DNS zone",
        )
    return good(f"certificate {arn} is issued")


def _zones(context: CheckContext, properties: Mapping[str, Any]) -> Iterator[Finding]:
    route53 = context.regional_client("route53")
    for option in properties.get("DomainValidationOptions", []):
        zone = option.get("HostedZoneId")
        try:
            found = route53.get_hosted_zone(Id=zone)["HostedZone"]
        except route53.exceptions.NoSuchHostedZone:
            yield to_fix(
                f"has no hosted zone {zone} to validate {option['DomainName']}",
                "set domain.hosted_zone_id to a zone of this account",
            )
            continue
        name = found["Name"].rstrip(".")
        if option["DomainName"] == name or option["DomainName"].endswith(f".{name}"):
            yield good(f"hosted zone {name} can validate {option['DomainName']}")
        else:
            yield to_fix(
                f"hosted zone {zone} is {name}, which does not contain {option['DomainName']}",
                "set domain.hosted_zone_id to the zone of the domain",
            )

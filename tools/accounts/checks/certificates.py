"""Whether certificates are where those look that use them, and issued."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly import Stack
from tools.accounts.checks.context import Site
from tools.accounts.findings import Finding, good, to_fix

EDGE_REGION = "us-east-1"
"""Where CloudFront looks for certificates (CloudFront Developer Guide, "Requirements for using SSL/TLS")."""
CERTIFICATE = "AWS::CertificateManager::Certificate"


def check_certificates(site: Site) -> Iterator[Finding]:
    """Look at the certificates that are named, and at the zones that are to prove those which are made."""
    for stack in site.stacks:
        for arn, region in _named(stack):
            yield _certificate(site, arn, region)
        for _, properties in stack.of_type(CERTIFICATE):
            if not _used_at_the_edge(stack) or site.place.region == EDGE_REGION:
                yield from _zones(site, properties)
            else:
                yield to_fix(
                    f"{stack.name} makes CloudFront's certificate in {site.place.region}",
                    f"make one in {EDGE_REGION} and name it in domain.edge_certificate_arn",
                )


def _named(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the ARNs of certificates that exist, and the region in which they are looked for."""
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


def _certificate(site: Site, arn: str, wanted: str) -> Finding:
    region = arn.split(":")[3]
    if region != wanted:
        return to_fix(
            f"certificate {arn} is in {region} and is looked for in {wanted}",
            f"make one in {wanted} and name it in delivery.toml, under the environment's domain",
        )
    try:
        found = site.client("acm", region).describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return to_fix(
            f"certificate {arn} does not exist", "name one that does in delivery.toml, under the environment's domain"
        )
    if found["Status"] != "ISSUED":
        return to_fix(
            f"certificate {arn} is in state {found['Status']}",
            "prove that the name is yours: put the CNAME records that ACM shows into the name's zone",
        )
    return good(f"certificate {arn} is issued")


def _zones(site: Site, properties: Mapping[str, Any]) -> Iterator[Finding]:
    route53 = site.here("route53")
    for option in properties.get("DomainValidationOptions", []):
        zone = option.get("HostedZoneId")
        try:
            found = route53.get_hosted_zone(Id=zone)["HostedZone"]
        except route53.exceptions.NoSuchHostedZone:
            yield to_fix(
                f"has no hosted zone {zone} to prove {option['DomainName']} by",
                "name a zone of this account in domain.hosted_zone_id",
            )
            continue
        name = found["Name"].rstrip(".")
        if option["DomainName"] == name or option["DomainName"].endswith(f".{name}"):
            yield good(f"hosted zone {name} proves {option['DomainName']}")
        else:
            yield to_fix(
                f"hosted zone {zone} is {name}, which {option['DomainName']} is not in",
                "name the domain's own zone in domain.hosted_zone_id",
            )

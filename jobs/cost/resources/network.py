"""Charges of gateways, addresses, endpoints, load balancer and DNS."""

from collections.abc import Iterator
from decimal import Decimal

from jobs.cost.assembly import Resource, Stack
from jobs.cost.charges import Charge, text
from jobs.cost.usage import HOURS, Usage


def vpc(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge traffic between availability zones, which is charged in both directions."""
    yield Charge(what="traffic between zones", price="zones.gb", quantity=2 * usage.zones_gb, assumptions=("zones_gb",))


def nat_gateway(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge the gateway and its traffic; its address is a separate resource."""
    yield Charge(what="NAT gateway", price="nat_gateway.hour", quantity=HOURS)
    yield Charge(what="traffic through NAT", price="nat_gateway.gb", quantity=usage.nat_gb, assumptions=("nat_gb",))


def address(_resource: Resource, _stack: Stack, _usage: Usage) -> Iterator[Charge]:
    """Charge a public IPv4 address, whether in use or not."""
    yield Charge(what="public IPv4 address", price="public_ipv4.hour", quantity=HOURS)


def endpoint(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge an interface endpoint for each of its subnets; gateway endpoints are free."""
    if text(resource, "VpcEndpointType", "Gateway") != "Interface":
        return
    zones = len(resource.properties.get("SubnetIds", ()))
    yield Charge(what="interface endpoint, per zone", price="vpc_endpoint.hour", quantity=zones * HOURS)
    yield Charge(
        what="traffic through endpoints",
        price="vpc_endpoint.gb",
        quantity=usage.endpoint_gb,
        assumptions=("endpoint_gb",),
    )


def load_balancer(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge an application load balancer; an internet-facing one has a public address in each zone."""
    yield Charge(what="load balancer", price="load_balancer.hour", quantity=HOURS)
    if text(resource, "Scheme", "internet-facing") == "internet-facing":
        zones = len(resource.properties.get("Subnets", ()))
        yield Charge(what="public IPv4 addresses", price="public_ipv4.hour", quantity=zones * HOURS)
    yield Charge(
        what="capacity units",
        price="load_balancer.lcu_hour",
        quantity=usage.load_balancer_lcu * HOURS,
        assumptions=("load_balancer_lcu",),
    )


def hosted_zone(_resource: Resource, _stack: Stack, _usage: Usage) -> Iterator[Charge]:
    """Charge a zone; queries for its alias records are free."""
    yield Charge(what="hosted zone", price="hosted_zone.month", quantity=Decimal(1))

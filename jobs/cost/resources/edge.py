"""Charges of CloudFront, its functions and firewall. The free tier is not subtracted."""

from collections.abc import Iterator
from decimal import Decimal

from jobs.cost.assembly import Resource, Stack
from jobs.cost.charges import Charge
from jobs.cost.usage import Usage


def distribution(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge traffic to users at the price of North America and Europe, and HTTPS requests."""
    yield Charge(what="traffic to users", price="edge.gb", quantity=usage.edge_gb, assumptions=("edge_gb",))
    yield _by_requests("requests", "edge.requests.million", usage)


def function(_resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a function that runs on every request."""
    yield _by_requests("function", "edge.function.million", usage)


def web_acl(resource: Resource, _stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge a web ACL, its rules, and the requests that it inspects."""
    yield Charge(what="firewall", price="firewall.acl_month", quantity=Decimal(1))
    rules = Decimal(len(resource.properties.get("Rules", ())))
    yield Charge(what="firewall rules", price="firewall.rule_month", quantity=rules)
    yield _by_requests("inspected requests", "firewall.requests.million", usage)


def _by_requests(what: str, price: str, usage: Usage) -> Charge:
    return Charge(what=what, price=price, quantity=usage.million_requests, assumptions=("million_requests",))

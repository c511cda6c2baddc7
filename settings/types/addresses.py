"""How many addresses an environment uses in each of its subnets, at most."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Final

RESERVED_BY_AWS: Final = 5
"""Addresses of each subnet that AWS keeps: the first four and the last (VPC User Guide, "Subnet sizing")."""

INTERFACE_ENDPOINTS: Final = 4
"""Those of the network stack: ECR has two, Secrets Manager and CloudWatch Logs have one each. Each has an address in
each private subnet (AWS PrivateLink Guide, "Subnets and Availability Zones")."""

LOAD_BALANCER: Final = 8
"""Free addresses that a load balancer needs in each subnet to scale (its user guide, "Subnets for your load balancer").
With a NAT gateway's one, they fit into the smallest public subnet that is accepted, /27."""

DATABASE: Final = {"the database": 1, "its replacement": 1, "a restored copy": 1}
"""Addresses in each isolated subnet: the instance or its standby, a spare one, which RDS requires for a failover or
another class (RDS User Guide, "Working with DB subnet groups"), and the monthly restore test. RDS chooses the zone."""

NODES_WHILE_SCALING: Final = 2
"""ElastiCache creates new nodes before it deletes the old ones (its user guide, "Scaling up"). It chooses their zones,
and its documentation does not say how evenly, so each subnet has to hold all."""


def in_private_subnet(tasks: int, *, interface_endpoints: bool, operator_access: bool) -> dict[str, int]:
    """Return what needs addresses in each private subnet, and how many.

    ECS spreads tasks evenly over both zones. A rolling deployment runs twice the tasks.
    """
    needed = {"old and new tasks, half of them in each subnet": tasks}
    if interface_endpoints:
        needed["interface endpoints"] = INTERFACE_ENDPOINTS
    if operator_access:
        needed["database access"] = 1
    return needed


def in_isolated_subnet(nodes: int) -> dict[str, int]:
    """Return what needs addresses in each isolated subnet, and how many."""
    return {**DATABASE, f"{nodes} cache nodes and those that replace them": NODES_WHILE_SCALING * nodes}


def usable_addresses(block: str) -> int:
    """Return how many addresses of a subnet AWS can assign."""
    return IPv4Network(block).num_addresses - RESERVED_BY_AWS


def smallest_subnet(addresses: int) -> str:
    """Return the smallest size of a subnet with that many usable addresses: `/27`."""
    return f"/{32 - (addresses + RESERVED_BY_AWS - 1).bit_length()}"


def listed(needed: Mapping[str, int]) -> str:
    """Return the sum and its parts: `9 addresses are needed: 5 for tasks, 4 for interface endpoints`."""
    parts = ", ".join(f"{count} for {what}" for what, count in needed.items())
    return f"{sum(needed.values())} addresses are needed: {parts}"

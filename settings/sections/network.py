"""The table `[environments.NAME.network]`."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, cast

from pydantic import Field

from settings.sections.base import Section, rule
from settings.types.cidr import cidr_block
from settings.types.costs import Costs
from settings.validation.constraints import between
from settings.validation.messages import Mistake

SUBNETS = ("public_subnets", "private_subnets", "isolated_subnets")

PublicSubnet = Annotated[str, cidr_block(smallest=27)]
"""An Application Load Balancer needs /27 or more (its user guide, "Subnets for your load balancer")."""
Subnet = Annotated[str, cidr_block()]


class NetworkSettings(Section):
    """One environment's VPC. Subnets come in pairs, one per availability zone.

    The blocks are the reference's, "Network Infrastructure". AWS allows VPCs and subnets of /16 to /28.
    """

    cidr: Annotated[str, cidr_block()] = "10.0.0.0/16"
    """The VPC's address range."""
    public_subnets: Annotated[tuple[PublicSubnet, PublicSubnet], Field(strict=False)] = ("10.0.1.0/24", "10.0.2.0/24")
    """For the load balancer and the NAT gateways."""
    private_subnets: Annotated[tuple[Subnet, Subnet], Field(strict=False)] = ("10.0.3.0/24", "10.0.4.0/24")
    """For the tasks."""
    isolated_subnets: Annotated[tuple[Subnet, Subnet], Field(strict=False)] = ("10.0.10.0/24", "10.0.11.0/24")
    """For database and cache, without a route to the internet."""
    nat_gateways: Annotated[int, between(1, 2), Costs("each by the hour, and by the GiB of traffic")] = 2
    """Number of NAT gateways. 1 is cheaper; 2, one per zone, survive the loss of a zone. Tasks need one."""
    interface_endpoints: Annotated[bool, Costs("each endpoint by the hour and zone; saves NAT traffic")] = True
    """Whether tasks reach ECR, Secrets Manager and CloudWatch Logs through VPC endpoints."""

    @rule
    def _subnets_inside_vpc(self) -> Iterator[Mistake]:
        vpc = IPv4Network(self.cidr)
        for path, subnet in self._subnets():
            if not subnet.subnet_of(vpc):
                yield Mistake(path, f"must be a part of network.cidr {vpc}")

    @rule
    def _subnets_do_not_overlap(self) -> Iterator[Mistake]:
        for (first, one), (second, other) in combinations(self._subnets(), 2):
            if one.overlaps(other):
                yield Mistake(second, f"overlaps network.{first[0]}[{first[1]}] {one}; take another block")

    def _subnets(self) -> Iterator[tuple[tuple[str, int], IPv4Network]]:
        for kind in SUBNETS:
            # An invalid pair of subnets is missing; the others can still be compared.
            for index, block in enumerate(cast(tuple[str, ...], vars(self).get(kind, ()))):
                yield (kind, index), IPv4Network(block)

"""The table `[environments.NAME.network]`."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, cast

from pydantic import Field

from settings.sections.base import Mistake, Section, rule
from settings.types.cidr import Cidr
from settings.types.costs import Costs
from settings.validation.constraints import Between

SUBNETS = ("public_subnets", "private_subnets", "isolated_subnets")

PublicSubnet = Annotated[str, Cidr(smallest=27)]
"""An Application Load Balancer needs /27 or more (its user guide, "Subnets for your load balancer")."""
Subnet = Annotated[str, Cidr()]


class NetworkSettings(Section):
    """One environment's VPC. Subnets come in pairs, one per availability zone.

    The blocks are those of the reference, "Network Infrastructure". AWS makes VPCs and subnets of /16 to /28.
    """

    cidr: Annotated[str, Cidr()] = "10.0.0.0/16"
    """All of the VPC's addresses."""
    public_subnets: Annotated[tuple[PublicSubnet, PublicSubnet], Field(strict=False)] = ("10.0.1.0/24", "10.0.2.0/24")
    """Load balancer and NAT gateways."""
    private_subnets: Annotated[tuple[Subnet, Subnet], Field(strict=False)] = ("10.0.3.0/24", "10.0.4.0/24")
    """Tasks."""
    isolated_subnets: Annotated[tuple[Subnet, Subnet], Field(strict=False)] = ("10.0.10.0/24", "10.0.11.0/24")
    """Database and cache, without a way to the internet."""
    nat_gateways: Annotated[int, Between(1, 2), Costs("each by the hour, and by the GiB that goes through")] = 2
    """NAT gateways; 1 is cheaper, 2 (one per availability zone) survives the loss of a zone. Tasks need one."""
    interface_endpoints: Annotated[bool, Costs("each endpoint by the hour and zone, less what NAT would take")] = True
    """Whether ECR, Secrets Manager and CloudWatch Logs are reached inside the VPC."""

    @rule
    def _inside(self) -> Iterator[Mistake]:
        vpc = IPv4Network(self.cidr)
        for path, subnet in self._subnets():
            if not subnet.subnet_of(vpc):
                yield Mistake(path, f"is outside network.cidr {vpc}")

    @rule
    def _apart(self) -> Iterator[Mistake]:
        for (first, one), (second, other) in combinations(self._subnets(), 2):
            if one.overlaps(other):
                yield Mistake(second, f"overlaps network.{first[0]}[{first[1]}] {one}")

    def _subnets(self) -> Iterator[tuple[tuple[str, int], IPv4Network]]:
        for kind in SUBNETS:
            # A draft may lack one kind; the others can be compared all the same.
            for index, block in enumerate(cast(tuple[str, ...], vars(self).get(kind, ()))):
                yield (kind, index), IPv4Network(block)

"""Subnets with fixed address ranges."""

import jsii
from aws_cdk import aws_ec2 as ec2

from settings import NetworkSettings


@jsii.implements(ec2.IIpAddresses)
class FixedSubnets:
    """Gives a `Vpc` the address ranges in the settings; the library's own allocation would assign them in sequence.

    Subnets of one type get their ranges in the order of the availability zones.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        self._cidr = settings.cidr
        self._subnets = {
            ec2.SubnetType.PUBLIC: settings.public_subnets,
            ec2.SubnetType.PRIVATE_WITH_EGRESS: settings.private_subnets,
            ec2.SubnetType.PRIVATE_ISOLATED: settings.isolated_subnets,
        }

    def allocate_vpc_cidr(self) -> ec2.VpcIpamOptions:
        """Return the address range of the VPC."""
        return ec2.VpcIpamOptions(cidr_block=self._cidr)

    def allocate_subnets_cidr(self, request: ec2.AllocateCidrRequest) -> ec2.SubnetIpamOptions:
        """Return the address ranges of the requested subnets, in the order of the request."""
        addresses = {subnet_type: iter(cidrs) for subnet_type, cidrs in self._subnets.items()}
        return ec2.SubnetIpamOptions(
            allocated_subnets=[
                ec2.AllocatedSubnet(cidr=next(addresses[subnet.configuration.subnet_type]))
                for subnet in request.requested_subnets
            ]
        )

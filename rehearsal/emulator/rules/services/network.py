"""EC2, Elastic Load Balancing, CloudFront and WAF: addresses, listeners, groups in use, distributions.

Sources: EC2 API Reference (CreateVpc, CreateSubnet), "VPC CIDR blocks" (VPC User Guide); Elastic Load Balancing API
Reference (CreateLoadBalancer, CreateListener, DeleteTargetGroup); CloudFront API Reference (CachePolicyConfig); WAF API
Reference (CreateWebACL).
"""

from ipaddress import IPv4Network, ip_network
from typing import Any

from rehearsal.emulator.internals import alb, ec2, here
from rehearsal.emulator.rules import quotas
from rehearsal.emulator.rules.refusal import ALREADY_EXISTS, QUOTA, Refusal, service_refusal
from rehearsal.emulator.rules.request import Request, on_both, on_create

NAME_CHARACTERS = 32
BLOCK_BITS = (16, 28)
"""The shortest and the longest prefix of a VPC's or a subnet's block."""


def _ec2(message: str, code: str) -> Refusal:
    return service_refusal(f"{message} (Error Code: {code})", "Ec2")


def _block(text: Any) -> IPv4Network | None:
    try:
        found = ip_network(str(text))
    except ValueError:
        return None
    return found if isinstance(found, IPv4Network) else None


@on_create("AWS::EC2::VPC")
def require_vpc_block(request: Request) -> None:
    """Refuse an invalid block, and one that is too large or too small."""
    text = request.get("CidrBlock")
    if text is None:
        return
    block = _block(text)
    if block is None or not BLOCK_BITS[0] <= block.prefixlen <= BLOCK_BITS[1]:
        raise _ec2(f"The CIDR '{text}' is invalid.", "InvalidVpc.Range")


@on_create("AWS::EC2::Subnet")
def require_subnet_block(request: Request) -> None:
    """Refuse a block outside its network or over another subnet's."""
    block, network = _block(request.get("CidrBlock")), ec2._vpcs.get(request.get("VpcId"))
    if block is None or network is None:
        return
    around = [network["CidrBlock"], *(item.get("CidrBlock") for item in network.get("CidrBlockAssociationSet", []))]
    if not any((outer := _block(text)) and block.subnet_of(outer) for text in around):
        raise _ec2(f"The CIDR '{block}' is invalid.", "InvalidSubnet.Range")
    for other in ec2._subnets.values():
        kept = _block(other.get("CidrBlock"))
        if other.get("VpcId") == request.get("VpcId") and kept and kept.overlaps(block):
            raise _ec2(f"The CIDR '{block}' conflicts with another subnet", "InvalidSubnet.Conflict")


@on_create("AWS::EC2::EIP")
def require_address(request: Request) -> None:  # noqa: ARG001 - a rule takes a request
    """Refuse one address more than the quota (EC2-VPC Elastic IPs: five a region, L-0263D0A3)."""
    if len(ec2._addresses) >= quotas.elastic_addresses():
        raise service_refusal(
            "The maximum number of addresses has been reached. (Error Code: AddressLimitExceeded)", "Ec2", QUOTA
        )


@on_create("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup")
def require_short_name(request: Request) -> None:
    """Refuse a name of more than 32 characters."""
    name = str(request.get("Name") or "")
    if len(name) > NAME_CHARACTERS:
        what = "load balancer" if request.resource_type.endswith("LoadBalancer") else "target group"
        raise service_refusal(
            f"The {what} name '{name}' cannot be longer than '{NAME_CHARACTERS}' characters "
            "(Error Code: ValidationError)",
            "ElasticLoadBalancingV2",
        )


@on_create("AWS::ElasticLoadBalancingV2::Listener")
def require_free_port(request: Request) -> None:
    """Refuse a second listener on a port."""
    arn, port = request.get("LoadBalancerArn"), request.get("Port")
    for listener in alb._listeners.values():
        if listener.get("LoadBalancerArn") == arn and str(listener.get("Port")) == str(port):
            raise service_refusal(
                f"A listener already exists on this port for this load balancer '{arn}' "
                "(Error Code: DuplicateListener)",
                "ElasticLoadBalancingV2",
                ALREADY_EXISTS,
            )


def refuse_used_target_groups() -> None:
    """Refuse the deletion of a target group in use (DeleteTargetGroup: ResourceInUse)."""
    above = alb._ACTION_MAP["DeleteTargetGroup"]

    def delete(request: Any) -> Any:
        arn = alb._p(request, "TargetGroupArn")
        if any(arn in str(record) for record in [*alb._listeners.values(), *alb._rules.values()]):
            return alb._error("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule", 400)
        return above(request)

    alb._ACTION_MAP["DeleteTargetGroup"] = delete


@on_both("AWS::CloudFront::CachePolicy")
def require_ordered_lifetimes(request: Request) -> None:
    """Refuse a minimum lifetime above the default, or a default above the maximum."""
    config = request.get("CachePolicyConfig") or {}
    least, usual, most = (float(config.get(name, 0)) for name in ("MinTTL", "DefaultTTL", "MaxTTL"))
    if not least <= usual <= most:
        raise service_refusal(
            "The parameter MinTTL is greater than DefaultTTL, or DefaultTTL than MaxTTL. (Error Code: InvalidArgument)",
            "CloudFront",
        )


@on_create("AWS::WAFv2::WebACL", "AWS::WAFv2::IPSet", "AWS::WAFv2::RuleGroup")
def require_edge_region(request: Request) -> None:
    """Refuse the scope CLOUDFRONT outside us-east-1."""
    _, region = here()
    if request.get("Scope") == "CLOUDFRONT" and region != "us-east-1":
        raise service_refusal(
            "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT "
            "(Error Code: WAFInvalidParameterException)",
            "Wafv2",
        )

"""Finds replacements that AWS rejects, before anything is deployed.

CloudFormation creates the new resource before it deletes the old one (CloudFormation User Guide, "Update behaviors of
stack resources"), which may have what the new one needs. Only plain values are compared.

Sources: AWS::EC2::Subnet, CloudFormation, and InvalidSubnet.Conflict, "Error codes for the Amazon EC2 API";
"Troubleshoot NAT gateways", VPC User Guide; "How can I delete a subnet that is part of an Amazon RDS DB subnet group?",
AWS Knowledge Center.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, Final

from cloud_assembly.references import references
from jobs.change_review.dependents import REPLACED as REPLACED_TOO
from jobs.change_review.dependents import UPDATED, Dependent, StackChange
from jobs.change_review.differences import ADDED, REMOVED, REPLACED, Difference
from jobs.change_review.findings import Finding, fingerprint

SUBNET: Final = "AWS::EC2::Subnet"
GATEWAY: Final = "AWS::EC2::NatGateway"
DATABASE_SUBNETS: Final = ("AWS::RDS::DBSubnetGroup", "AWS::DocDB::DBSubnetGroup", "AWS::Neptune::DBSubnetGroup")
"""Types of RDS's API: a group keeps a subnet as long as a database is in it."""
FEWEST_SUBNETS: Final = 2
"""Of each group; a database with a standby is in both."""


def refused_replacements(
    stacks: Sequence[StackChange], differences: Mapping[str, Difference], found: Sequence[Dependent]
) -> Iterator[Finding]:
    """Yield a finding for each replacement that AWS would reject, and for each update that it would need."""
    replaced = {(stack.name, one) for stack in stacks for one in stack.replaced}
    replaced |= {(one.stack, one.logical_id) for one in found if one.effect == REPLACED_TOO}
    for stack in stacks:
        own = {logical_id for name, logical_id in replaced if name == stack.name}
        if stack.name in differences:
            yield from _subnets(stack, differences[stack.name], own)
        yield from _gateways(stack, own)
    yield from _groups({stack.name: stack.template["Resources"] for stack in stacks}, replaced, found)


def _subnets(stack: StackChange, difference: Difference, replaced: set[str]) -> Iterator[Finding]:
    changes = [change for change in difference.resources if change.type == SUBNET]
    old = [(one.logical_id, _properties(one.before)) for one in changes if one.kind in (REPLACED, REMOVED)]
    for change in changes:
        new = _properties(change.after)
        if change.kind not in (ADDED, REPLACED) or references(new.get("VpcId")) & replaced:
            continue
        for name, its in old:
            if its.get("VpcId") == new.get("VpcId") and _overlap(its.get("CidrBlock"), new.get("CidrBlock")):
                yield _refused(
                    stack.name,
                    change.logical_id,
                    f"{change.logical_id} ({SUBNET}) cannot be created: its block {new['CidrBlock']} overlaps "
                    f"{its['CidrBlock']} of {name}, which is deleted later; give it another block",
                    (its, new),
                )
                break


def _gateways(stack: StackChange, replaced: set[str]) -> Iterator[Finding]:
    for logical_id in sorted(replaced):
        resource = stack.template["Resources"].get(logical_id, {})
        address = references(_properties(resource).get("AllocationId"))
        if resource.get("Type") == GATEWAY and address and not address & replaced:
            yield _refused(
                stack.name,
                logical_id,
                f"{logical_id} ({GATEWAY}) cannot be replaced: the old gateway has its address, {', '.join(address)}, "
                "until it is deleted; leave its subnet as it is",
                resource,
            )


def _groups(
    resources: Mapping[str, Mapping[str, Any]], replaced: set[tuple[str, str]], found: Sequence[Dependent]
) -> Iterator[Finding]:
    subnets: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for one in found:
        group, subnet = resources[one.stack][one.logical_id], resources[one.replaced_stack].get(one.replaced, {})
        if group["Type"] not in DATABASE_SUBNETS or subnet.get("Type") != SUBNET or one.effect != UPDATED:
            continue
        networks = {(one.replaced_stack, name) for name in references(_properties(subnet).get("VpcId"))}
        # AWS documents nothing about a group that moves to another network.
        if not networks & replaced:
            subnets[one.stack, one.logical_id].add(one.replaced)
    for (stack, logical_id), names in subnets.items():
        group = resources[stack][logical_id]
        if len(_properties(group).get("SubnetIds", ())) <= max(FEWEST_SUBNETS, len(names)):
            yield _refused(
                stack,
                logical_id,
                f"{logical_id} ({group['Type']}) cannot be updated: it would lose {', '.join(sorted(names))}, which a "
                "database is in; leave these subnets as they are",
                (group, sorted(names)),
            )


def _refused(stack: str, subject: str, title: str, change: Any) -> Finding:
    return Finding(
        stack=stack, subject=subject, title=title, change=fingerprint(stack, subject, change), impossible=True
    )


def _properties(resource: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (resource or {}).get("Properties") or {}


def _overlap(one: Any, other: Any) -> bool:
    try:
        return IPv4Network(one).overlaps(IPv4Network(other))
    except ValueError:
        return False

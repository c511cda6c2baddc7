"""Replacements that AWS rejects: of subnets, of NAT gateways, and of the subnets of a database."""

from collections.abc import Generator
from copy import deepcopy
from typing import Any

import pytest

from jobs.change_review.dependents import StackChange, dependents
from jobs.change_review.differences import REPLACED, Comparer
from jobs.change_review.refused_replacements import refused_replacements

Template = dict[str, Any]
COMPARER = Comparer()


@pytest.fixture(scope="module", autouse=True)
def comparing() -> Generator[None, None, None]:
    with COMPARER:
        yield


def resource(kind: str, **properties: Any) -> Template:
    return {"Type": kind, "Properties": properties}


def subnet(block: Any, zone: str, vpc: Any = None) -> Template:
    return resource("AWS::EC2::Subnet", CidrBlock=block, AvailabilityZone=zone, VpcId=vpc or {"Ref": "Vpc"})


NETWORK: Template = {
    "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    "Public": subnet("10.0.1.0/24", "us-east-1a"),
    "One": subnet("10.0.2.0/24", "us-east-1a"),
    "Other": subnet("10.0.3.0/24", "us-east-1b"),
    "Address": resource("AWS::EC2::EIP"),
    "Gateway": resource(
        "AWS::EC2::NatGateway", SubnetId={"Ref": "Public"}, AllocationId={"Fn::GetAtt": ["Address", "AllocationId"]}
    ),
}
OUTPUTS = {name: {"Value": {"Ref": name}} for name in ("One", "Other")}


def database(*subnets: str) -> Template:
    ids: list[Any] = [{"Fn::GetStackOutput": {"StackName": "network", "OutputName": name}} for name in subnets]
    return {"Group": resource("AWS::RDS::DBSubnetGroup", SubnetIds=ids, DBSubnetGroupDescription="x")}


def refused(after: Template, group: Template | None = None, before: Template = NETWORK) -> list[str]:
    """Return the titles of what is refused when the network changes; `group` is in a stack of its own."""
    old: dict[str, Template] = {"network": {"Resources": before, "Outputs": OUTPUTS}}
    new: dict[str, Template] = {"network": {"Resources": after, "Outputs": OUTPUTS}}
    if group:
        old["database"] = new["database"] = {"Resources": group}
    differences = dict(zip(new, COMPARER.compare([(old[name], new[name]) for name in new]), strict=True))
    changes = [
        StackChange(
            name=name,
            template=template,
            replaced={one.logical_id for one in differences[name].resources if one.kind == REPLACED},
            types=differences[name].types,
        )
        for name, template in new.items()
    ]
    found = list(refused_replacements(changes, differences, dependents(changes)))
    assert all(finding.impossible and finding.change for finding in found)
    return [finding.title for finding in found]


def with_changes(**changes: Template) -> Template:
    return {**deepcopy(NETWORK), **changes}


def test_unchanged_network_is_accepted() -> None:
    assert refused(NETWORK, database("One", "Other")) == []


@pytest.mark.parametrize(
    ("one", "overlapped"),
    [
        (subnet("10.0.2.0/24", "us-east-1c"), "10.0.2.0/24 of One"),
        (subnet("10.0.2.0/25", "us-east-1a"), "10.0.2.0/24 of One"),
        (subnet("10.0.2.0/23", "us-east-1a"), "10.0.2.0/24 of One"),
        (subnet("10.0.4.0/24", "us-east-1c"), None),
        (subnet({"Ref": "Block"}, "us-east-1a"), None),
        (subnet("10.0.2.0/24", "us-east-1a", {"Ref": "Other"}), None),
    ],
)
def test_new_subnet_needs_a_block_that_no_old_one_has(one: Template, overlapped: str | None) -> None:
    block = one["Properties"]["CidrBlock"]
    expected = (
        f"One (AWS::EC2::Subnet) cannot be created: its block {block} overlaps {overlapped}, which is deleted later; "
        "give it another block"
    )
    assert refused(with_changes(One=one)) == ([expected] if overlapped else [])


def test_blocks_cannot_be_exchanged_or_taken_over() -> None:
    exchanged = with_changes(One=subnet("10.0.3.0/24", "us-east-1a"), Other=subnet("10.0.2.0/24", "us-east-1b"))
    assert [title.partition(" ")[0] for title in refused(exchanged)] == ["One", "Other"]
    renamed = with_changes(New=NETWORK["One"])
    del renamed["One"]
    assert [title.partition(" ")[0] for title in refused(renamed)] == ["New"]


def test_gateway_cannot_take_its_address_along() -> None:
    moved = with_changes(Public=subnet("10.0.9.0/24", "us-east-1a"))
    assert refused(moved) == [
        "Gateway (AWS::EC2::NatGateway) cannot be replaced: the old gateway has its address, Address, until it is "
        "deleted; leave its subnet as it is"
    ]
    own = {"Gateway": resource("AWS::EC2::NatGateway", SubnetId={"Ref": "Public"}, AllocationId="eipalloc-1")}
    assert refused({**moved, **own}, before=with_changes(**own)) == []


def test_gateway_with_a_new_address_can_be_replaced() -> None:
    new = resource("AWS::EC2::EIP", Domain="vpc", PublicIpv4Pool="pool")
    assert refused(with_changes(Public=subnet("10.0.9.0/24", "us-east-1a"), Address=new)) == []


@pytest.mark.parametrize(
    ("subnets", "is_refused"), [(("One", "Other"), True), (("One", "Other", "Other"), False), (("Other",), False)]
)
def test_database_keeps_its_subnets(subnets: tuple[str, ...], is_refused: bool) -> None:
    found = refused(with_changes(One=subnet("10.0.4.0/24", "us-east-1a")), database(*subnets))
    assert found == [
        "Group (AWS::RDS::DBSubnetGroup) cannot be updated: it would lose One, which a database is in; leave these "
        "subnets as they are"
    ] * int(is_refused)


def test_group_without_any_of_its_subnets_is_refused_however_many_it_has() -> None:
    moved = with_changes(One=subnet("10.0.4.0/24", "us-east-1a"), Other=subnet("10.0.5.0/24", "us-east-1b"))
    [title] = refused(moved, database("One", "Other"))
    assert "it would lose One, Other, which" in title


def test_what_a_group_does_in_another_network_is_left_to_the_review() -> None:
    moved = with_changes(Vpc=resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"))
    assert [title.partition(" ")[0] for title in refused(moved, database("One", "Other"))] == ["Gateway"]

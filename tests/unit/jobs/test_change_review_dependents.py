"""Who is affected by a replaced resource: in its stack, in others, by what follows from it, and when AWS rejects it."""

from collections.abc import Generator
from copy import deepcopy
from typing import Any

import pytest

from jobs.change_review.dependents import (
    IN_NETWORK,
    MAY_BE_REPLACED,
    REPLACED,
    UNKNOWN,
    UPDATED,
    Dependent,
    StackChange,
    dependents,
    spread_losses,
    stale,
)
from jobs.change_review.differences import REPLACED as OF_ITSELF
from jobs.change_review.differences import Comparer
from jobs.change_review.refused_replacements import refused_replacements

COMPARER = Comparer()
Template = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def comparing() -> Generator[None, None, None]:
    with COMPARER:
        yield


def resource(kind: str, **properties: Any) -> Template:
    return {"Type": kind, "Properties": properties}


def output(stack: str, name: str) -> Template:
    return {"Fn::GetStackOutput": {"StackName": stack, "OutputName": name}}


def change(name: str, template: Template, *replaced: str) -> StackChange:
    [found] = COMPARER.compare([({"Resources": {}}, template)])
    return StackChange(name=name, template=template, replaced=set(replaced), types=found.types)


VPC = resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16")
NETWORK: Template = {
    "Resources": {
        "Vpc": VPC,
        "Subnet": resource("AWS::EC2::Subnet", VpcId={"Ref": "Vpc"}),
        "Group": resource("AWS::EC2::SecurityGroup", VpcId={"Ref": "Vpc"}, GroupDescription="x"),
    },
    "Outputs": {"SubnetId": {"Value": {"Ref": "Subnet"}}, "GroupId": {"Value": {"Fn::GetAtt": ["Group", "GroupId"]}}},
}
DATABASE: Template = {
    "Resources": {
        "Subnets": resource("AWS::RDS::DBSubnetGroup", SubnetIds=[output("network", "SubnetId")]),
        "Database": resource(
            "AWS::RDS::DBInstance",
            DBSubnetGroupName={"Ref": "Subnets"},
            VPCSecurityGroups=[output("network", "GroupId")],
        ),
    }
}


def of(found: tuple[Dependent, ...]) -> dict[tuple[str, str], str]:
    """The effect by logical id and what it refers to."""
    return {(one.logical_id, one.replaced): one.effect for one in found}


def test_after_the_replacement_of_a_vpc_the_database_in_it_is_affected() -> None:
    found = of(dependents([change("network", NETWORK, "Vpc"), change("database", DATABASE)]))
    assert found == {
        ("Subnet", "Vpc"): REPLACED,
        ("Group", "Vpc"): REPLACED,
        ("Subnets", "Subnet"): UPDATED,
        ("Database", "Group"): UPDATED,
        ("Database", "Subnets"): IN_NETWORK,
    }


def test_property_that_only_creation_sets_spreads_the_replacement_over_stacks_and_is_a_loss() -> None:
    names = {
        "Resources": {"Settings": resource("AWS::RDS::DBSubnetGroup", SubnetIds=[])},
        "Outputs": {"Name": {"Value": {"Ref": "Settings"}}},
    }
    database = {
        "Resources": {"Database": resource("AWS::RDS::DBInstance", DBSubnetGroupName=output("names", "Name"))},
        "Outputs": {"Id": {"Value": {"Ref": "Database"}}},
    }
    reader = {"Resources": {"Alarm": resource("AWS::CloudWatch::Alarm", Dimensions=[{"Value": output("db", "Id")}])}}
    stacks = [change("names", names, "Settings"), change("db", database), change("reader", reader)]
    found = dependents(stacks)
    assert of(found) == {("Database", "Settings"): REPLACED, ("Alarm", "Database"): UPDATED}
    [finding] = spread_losses(found, stacks)
    assert (finding.stack, finding.subject) == ("db", "Database")
    assert finding.title == (
        "Database (AWS::RDS::DBInstance) would be replaced too, because DBSubnetGroupName refers to Settings of names, "
        "which is replaced; this loses its data"
    )


def test_what_its_own_stack_replaces_is_reported_once() -> None:
    own = {
        "Resources": {
            "Settings": resource("AWS::RDS::DBSubnetGroup", SubnetIds=[]),
            "Database": resource("AWS::RDS::DBInstance", DBSubnetGroupName={"Ref": "Settings"}),
        }
    }
    stacks = [change("db", own, "Settings", "Database")]
    assert list(spread_losses(dependents(stacks), stacks)) == []


@pytest.mark.parametrize(
    ("kind", "name", "effect"),
    [
        ("AWS::RDS::DBInstance", "KmsKeyId", REPLACED),
        ("AWS::RDS::DBInstance", "Engine", MAY_BE_REPLACED),
        # Resource schemas call it conditional; AWS documents an interruption.
        ("AWS::RDS::DBInstance", "DBParameterGroupName", UPDATED),
        ("AWS::ECS::Service", "TaskDefinition", UPDATED),
        ("AWS::ECS::Service", "NotInTheSchema", UNKNOWN),
        ("AWS::FromTomorrow::Store", "Key", UNKNOWN),
    ],
)
def test_effect_follows_from_the_schema_of_the_property(kind: str, name: str, effect: str) -> None:
    template = {"Resources": {"Key": resource("AWS::KMS::Key"), "One": resource(kind, **{name: {"Ref": "Key"}})}}
    assert of(dependents([change("stack", template, "Key")])) == {("One", "Key"): effect}


def test_resources_that_refer_to_each_other_come_to_an_end() -> None:
    template = {
        "Resources": {
            "A": resource("AWS::EC2::Subnet", VpcId={"Ref": "B"}),
            "B": resource("AWS::EC2::Subnet", VpcId={"Ref": "A"}),
        }
    }
    assert len(dependents([change("stack", template, "A")])) == 2


def test_nothing_is_affected_where_nothing_is_replaced() -> None:
    assert dependents([change("network", NETWORK), change("database", DATABASE)]) == ()


def test_stack_that_would_keep_the_value_of_a_replaced_resource_stops_the_release() -> None:
    network = {"Resources": {"Group": resource("AWS::IAM::Role")}, "Outputs": {"Id": {"Value": {"Ref": "Group"}}}}
    service = {"Resources": {"Reader": resource("AWS::SSM::Parameter", Value=output("network", "Id"))}}
    found = dependents([change("network", network, "Group"), change("service", service)])
    assert list(stale(found, unchanged={"network"})) == []
    [finding] = stale(found, unchanged={"service"})
    assert finding.stack == "service"
    assert "reads Group of network, which is replaced" in finding.title


def subnet(block: Any, zone: str, vpc: Any = None) -> Template:
    return resource("AWS::EC2::Subnet", CidrBlock=block, AvailabilityZone=zone, VpcId=vpc or {"Ref": "Vpc"})


FIXED_NETWORK: Template = {
    "Vpc": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    "Public": subnet("10.0.1.0/24", "us-east-1a"),
    "One": subnet("10.0.2.0/24", "us-east-1a"),
    "Other": subnet("10.0.3.0/24", "us-east-1b"),
    "Address": resource("AWS::EC2::EIP"),
    "Gateway": resource(
        "AWS::EC2::NatGateway", SubnetId={"Ref": "Public"}, AllocationId={"Fn::GetAtt": ["Address", "AllocationId"]}
    ),
}
ITS_OUTPUTS = {name: {"Value": {"Ref": name}} for name in ("One", "Other")}


def database_in(*subnets: str) -> Template:
    ids: list[Any] = [{"Fn::GetStackOutput": {"StackName": "network", "OutputName": name}} for name in subnets]
    return {"Group": resource("AWS::RDS::DBSubnetGroup", SubnetIds=ids, DBSubnetGroupDescription="x")}


def refused(after: Template, group: Template | None = None, before: Template = FIXED_NETWORK) -> list[str]:
    """Return the titles of what is refused when the network changes; `group` is in a stack of its own."""
    old: dict[str, Template] = {"network": {"Resources": before, "Outputs": ITS_OUTPUTS}}
    new: dict[str, Template] = {"network": {"Resources": after, "Outputs": ITS_OUTPUTS}}
    if group:
        old["database"] = new["database"] = {"Resources": group}
    differences = dict(zip(new, COMPARER.compare([(old[name], new[name]) for name in new]), strict=True))
    changes = [
        StackChange(
            name=name,
            template=template,
            replaced={one.logical_id for one in differences[name].resources if one.kind == OF_ITSELF},
            types=differences[name].types,
        )
        for name, template in new.items()
    ]
    found = list(refused_replacements(changes, differences, dependents(changes)))
    assert all(finding.impossible and finding.change for finding in found)
    return [finding.title for finding in found]


def with_changes(**changes: Template) -> Template:
    return {**deepcopy(FIXED_NETWORK), **changes}


def test_unchanged_network_is_accepted() -> None:
    assert refused(FIXED_NETWORK, database_in("One", "Other")) == []


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
    renamed = with_changes(New=FIXED_NETWORK["One"])
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
    found = refused(with_changes(One=subnet("10.0.4.0/24", "us-east-1a")), database_in(*subnets))
    assert found == [
        "Group (AWS::RDS::DBSubnetGroup) cannot be updated: it would lose One, which a database is in; leave these "
        "subnets as they are"
    ] * int(is_refused)


def test_group_without_any_of_its_subnets_is_refused_however_many_it_has() -> None:
    moved = with_changes(One=subnet("10.0.4.0/24", "us-east-1a"), Other=subnet("10.0.5.0/24", "us-east-1b"))
    [title] = refused(moved, database_in("One", "Other"))
    assert "it would lose One, Other, which" in title


def test_what_a_group_does_in_another_network_is_left_to_the_review() -> None:
    moved = with_changes(Vpc=resource("AWS::EC2::VPC", CidrBlock="10.1.0.0/16"))
    assert [title.partition(" ")[0] for title in refused(moved, database_in("One", "Other"))] == ["Gateway"]

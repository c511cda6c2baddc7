"""Who is affected by a replaced resource: in its stack, in others, and by what follows from it."""

from collections.abc import Generator
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
from jobs.change_review.differences import Comparer

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

"""EC2's types: EC2's API returns what the template declares."""

from typing import Any

import pytest

from tests.rehearsal.emulator.conftest import Account, attribute, ref, resource, tags


def rule(direction: str, port: int, cidr: str = "10.0.0.0/16") -> dict[str, Any]:
    return resource(
        f"AWS::EC2::SecurityGroup{direction}",
        GroupId=attribute("Group", "GroupId"),
        IpProtocol="tcp",
        FromPort=port,
        ToPort=port,
        CidrIp=cidr,
        Description="why",
    )


NETWORK = {
    "Network": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
    "Group": resource("AWS::EC2::SecurityGroup", GroupDescription="a group", VpcId=ref("Network")),
}


def rules(account: Account, group: str, direction: str) -> list[tuple[int | None, str]]:
    """The ports and ranges that a security group opens."""
    [found] = account.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [(entry.get("FromPort"), entry["IpRanges"][0]["CidrIp"]) for entry in found[direction]]


@pytest.mark.parametrize(
    ("direction", "listed", "at_first"),
    [("Ingress", "IpPermissions", []), ("Egress", "IpPermissionsEgress", [(None, "0.0.0.0/0")])],
)
def test_security_group_rules_follow_their_resources(
    account: Account, direction: str, listed: str, at_first: list[tuple[int | None, str]]
) -> None:
    group = account.deploy(**NETWORK)["Group"]
    assert rules(account, group, listed) == at_first
    one, two = rule(direction, 80), rule(direction, 443, "10.0.1.0/24")
    account.deploy(**NETWORK, One=one, Two=two)
    assert sorted(rules(account, group, listed)) == [(80, "10.0.0.0/16"), (443, "10.0.1.0/24")]
    account.deploy(**NETWORK, One=rule(direction, 8080), Two=two)
    assert sorted(rules(account, group, listed)) == [(443, "10.0.1.0/24"), (8080, "10.0.0.0/16")]
    account.deploy(**NETWORK, Two=two)
    assert rules(account, group, listed) == [(443, "10.0.1.0/24")]


def test_rule_of_a_missing_group_fails(account: Account) -> None:
    lost = resource(
        "AWS::EC2::SecurityGroupIngress", GroupId="sg-0", IpProtocol="tcp", FromPort=1, ToPort=1, CidrIp="10.0.0.0/8"
    )
    with pytest.raises(AssertionError, match="The security group 'sg-0' does not exist"):
        account.deploy(Lost=lost)


def gateway(name: str) -> dict[str, dict[str, Any]]:
    """A NAT gateway as the CDK writes it, tagged with a name."""
    return {
        "Network": NETWORK["Network"],
        "Subnet": resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.0.0/24"),
        "Address": resource("AWS::EC2::EIP", Domain="vpc", Tags=tags(Name=name)),
        "Gateway": resource(
            "AWS::EC2::NatGateway",
            SubnetId=ref("Subnet"),
            AllocationId=attribute("Address", "AllocationId"),
            Tags=tags(Name=name),
        ),
    }


def test_elastic_ip_belongs_to_its_gateway(account: Account) -> None:
    account.deploy(**gateway("one"))
    ec2 = account.client("ec2")
    [address] = ec2.describe_addresses()["Addresses"]
    assert account.attribute("Address", "AllocationId") == address["AllocationId"]
    assert account.attribute("Gateway", "NatGatewayId").startswith("nat-")


def test_tag_change_keeps_elastic_ip_and_gateway(account: Account) -> None:
    before = account.deploy(**gateway("one"))
    ec2 = account.client("ec2")
    allocation = ec2.describe_addresses()["Addresses"][0]["AllocationId"]
    after = account.deploy(**gateway("two"))
    assert after == before
    [address] = ec2.describe_addresses()["Addresses"]
    assert (address["AllocationId"], address["PublicIp"]) == (allocation, before["Address"])
    assert address["Tags"] == tags(Name="two")
    assert account.attribute("Address", "AllocationId") == allocation


def test_subnet_change_replaces_the_gateway(account: Account) -> None:
    template = gateway("one")
    before = account.deploy(**template)
    template["Elsewhere"] = resource("AWS::EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.0.1.0/24")
    template["Gateway"] = resource(
        "AWS::EC2::NatGateway", SubnetId=ref("Elsewhere"), AllocationId=attribute("Address", "AllocationId")
    )
    assert account.replacements(**template)["Gateway"] == "True"
    after = account.deploy(**template)
    assert (after["Address"], after["Gateway"] == before["Gateway"]) == (before["Address"], False)


def test_elastic_ips_and_gateways_are_deleted_with_the_stack(account: Account) -> None:
    account.deploy(**gateway("one"))
    account.delete()
    ec2 = account.client("ec2")
    assert ec2.describe_addresses()["Addresses"] == []
    assert {item["State"] for item in ec2.describe_nat_gateways()["NatGateways"]} <= {"deleted"}


def test_flow_logs_are_created_and_deleted(account: Account) -> None:
    log = resource(
        "AWS::EC2::FlowLog", ResourceId=ref("Network"), ResourceType="VPC", TrafficType="REJECT", LogGroupName="flows"
    )
    created = account.deploy(**NETWORK, Log=log)
    ec2 = account.client("ec2")
    [found] = ec2.describe_flow_logs()["FlowLogs"]
    assert (found["FlowLogId"], found["ResourceId"]) == (created["Log"], created["Network"])
    assert found["TrafficType"] == "REJECT"
    assert account.attribute("Log", "Id") == created["Log"]
    account.delete()
    assert ec2.describe_flow_logs()["FlowLogs"] == []

"""The network of every environment: addresses, ways out, and who may talk to whom."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from settings import NetworkSettings
from settings.types.addresses import INTERFACE_ENDPOINTS, LOAD_BALANCER, usable_addresses
from stacks.network_stack import Network
from tests.unit.one_environment import a_context

Templates: TypeAlias = Callable[[str, str], Template]
Rule: TypeAlias = tuple[str, str, str, int, str]

SUBNETS = [
    # kind, address range, zone, default route
    ("Public", "10.0.1.0/24", "us-east-1a", "internet"),
    ("Public", "10.0.2.0/24", "us-east-1b", "internet"),
    ("Private", "10.0.3.0/24", "us-east-1a", "NAT"),
    ("Private", "10.0.4.0/24", "us-east-1b", "NAT"),
    ("Isolated", "10.0.10.0/24", "us-east-1a", "none"),
    ("Isolated", "10.0.11.0/24", "us-east-1b", "none"),
]

RULES: set[Rule] = {
    # group, direction, peer, port, description
    ("LoadBalancer", "in", "0.0.0.0/0", 80, "HTTP from the internet"),
    ("LoadBalancer", "out", "Tasks", 8080, "Load balancer to tasks"),
    ("Tasks", "in", "LoadBalancer", 8080, "Load balancer to tasks"),
    ("Tasks", "out", "Tasks", 8081, "Standby tasks to the active task"),
    ("Tasks", "in", "Tasks", 8081, "Standby tasks to the active task"),
    ("Tasks", "out", "Database", 5432, "Tasks to PostgreSQL"),
    ("Database", "in", "Tasks", 5432, "Tasks to PostgreSQL"),
    ("Tasks", "out", "Cache", 6379, "Tasks to Redis"),
    ("Cache", "in", "Tasks", 6379, "Tasks to Redis"),
    ("Tasks", "out", "0.0.0.0/0", 443, "Tasks to AWS and other services over HTTPS"),
}
HTTPS_RULE: Rule = ("LoadBalancer", "in", "0.0.0.0/0", 443, "HTTPS from the internet")
ENDPOINT_RULE: Rule = ("Endpoint", "in", "Tasks", 443, "Tasks to the interface endpoints")


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_vpc_has_exactly_these_subnets(template: Templates, environment: str) -> None:
    assert subnets_of(template(environment, "network")) == SUBNETS


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_flow_logs_have_saved_queries(template: Templates, environment: str) -> None:
    network = template(environment, "network")
    [log_group] = network.find_resources("AWS::Logs::LogGroup")
    queries = [found["Properties"] for found in network.find_resources("AWS::Logs::QueryDefinition").values()]
    assert all(query["LogGroupNames"] == [{"Ref": log_group}] for query in queries)
    assert {query["Name"].removeprefix(f"yawl-{environment}/network/") for query in queries} == {
        "Rejected connections, by source",
        "Most bytes, by source and destination",
        "Traffic leaving the private subnets, through NAT or to S3",
        "Traffic of one address (replace it twice)",
    }


def test_query_about_nat_knows_the_subnets() -> None:
    settings = NetworkSettings(private_subnets=("10.0.96.0/20", "10.0.112.0/20"))
    queries = network(settings).find_resources("AWS::Logs::QueryDefinition")
    [about_nat] = [
        found["Properties"]["QueryString"] for found in queries.values() if "NAT" in found["Properties"]["Name"]
    ]
    for step in (
        'isIpv4InSubnet(srcAddr, "10.0.96.0/20") or isIpv4InSubnet(srcAddr, "10.0.112.0/20")',
        'not isIpv4InSubnet(dstAddr, "10.0.0.0/16")',
    ):
        assert step in about_nat


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_vpc_cidr(template: Templates, environment: str) -> None:
    template(environment, "network").has_resource_properties("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"})


@pytest.mark.parametrize(("environment", "gateways"), [("dev", 1), ("staging", 2), ("prod", 2)])
def test_there_are_as_many_nat_gateways_as_the_settings_say(
    template: Templates, environment: str, gateways: int
) -> None:
    template(environment, "network").resource_count_is("AWS::EC2::NatGateway", gateways)


@pytest.mark.parametrize(
    ("environment", "rules"), [("dev", RULES), ("staging", RULES), ("prod", RULES | {ENDPOINT_RULE})]
)
def test_security_group_rules_are_exhaustive(template: Templates, environment: str, rules: set[Rule]) -> None:
    assert rules_of(template(environment, "network")) == rules


def test_with_a_domain_the_load_balancer_is_open_for_https_too() -> None:
    assert rules_of(network(https=True)) == RULES | {HTTPS_RULE, ENDPOINT_RULE}


@pytest.mark.parametrize(
    ("environment", "services"),
    [
        ("dev", {"s3"}),
        ("staging", {"s3"}),
        ("prod", {"s3", "ecr.api", "ecr.dkr", "secretsmanager", "logs"}),
    ],
)
def test_interface_endpoints(template: Templates, environment: str, services: set[str]) -> None:
    endpoints = resources(template(environment, "network"), "AWS::EC2::VPCEndpoint").values()
    names = {flat(endpoint["ServiceName"]).removeprefix("com.amazonaws.") for endpoint in endpoints}
    assert {name.split(".", 1)[1] for name in names} == services


def test_settings_count_the_addresses_that_endpoints_and_the_load_balancer_need(template: Templates) -> None:
    endpoints = resources(template("prod", "network"), "AWS::EC2::VPCEndpoint").values()
    assert sum(one["VpcEndpointType"] == "Interface" for one in endpoints) == INTERFACE_ENDPOINTS
    assert usable_addresses("10.0.0.0/27") >= LOAD_BALANCER + 1, "the smallest public subnet, with its NAT gateway"


@pytest.mark.parametrize(("environment", "days"), [("dev", 14), ("staging", 30), ("prod", 90)])
def test_all_traffic_is_logged_with_retention(template: Templates, environment: str, days: int) -> None:
    stack = template(environment, "network")
    stack.has_resource_properties(
        "AWS::EC2::FlowLog",
        {"ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "cloud-watch-logs"},
    )
    stack.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": days})


def test_default_security_group_is_emptied(template: Templates) -> None:
    template("prod", "network").resource_count_is("Custom::VpcRestrictDefaultSG", 1)


def test_no_automatic_public_addresses(template: Templates) -> None:
    for subnet in resources(template("prod", "network"), "AWS::EC2::Subnet").values():
        assert subnet["MapPublicIpOnLaunch"] is False


def test_cidr_is_a_setting() -> None:
    settings = NetworkSettings(
        cidr="10.9.0.0/16",
        public_subnets=("10.9.8.0/24", "10.9.7.0/24"),
        private_subnets=("10.9.6.0/24", "10.9.5.0/24"),
        isolated_subnets=("10.9.128.0/20", "10.9.4.0/24"),
    )
    assert [subnet[1] for subnet in subnets_of(network(settings))] == [
        *settings.public_subnets,
        *settings.private_subnets,
        *settings.isolated_subnets,
    ]


def network(settings: NetworkSettings | None = None, *, https: bool = False) -> Template:
    """Synthesize one network alone."""
    stack = Network(
        App(),
        context=a_context(),
        settings=settings or NetworkSettings(),
        https=https,
    )
    return Template.from_stack(stack)


def resources(stack: Template, resource_type: str) -> dict[str, Any]:
    """Return the properties of the stack's resources of one type, by logical id."""
    return {name: resource["Properties"] for name, resource in stack.find_resources(resource_type).items()}


def flat(value: Any) -> str:
    """Return what CloudFormation would make of a string, with names in place of what they refer to."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(flat(part) for part in parts)
        case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
            return name
    return str(value)


def subnets_of(stack: Template) -> list[tuple[str, str, str, str]]:
    """Return kind, address range, zone and default route of each subnet, in the order of the template."""
    tables = {
        flat(association["SubnetId"]): flat(association["RouteTableId"])
        for association in resources(stack, "AWS::EC2::SubnetRouteTableAssociation").values()
    }
    ways_out = {
        flat(route["RouteTableId"]): "internet" if "GatewayId" in route else "NAT"
        for route in resources(stack, "AWS::EC2::Route").values()
    }
    return [
        (
            next(tag["Value"] for tag in subnet["Tags"] if tag["Key"] == "aws-cdk:subnet-name"),
            subnet["CidrBlock"],
            subnet["AvailabilityZone"],
            ways_out.get(tables[name], "none"),
        )
        for name, subnet in resources(stack, "AWS::EC2::Subnet").items()
    ]


def rules_of(stack: Template) -> set[Rule]:
    """Return every rule of every security group, whether it stands in the group or beside it.

    The library closes egress with a rule that matches nothing, for a group without rules would let everything out.
    """

    def group(reference: Any) -> str:
        return flat(reference).split("SecurityGroup")[0]

    rules: set[Rule] = set()
    for name, security_group in resources(stack, "AWS::EC2::SecurityGroup").items():
        for direction, key in (("in", "SecurityGroupIngress"), ("out", "SecurityGroupEgress")):
            for rule in security_group.get(key, []):
                if rule["CidrIp"] != "255.255.255.255/32":
                    assert rule["FromPort"] == rule["ToPort"]
                    rules.add((group(name), direction, rule["CidrIp"], rule["ToPort"], rule["Description"]))
    for direction, key, peer in (
        ("in", "AWS::EC2::SecurityGroupIngress", "SourceSecurityGroupId"),
        ("out", "AWS::EC2::SecurityGroupEgress", "DestinationSecurityGroupId"),
    ):
        for rule in resources(stack, key).values():
            assert rule["FromPort"] == rule["ToPort"]
            rules.add((group(rule["GroupId"]), direction, group(rule[peer]), rule["ToPort"], rule["Description"]))
    return rules

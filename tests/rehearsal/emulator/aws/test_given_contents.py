"""What accounts contain before a deployment, with the ids and names that others chose."""

from collections.abc import Mapping
from typing import Any

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.given import lookups, placing, values
from rehearsal.given.needs import Kind, Need
from tests.rehearsal.emulator.conftest import Account, resource


def place(account: Account, kind: Kind, name: str, **details: Any) -> None:
    placing.place(account.cloud, [Need(kind, account.place, name, "test", details)], values.Given())


def look_up(account: Account, provider: str, **properties: Any) -> None:
    where = {"account": account.place.account, "region": account.place.region}
    missing: list[Mapping[str, Any]] = [{"key": provider, "provider": provider, "props": {**where, **properties}}]
    placing.place(account.cloud, lookups.needs_of(missing), values.Given())


def test_secret_has_its_arn_and_resolves_in_a_stack(account: Account) -> None:
    arn = f"arn:aws:secretsmanager:{account.place.region}:{account.place.account}:secret:db-AbCdEf"
    need = Need(Kind.SECRET, account.place, "db", "test", {"arn": arn}, frozenset({"user"}))
    for _ in range(2):
        placing.place(account.cloud, [need], values.Given())
    account.deploy(
        Topic=resource("AWS::SNS::Topic", DisplayName=f"{{{{resolve:secretsmanager:{arn}:SecretString:user}}}}")
    )
    [topic] = account.client("sns").list_topics()["Topics"]
    attributes = account.client("sns").get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    assert attributes["DisplayName"] == "rehearsal-placeholder"
    assert account.client("secretsmanager").describe_secret(SecretId="db")["ARN"] == arn


def test_parameters_of_every_kind_exist_also_those_of_aws(account: Account) -> None:
    public = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64"
    place(account, Kind.PARAMETER, "/plain", type="String", value="a")
    place(account, Kind.PARAMETER, "/secure", type="SecureString", value="b")
    place(account, Kind.PARAMETER, public, type="String", value="ami-1")
    found = account.client("ssm").get_parameters(Names=["/plain", "/secure", public], WithDecryption=True)
    assert {one["Name"]: one["Value"] for one in found["Parameters"]} == {
        "/plain": "a",
        "/secure": "b",
        public: "ami-1",
    }


def test_role_can_be_assumed_and_may_do_everything(account: Account) -> None:
    place(account, Kind.ROLE, "Delivery", path="/team/")
    arn = f"arn:aws:iam::{account.place.account}:role/team/Delivery"
    account.deploy(
        Key=resource(
            "AWS::KMS::Key",
            KeyPolicy={
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:*", "Resource": "*"}],
            },
        )
    )
    policies = account.client("iam").list_attached_role_policies(RoleName="Delivery")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in policies] == ["AdministratorAccess"]


def test_existing_things_are_not_changed(account: Account) -> None:
    account.client("ssm").put_parameter(Name="/mine", Value="mine", Type="String")
    place(account, Kind.PARAMETER, "/mine", type="String", value="other")
    assert account.client("ssm").get_parameter(Name="/mine")["Parameter"]["Value"] == "mine"


def test_looked_up_network_has_subnets_of_every_type(account: Account) -> None:
    look_up(account, "vpc-provider", filter={"tag:Name": "main"})
    ec2 = account.client("ec2")
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["main"]}])["Vpcs"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    kinds = [next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "aws-cdk:subnet-type") for one in subnets]
    assert sorted(kinds) == sorted(["Public", "Private", "Isolated"] * 3)
    public = {one["SubnetId"] for one in subnets if one["MapPublicIpOnLaunch"]}
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
    to_internet = {
        association["SubnetId"]
        for table in tables
        for association in table["Associations"]
        if any(route.get("GatewayId", "").startswith("igw-") for route in table["Routes"])
    }
    assert public == to_internet
    assert len(public) == 3


def test_default_network_is_found_by_the_clis_filter(account: Account) -> None:
    [vpc] = account.client("ec2").describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
    assert vpc["IsDefault"]


def test_other_lookups_find_what_they_ask_for(account: Account) -> None:
    look_up(account, "hosted-zone", domainName="example.com")
    look_up(account, "security-group", securityGroupName="web")
    look_up(account, "key-provider", aliasName="alias/mine")
    look_up(account, "ami", owners=["amazon"], filters={"name": ["my-image-*"]})
    zones = account.client("route53").list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
    assert [zone["Name"] for zone in zones] == ["example.com."]
    groups = account.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}])
    assert len(groups["SecurityGroups"]) == 1
    aliases = account.client("kms").list_aliases()["Aliases"]
    assert [one["AliasName"] for one in aliases if one["AliasName"] == "alias/mine"] == ["alias/mine"]
    images = account.client("ec2").describe_images(Filters=[{"Name": "name", "Values": ["my-image-*"]}])["Images"]
    assert [image["Name"] for image in images] == ["my-image-rehearsal"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_certificate_has_its_arn(account: Account, region: str) -> None:
    arn = f"arn:aws:acm:{region}:{account.place.account}:certificate/0123-abcd"
    where = AwsEnvironment(account.place.account, region)
    need = Need(Kind.CERTIFICATE, where, arn, "test", {"arn": arn, "name": "example.com"})
    placing.place(account.cloud, [need], values.Given())
    client = account.cloud.in_account("acm", where)
    assert client.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"

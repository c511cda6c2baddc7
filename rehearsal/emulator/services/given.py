"""What an account contains before anything is deployed to it: secrets, parameters, networks, with ids chosen by others.

AWS chooses these ids and reserves some names, so its APIs cannot create them. `rehearsal/given/` says what to create.
"""

import contextlib
import json
from collections.abc import Callable, Generator, Mapping
from typing import Any

from rehearsal.emulator.internals import (
    acm,
    cloudformation,
    ec2,
    here,
    iam,
    kms,
    responses,
    route53,
    s3,
    secretsmanager,
    ssm,
)

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def register() -> None:
    """Let a lookup of the default VPC find it: the CDK CLI uses the former name of EC2's filter."""
    above = ec2._parse_filters

    def parse(request: Mapping[str, Any]) -> dict[str, Any]:
        return {"is-default" if name == "isDefault" else name: value for name, value in above(request).items()}

    ec2._parse_filters = parse


def place(message: Mapping[str, Any]) -> None:
    """Create the `things` in the message's account and region; what exists stays as it is."""
    with responses.request_scope(message["account"], message["region"]):
        ec2._ensure_defaults_initialized()
        for thing in message["things"]:
            _KINDS[thing["kind"]](thing)


def _secret(thing: Mapping[str, Any]) -> None:
    if secretsmanager._resolve(thing["arn"] or thing["name"])[1]:
        return
    _made(secretsmanager._create_secret({"Name": thing["name"], "SecretString": thing["value"]}))
    if thing["arn"]:
        secretsmanager._secrets[thing["name"]]["ARN"] = thing["arn"]


def _parameter(thing: Mapping[str, Any]) -> None:
    _named_bucket(thing)
    if ssm._parameters.get(thing["name"]):
        return
    # The names of AWS's public parameters are reserved.
    with _replaced(ssm, "_reserved_name_error", _not_reserved):
        _made(ssm._put_parameter({"Name": thing["name"], "Value": thing["value"], "Type": thing["type"]}))


def _bucket(thing: Mapping[str, Any]) -> None:
    if thing["name"] not in s3._buckets:
        _made(s3._create_bucket(thing["name"], b""))


def _named_bucket(thing: Mapping[str, Any]) -> None:
    """Create the bucket that a parameter or an export names."""
    if thing.get("names-bucket"):
        _bucket({"name": thing["value"]})


def _export(thing: Mapping[str, Any]) -> None:
    name = thing["name"]
    _named_bucket(thing)
    cloudformation._exports.setdefault(name, {"StackId": "", "Name": name, "Value": thing["value"]})


def _not_reserved(_name: str) -> None:
    return None


def _hosted_zone(thing: Mapping[str, Any]) -> None:
    zone = thing["id"].rpartition("/")[2]
    name = f"{thing['name'].rstrip('.')}."
    if zone in route53._zones:
        return
    private = thing.get("private", False)
    vpcs = [{"VPCId": thing["vpc"], "VPCRegion": here()[1]}] if thing.get("vpc") else []
    route53._zones[zone] = {
        "id": zone,
        "name": name,
        "caller_reference": zone,
        "comment": "",
        "private": private,
        "vpcs": vpcs,
    }
    route53._records[zone] = route53._default_records(name)


def _vpc(thing: Mapping[str, Any]) -> None:
    """Create a VPC with its subnets; those with a route to an internet gateway are public."""
    vpc = thing["id"]
    if vpc not in ec2._vpcs:
        with _replaced(ec2, "_new_vpc_id", lambda: vpc):
            _made(ec2._create_vpc({"CidrBlock": [thing["cidr"]], **_tags("vpc", thing["tags"])}))
    gateways = [
        one["InternetGatewayId"] for one in ec2._internet_gateways.values() if vpc in str(one.get("Attachments"))
    ]
    if not gateways:
        gateway = _new(ec2._internet_gateways, ec2._create_internet_gateway, {})
        ec2._attach_internet_gateway({"InternetGatewayId": [gateway], "VpcId": [vpc]})
        gateways = [gateway]
    for subnet in thing["subnets"]:
        _subnet(vpc, subnet, gateways[0])


def _subnet(vpc: str, subnet: Mapping[str, Any], gateway: str) -> None:
    if subnet["id"] in ec2._subnets:
        return
    described = {"VpcId": [vpc], "CidrBlock": [subnet["cidr"]], "AvailabilityZone": [subnet["zone"]]}
    with _replaced(ec2, "_new_subnet_id", lambda: subnet["id"]):
        _made(ec2._create_subnet({**described, **_tags("subnet", subnet["tags"])}))
    ec2._subnets[subnet["id"]]["MapPublicIpOnLaunch"] = subnet["public"]
    table = _new(ec2._route_tables, ec2._create_route_table, {"VpcId": [vpc]})
    if wanted := subnet.get("route-table"):
        ec2._route_tables[wanted] = {**ec2._route_tables.pop(table), "RouteTableId": wanted}
        table = wanted
    ec2._associate_route_table({"RouteTableId": [table], "SubnetId": [subnet["id"]]})
    if subnet["public"]:
        ec2._create_route({"RouteTableId": [table], "DestinationCidrBlock": ["0.0.0.0/0"], "GatewayId": [gateway]})


def _security_group(thing: Mapping[str, Any]) -> None:
    if thing["id"] in ec2._security_groups:
        return
    described = {"GroupName": [thing["name"]], "GroupDescription": [thing["name"]]}
    if thing.get("vpc"):
        described["VpcId"] = [thing["vpc"]]
    with _replaced(ec2, "_new_sg_id", lambda: thing["id"]):
        _made(ec2._create_security_group(described))


def _image(thing: Mapping[str, Any]) -> None:
    if thing["id"] in ec2._images:
        return
    # Anybody may use it, whoever the lookup names as its owner.
    ec2._images[thing["id"]] = {
        "ImageId": thing["id"],
        "Name": thing["name"],
        "ImageLocation": thing["name"],
        "Description": "",
        "Architecture": thing.get("architecture", "x86_64"),
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [],
        "VirtualizationType": "hvm",
        "CreationDate": "2026-01-01T00:00:00.000Z",
        "OwnerId": thing["owner"] or here()[0],
        "LaunchPermissions": [{"Group": "all"}],
    }


def _certificate(thing: Mapping[str, Any]) -> None:
    arn = thing["arn"]
    if arn not in acm._certificates:
        with _replaced(acm, "_cert_arn", lambda: arn):
            _made(acm._request_certificate({"DomainName": thing["name"]}))


def _key(thing: Mapping[str, Any]) -> None:
    if kms._alias_arn(thing["alias"]) in kms._aliases:
        return
    key = json.loads(_made(kms._create_key({})))["KeyMetadata"]["KeyId"]
    _made(kms._create_alias({"AliasName": thing["alias"], "TargetKeyId": key}))


def _role(thing: Mapping[str, Any]) -> None:
    """Create a role that everybody may assume and that may do everything: its policies are not known here."""
    if thing["name"] in iam._roles:
        return
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*", "Service": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    _made(iam._create_role({"RoleName": thing["name"], "Path": thing["path"], "AssumeRolePolicyDocument": trust}))
    iam._roles[thing["name"]]["AttachedPolicies"] = [ADMINISTRATOR]


_KINDS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "secret": _secret,
    "parameter": _parameter,
    "export": _export,
    "bucket": _bucket,
    "hosted-zone": _hosted_zone,
    "vpc": _vpc,
    "security-group": _security_group,
    "ami": _image,
    "certificate": _certificate,
    "key": _key,
    "role": _role,
}


def _made(answer: tuple[int, Any, bytes]) -> bytes:
    status, _, body = answer
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return body


def _new(store: Any, create: Callable[[dict[str, Any]], Any], request: dict[str, Any]) -> str:
    """Return the id of what a request creates in a store."""
    before = set(store)
    _made(create(request))
    [created] = set(store) - before
    return created


def _tags(kind: str, tags: Mapping[str, str]) -> dict[str, list[str]]:
    """Return tags as a request to EC2 spells them."""
    found = {"TagSpecification.1.ResourceType": [kind]}
    for number, (key, value) in enumerate(tags.items(), 1):
        found[f"TagSpecification.1.Tag.{number}.Key"] = [key]
        found[f"TagSpecification.1.Tag.{number}.Value"] = [value]
    return found


@contextlib.contextmanager
def _replaced(module: Any, name: str, value: Callable[..., Any]) -> Generator[None, None, None]:
    above = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, above)

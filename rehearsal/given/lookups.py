"""The app's lookups (context values): those that it still asks for, and those that its cdk.context.json records."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cloud_assembly import AwsEnvironment
from rehearsal.gaps import Gap, GapKind
from rehearsal.given import templates
from rehearsal.given.needs import Kind, Need, made_id, merged, network

CONTEXT_FILE: Final = "cdk.context.json"
WITHOUT_PREPARATION: Final = ("availability-zones",)
"""Lookups that the emulator answers by itself."""

_ENVIRONMENT: Final = re.compile(r"account=(\d{12}):(?:[^\"]*:)?region=([a-z0-9-]+)")


def asked(directory: Path) -> list[Mapping[str, Any]]:
    """Return the lookups that the assembly in `directory` still asks for: the `missing` entries of its manifests."""
    found: dict[str, Mapping[str, Any]] = {}
    for file in sorted(directory.glob("**/manifest.json")):
        for entry in json.loads(file.read_text()).get("missing", []):
            found[entry["key"]] = entry
    return list(found.values())


def synthesize(synth: Callable[[bool], int], directory: Path, place: Callable[[list[Mapping[str, Any]]], None]) -> int:
    """Synthesize into `directory` until no lookup is missing; return the last exit status of the CDK CLI.

    `synth` runs the CLI and returns its exit status: the app without lookups, or only the lookups that the assembly
    lacks. It must run in the same checkout each time: there the CLI records what it has found. `place` creates what the
    lookups of one round need. An app runs once, and once more after each round of lookups.
    """
    before: set[str] = set()
    while True:
        shutil.rmtree(directory, ignore_errors=True)
        status = synth(False)
        missing = asked(directory)
        keys = {entry["key"] for entry in missing}
        if keys <= before:
            # There is none, or the emulator does not answer it.
            return status
        place(missing)
        before |= keys
        synth(True)


def needs_of(missing: list[Mapping[str, Any]]) -> list[Need]:
    """Return what the accounts must contain so that the lookups find something."""
    return merged(need for entry in missing for need in _needs(entry))


def gaps_of(missing: list[Mapping[str, Any]]) -> list[Gap]:
    """Return the lookups that the emulator cannot answer."""
    known = (*_LOOKUPS, *WITHOUT_PREPARATION)
    return [
        Gap(
            GapKind.GIVEN,
            "cdk synth",
            f"no lookup of kind {entry['provider']} in the emulator; record it: run cdk synth with your account's "
            f"credentials and commit {CONTEXT_FILE}",
        )
        for entry in missing
        if entry["provider"] not in known
    ]


def recorded(file: Path) -> list[Need]:
    """Return what a project's cdk.context.json records of its accounts, which nobody has to give; none without it."""
    try:
        values = json.loads(file.read_text())
    except (OSError, ValueError):
        return []
    return merged(need for key, value in values.items() for need in _recorded(key, value))


def environment_of(text: str) -> AwsEnvironment | None:
    """Return the account and region of a cdk.context.json: of most of its entries; None if it names several accounts.

    An app that takes them from CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION finds its records only there.
    """
    found = Counter(_ENVIRONMENT.findall(text))
    if len({account for account, _ in found}) != 1:
        return None
    [(environment, _)] = found.most_common(1)
    return AwsEnvironment(*environment)


def _needs(entry: Mapping[str, Any]) -> Iterator[Need]:
    properties = entry["props"]
    environment = AwsEnvironment(properties.get("account", ""), properties.get("region", ""))
    if find := _LOOKUPS.get(entry["provider"]):
        yield from find(environment, properties, f"the lookup {entry['provider']}")


def _vpc(environment: AwsEnvironment, properties: Mapping[str, Any], where: str) -> Iterator[Need]:
    filters = properties.get("filter", {})
    if filters.get("isDefault") == "true":
        # Every account has one in each region.
        return
    tags = {key.removeprefix("tag:"): value for key, value in filters.items() if key.startswith("tag:")}
    name = filters.get("vpc-id") or tags.get("Name") or json.dumps(filters, sort_keys=True)
    known = {"id": filters.get("vpc-id"), "tags": tags}
    details = network(environment, name, known)
    if tag := properties.get("subnetGroupNameTag"):
        for subnet in details["subnets"]:
            subnet["tags"][tag] = subnet["tags"]["aws-cdk:subnet-name"]
    yield Need(Kind.VPC, environment, name, where, details)


def _hosted_zone(environment: AwsEnvironment, properties: Mapping[str, Any], where: str) -> Iterator[Need]:
    name = properties["domainName"].strip(".")
    zone = made_id("z", environment.account, name, properties.get("privateZone")).replace("-", "").upper()
    details = {
        "id": zone,
        "name": name,
        "private": str(properties.get("privateZone", False)).lower() == "true",
        "vpc": properties.get("vpcId", ""),
    }
    yield Need(Kind.HOSTED_ZONE, environment, name, where, details)


def _parameter(environment: AwsEnvironment, properties: Mapping[str, Any], where: str) -> Iterator[Need]:
    yield from templates.parameter(properties["parameterName"], environment, where, "String")


def _ami(environment: AwsEnvironment, properties: Mapping[str, Any], where: str) -> Iterator[Need]:
    filters = properties.get("filters", {})
    pattern = next(iter(filters.get("name", ())), "image")
    owner = next(iter(properties.get("owners") or ()), "")
    details = {
        "id": made_id("ami", environment.region, pattern),
        "name": re.sub(r"[*?]+", "rehearsal", pattern),
        "owner": owner,
        "architecture": next(iter(filters.get("architecture", ())), "x86_64"),
    }
    yield Need(Kind.AMI, environment, pattern, where, details)


def _security_group(environment: AwsEnvironment, properties: Mapping[str, Any], where: str) -> Iterator[Need]:
    name = properties.get("securityGroupId") or properties.get("securityGroupName", "")
    details = {
        "id": properties.get("securityGroupId") or made_id("sg", environment, name, properties.get("vpcId", "")),
        "name": properties.get("securityGroupName") or name,
        "vpc": properties.get("vpcId", ""),
    }
    yield Need(Kind.SECURITY_GROUP, environment, name, where, details)


def _key(environment: AwsEnvironment, properties: Mapping[str, Any], where: str) -> Iterator[Need]:
    yield Need(Kind.KEY, environment, properties["aliasName"], where, {"alias": properties["aliasName"]})


_LOOKUPS: Final[Mapping[str, Callable[[AwsEnvironment, Mapping[str, Any], str], Iterator[Need]]]] = {
    "vpc-provider": _vpc,
    "hosted-zone": _hosted_zone,
    "ssm": _parameter,
    "ami": _ami,
    "security-group": _security_group,
    "key-provider": _key,
}


def _recorded(key: str, value: Any) -> Iterator[Need]:
    provider, _, rest = key.partition(":")
    parts = dict(part.split("=", 1) for part in rest.split(":") if "=" in part)
    if not isinstance(value, dict) or not {"account", "region"} <= parts.keys():
        return
    environment = AwsEnvironment(parts["account"], parts["region"])
    if provider == "vpc-provider" and "vpcId" in value:
        known = {"id": value["vpcId"], "cidr": value.get("vpcCidrBlock"), "subnets": list(_subnets(value))}
        details = network(environment, value["vpcId"], known)
        yield Need(Kind.VPC, environment, value["vpcId"], CONTEXT_FILE, details, is_known=True)
    elif provider == "hosted-zone" and "Id" in value:
        zone = value["Id"].rpartition("/")[2]
        details = {"id": zone, "name": value["Name"], "private": parts.get("privateZone") == "true"}
        yield Need(Kind.HOSTED_ZONE, environment, zone, CONTEXT_FILE, details, is_known=True)
    elif provider == "security-group" and "securityGroupId" in value:
        details = {"id": value["securityGroupId"], "name": value["securityGroupId"], "vpc": parts.get("vpcId", "")}
        yield Need(Kind.SECURITY_GROUP, environment, value["securityGroupId"], CONTEXT_FILE, details, is_known=True)


def _subnets(vpc: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for group in vpc.get("subnetGroups", []):
        for subnet in group["subnets"]:
            yield {
                "id": subnet["subnetId"],
                "cidr": subnet.get("cidr"),
                "zone": subnet.get("availabilityZone"),
                "route-table": subnet.get("routeTableId", ""),
                "type": group["type"],
                "name": group["name"],
            }

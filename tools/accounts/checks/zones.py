"""Checks that the account has the availability zones and that AWS offers the instance classes there."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloud_assembly import Stack
from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix

SUBNET = "AWS::EC2::Subnet"


def check_zones(context: CheckContext) -> Iterator[Finding]:
    """Check the availability zones of each environment, and the classes of its database and cache.

    Each account has its own list of zones. RDS lists the zones of a class, ElastiCache only the regions of a node type.
    """
    environments: dict[str | None, list[Stack]] = {}
    for stack in context.stacks:
        environments.setdefault(stack.stage, []).append(stack)
    for stacks in environments.values():
        zones = sorted({subnet["AvailabilityZone"] for stack in stacks for _, subnet in stack.of_type(SUBNET)})
        if zones:
            yield _zones(context, zones)
        for stack in stacks:
            for _, properties in stack.of_type("AWS::RDS::DBInstance"):
                yield from _database(context, zones, properties)
            for _, properties in stack.of_type("AWS::ElastiCache::ReplicationGroup"):
                yield _cache(context, properties["CacheNodeType"])


def _zones(context: CheckContext, zones: list[str]) -> Finding:
    answer = context.regional_client("ec2").describe_availability_zones()["AvailabilityZones"]
    there = sorted(zone["ZoneName"] for zone in answer if zone["State"] == "available")
    if missing := [zone for zone in zones if zone not in there]:
        return to_fix(
            f"has no availability zone {', '.join(missing)}",
            f"choose two of {', '.join(there)} in the environment's availability_zones",
        )
    return good(f"has the availability zones {', '.join(zones)}")


def _database(context: CheckContext, zones: list[str], properties: Mapping[str, Any]) -> Iterator[Finding]:
    engine, version, size = (str(properties[name]) for name in ("Engine", "EngineVersion", "DBInstanceClass"))
    pages = context.regional_client("rds").get_paginator("describe_orderable_db_instance_options")
    options = [
        option
        for page in pages.paginate(Engine=engine, EngineVersion=version, DBInstanceClass=size)
        for option in page["OrderableDBInstanceOptions"]
    ]
    if not options:
        # `check_engines` reports a class that no zone offers.
        return
    offered = {zone["Name"] for option in options for zone in option["AvailabilityZones"]}
    without = [zone for zone in zones if zone not in offered]
    # A single instance needs one zone, a Multi-AZ database all of them.
    if len(without) > (0 if properties.get("MultiAZ") else len(zones) - 1):
        yield to_fix(
            f"{size} for {engine} {version} is not offered in {', '.join(without)}",
            f"choose another class in database.instance_class, or zones of {', '.join(sorted(offered))} in the "
            "environment's availability_zones",
        )
    else:
        yield good(f"{size} is offered in {', '.join(zone for zone in zones if zone in offered)}")


def _cache(context: CheckContext, size: str) -> Finding:
    answer = context.regional_client("elasticache").describe_reserved_cache_nodes_offerings(
        CacheNodeType=size, MaxRecords=20
    )
    region = context.aws_environment.region
    if answer["ReservedCacheNodesOfferings"]:
        return good(f"{size} is offered in {region}; ElastiCache does not list zones")
    return to_fix(f"{size} is not offered in {region}", "choose another type in cache.node_type")

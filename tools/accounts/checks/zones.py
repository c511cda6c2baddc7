"""Whether the account has the zones, and whether AWS offers the machines there."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloud_assembly import Stack
from tools.accounts.checks.context import Site
from tools.accounts.findings import Finding, good, to_fix

SUBNET = "AWS::EC2::Subnet"


def check_zones(site: Site) -> Iterator[Finding]:
    """Look for the availability zones of each environment, and for database and cache in them.

    Accounts differ in the zones that they have. RDS tells in which zones it offers a class. ElastiCache tells only
    whether a region has a type of node.
    """
    environments: dict[str | None, list[Stack]] = {}
    for stack in site.stacks:
        environments.setdefault(stack.stage, []).append(stack)
    for stacks in environments.values():
        zones = sorted({subnet["AvailabilityZone"] for stack in stacks for _, subnet in stack.of_type(SUBNET)})
        if zones:
            yield _zones(site, zones)
        for stack in stacks:
            for _, properties in stack.of_type("AWS::RDS::DBInstance"):
                yield from _database(site, zones, properties)
            for _, properties in stack.of_type("AWS::ElastiCache::ReplicationGroup"):
                yield _cache(site, properties["CacheNodeType"])


def _zones(site: Site, zones: list[str]) -> Finding:
    answer = site.here("ec2").describe_availability_zones()["AvailabilityZones"]
    there = sorted(zone["ZoneName"] for zone in answer if zone["State"] == "available")
    if missing := [zone for zone in zones if zone not in there]:
        return to_fix(
            f"has no availability zone {', '.join(missing)}",
            f"choose two of {', '.join(there)} in the environment's availability_zones",
        )
    return good(f"has the availability zones {', '.join(zones)}")


def _database(site: Site, zones: list[str], properties: Mapping[str, Any]) -> Iterator[Finding]:
    engine, version, size = (str(properties[name]) for name in ("Engine", "EngineVersion", "DBInstanceClass"))
    pages = site.here("rds").get_paginator("describe_orderable_db_instance_options")
    options = [
        option
        for page in pages.paginate(Engine=engine, EngineVersion=version, DBInstanceClass=size)
        for option in page["OrderableDBInstanceOptions"]
    ]
    if not options:
        # That it is offered nowhere is told with the engine's version.
        return
    offered = {zone["Name"] for option in options for zone in option["AvailabilityZones"]}
    without = [zone for zone in zones if zone not in offered]
    # One machine needs one zone, and a standby needs another.
    if len(without) > (0 if properties.get("MultiAZ") else len(zones) - 1):
        yield to_fix(
            f"{size} for {engine} {version} is not offered in {', '.join(without)}",
            f"choose another class in database.instance_class, or zones of {', '.join(sorted(offered))} in the "
            "environment's availability_zones",
        )
    else:
        yield good(f"{size} is offered in {', '.join(zone for zone in zones if zone in offered)}")


def _cache(site: Site, size: str) -> Finding:
    answer = site.here("elasticache").describe_reserved_cache_nodes_offerings(CacheNodeType=size, MaxRecords=20)
    if answer["ReservedCacheNodesOfferings"]:
        return good(f"{size} is offered in {site.place.region}; ElastiCache does not tell by zone")
    return to_fix(f"{size} is not offered in {site.place.region}", "choose another type in cache.node_type")

"""Whether AWS still offers the engines, and the sizes to run them."""

from collections.abc import Iterator

from tools.accounts.checks.context import Site
from tools.accounts.findings import Finding, good, to_fix


def check_engines(site: Site) -> Iterator[Finding]:
    """Ask for the versions of database and cache that are to be created."""
    for stack in site.stacks:
        for _, properties in stack.of_type("AWS::RDS::DBInstance"):
            yield _database(site, properties["Engine"], properties["EngineVersion"], properties["DBInstanceClass"])
        for _, properties in stack.of_type("AWS::ElastiCache::ReplicationGroup"):
            yield _cache(site, properties["Engine"], properties["EngineVersion"])


def _database(site: Site, engine: str, version: str, size: str) -> Finding:
    rds = site.here("rds")
    major = version.split(".", maxsplit=1)[0]
    pages = rds.get_paginator("describe_db_engine_versions").paginate(Engine=engine)
    offered = [one["EngineVersion"] for page in pages for one in page["DBEngineVersions"]]
    if version not in offered:
        same = [one for one in offered if one.split(".")[0] == major]
        nearest = max(same, key=_numbers, default=None)
        use = f"{nearest}, the newest {major} there" if nearest else f"one of {', '.join(offered)}"
        return to_fix(f"AWS no longer offers {engine} {version}", f"change it in stacks/database_stack.py: {use}")
    options = rds.describe_orderable_db_instance_options(
        Engine=engine, EngineVersion=version, DBInstanceClass=size, MaxRecords=20
    )["OrderableDBInstanceOptions"]
    if not options:
        return to_fix(
            f"{engine} {version} is not offered on {size}", "choose another class for it in database.instance_class"
        )
    return good(f"{engine} {version} on {size} is offered")


def _cache(site: Site, engine: str, version: str) -> Finding:
    answer = site.here("elasticache").describe_cache_engine_versions(Engine=engine)
    offered = [one["EngineVersion"] for one in answer["CacheEngineVersions"]]
    # A template names major and minor, the service the patch as well.
    if any(one == version or one.startswith(f"{version}.") for one in offered):
        return good(f"{engine} {version} is offered")
    return to_fix(
        f"AWS no longer offers {engine} {version}",
        f"change it in stacks/cache_stack.py: one of {', '.join(offered)}",
    )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]

"""Checks that AWS still offers the engine versions and instance classes."""

from collections.abc import Iterator

from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix


def check_engines(context: CheckContext) -> Iterator[Finding]:
    """Check the versions of databases and caches."""
    for stack in context.stacks:
        for _, properties in stack.of_type("AWS::RDS::DBInstance"):
            yield _database(context, properties["Engine"], properties["EngineVersion"], properties["DBInstanceClass"])
        for _, properties in stack.of_type("AWS::ElastiCache::ReplicationGroup"):
            yield _cache(context, properties["Engine"], properties["EngineVersion"])


def _database(context: CheckContext, engine: str, version: str, size: str) -> Finding:
    rds = context.regional_client("rds")
    major = version.split(".", maxsplit=1)[0]
    pages = rds.get_paginator("describe_db_engine_versions").paginate(Engine=engine)
    offered = [one["EngineVersion"] for page in pages for one in page["DBEngineVersions"]]
    if version not in offered:
        same = [one for one in offered if one.split(".")[0] == major]
        nearest = max(same, key=_numbers, default=None)
        use = f"{nearest}, the newest {major} there" if nearest else f"one of {', '.join(offered)}"
        return to_fix(f"AWS no longer offers {engine} {version}", f"change it in stacks/database_stack.py to {use}")
    options = rds.describe_orderable_db_instance_options(
        Engine=engine, EngineVersion=version, DBInstanceClass=size, MaxRecords=20
    )["OrderableDBInstanceOptions"]
    if not options:
        return to_fix(f"{engine} {version} is not offered on {size}", "choose another class in database.instance_class")
    return good(f"{engine} {version} on {size} is offered")


def _cache(context: CheckContext, engine: str, version: str) -> Finding:
    answer = context.regional_client("elasticache").describe_cache_engine_versions(Engine=engine)
    offered = [one["EngineVersion"] for one in answer["CacheEngineVersions"]]
    # Templates have major and minor version only; the service adds the patch.
    if any(one == version or one.startswith(f"{version}.") for one in offered):
        return good(f"{engine} {version} is offered")
    return to_fix(
        f"AWS no longer offers {engine} {version}",
        f"change it in stacks/cache_stack.py to one of {', '.join(offered)}",
    )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]

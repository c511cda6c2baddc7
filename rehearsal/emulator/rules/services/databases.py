"""RDS and ElastiCache: versions, sizes and groups, and updates that an instance does not support.

Sources: RDS User Guide ("Increasing DB instance storage capacity", "Upgrading a DB instance engine version"), RDS API
Reference (CreateDBInstance, ModifyDBInstance, CreateDBSubnetGroup); ElastiCache API Reference (CreateReplicationGroup,
ModifyReplicationGroup) and "Upgrading engine versions", ElastiCache User Guide.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from rehearsal.emulator.internals import ec2, elasticache, here, rds
from rehearsal.emulator.rules.refusal import NOT_FOUND, Refusal, service_refusal
from rehearsal.emulator.rules.request import Request, on_both, on_create, on_update
from rehearsal.emulator.rules.schemas import extension

INSTANCE = "AWS::RDS::DBInstance"
REPLICATION_GROUP = "AWS::ElastiCache::ReplicationGroup"
LEAST_GIB = 20
"""Of gp2 and gp3 for PostgreSQL and MySQL (CreateDBInstance, AllocatedStorage)."""
STORAGE_PAUSE_SECONDS = 6 * 3600
LEAST_GROWTH_PERCENT = 10
RESERVED_USERS = frozenset({"admin", "rdsadmin", "rds_superuser", "rdsrepladmin", "postgres_admin"})
"""Of PostgreSQL, as far as the User Guide names them."""

_storage_changed: dict[tuple[str, str, str], float] = {}
"""When an instance's storage was last changed, by account, region and identifier."""


def _refused(message: str, error: str = "InvalidParameterCombination", **more: Any) -> Refusal:
    return service_refusal(f"{message} (Error Code: {error})", "Rds", **more)


@on_create(INSTANCE)
def require_version(request: Request) -> None:
    """Refuse an engine, or a version of it, that can no longer be created."""
    engine, version = str(request.get("Engine") or ""), str(request.get("EngineVersion") or "")
    if engine and engine not in _engines():
        raise _refused(f"Invalid DB engine: {engine}", "InvalidParameterValue")
    if version and version not in _versions(engine):
        raise _refused(f"Cannot find version {version} for {engine}")


@on_update(INSTANCE)
def require_upgrade(request: Request) -> None:
    """Refuse an older version, an unknown one, and another major version without permission."""
    engine = str(request.get("Engine") or "")
    before, after = str((request.before or {}).get("EngineVersion") or ""), str(request.get("EngineVersion") or "")
    if not before or not after or before == after:
        return
    if after not in _versions(engine):
        raise _refused(f"Cannot find version {after} for {engine}")
    if _ordered(after) < _ordered(before):
        raise _refused(f"Cannot upgrade {engine} from {before} to {after}")
    another_major = _ordered(before)[0] != _ordered(after)[0]
    if another_major and str(request.get("AllowMajorVersionUpgrade")).lower() != "true":
        raise _refused("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")


@on_update(INSTANCE)
def require_growth(request: Request) -> None:
    """Refuse storage that shrinks, grows by less than 10 %, or changes twice within six hours."""
    before, after = (_gib(properties) for properties in (request.before, request.properties))
    if before is None or after is None or before == after:
        return
    if after < before:
        raise _refused(
            "Invalid storage size for engine name "
            f"{request.get('Engine')}: requested size ({after}) cannot be less than current size ({before})",
        )
    if after * 100 < before * (100 + LEAST_GROWTH_PERCENT):
        raise _refused(
            f"Storage size must be increased by at least {LEAST_GROWTH_PERCENT}%. "
            f"Current size: {before}, requested size: {after}"
        )
    place = (*here(), request.physical_id)
    if time.time() - _storage_changed.get(place, 0.0) < STORAGE_PAUSE_SECONDS:
        raise _refused(
            "You can't currently modify the storage of this DB instance because the previous storage change is being "
            "optimized: storage can be changed once in six hours.",
            "InvalidDBInstanceState",
        )
    _storage_changed[place] = time.time()


@on_both(INSTANCE)
def require_storage(request: Request) -> None:
    """Refuse storage below the minimum, and a limit of autoscaling below what is allocated."""
    allocated, most = _gib(request.properties), request.get("MaxAllocatedStorage")
    if allocated is None:
        return
    if request.get("Engine") == "postgres" and allocated < LEAST_GIB:
        raise _refused(
            f"Invalid storage size for engine name postgres and storage type {request.get('StorageType') or 'gp2'}: "
            f"{allocated}"
        )
    if most is not None and int(most) < allocated:
        raise _refused(f"Max storage size must be greater than storage size. MaxAllocatedStorage: {most}")


@on_create(INSTANCE)
def require_user(request: Request) -> None:
    """Refuse a user name that the engine reserves."""
    name = str(request.get("MasterUsername") or "")
    if request.get("Engine") == "postgres" and name.lower() in RESERVED_USERS:
        raise _refused(
            f"MasterUsername {name} cannot be used as it is a reserved word used by the engine", "InvalidParameterValue"
        )


@on_both(INSTANCE)
def require_groups(request: Request) -> None:
    """Refuse subnet groups, parameter groups and sources of replicas that do not exist or do not fit."""
    subnets = request.get("DBSubnetGroupName")
    if subnets and subnets != "default" and subnets not in rds._subnet_groups:
        raise _refused(f"DB subnet group '{subnets}' does not exist.", "DBSubnetGroupNotFoundFault", code=NOT_FOUND)
    parameters, version = request.get("DBParameterGroupName"), str(request.get("EngineVersion") or "")
    if parameters and not str(parameters).startswith("default."):
        record = rds._param_groups.get(parameters)
        if record is None:
            raise _refused(f"DBParameterGroup not found: {parameters}", "DBParameterGroupNotFound", code=NOT_FOUND)
        family = record["DBParameterGroupFamily"]
        expected_family = f"postgres{version.partition('.')[0]}"
        if request.get("Engine") == "postgres" and version and family != expected_family:
            raise _refused(
                f"The parameter group {parameters} with DBParameterGroupFamily {family} can't be used for this "
                f"instance. Please use a parameter group with DBParameterGroupFamily {expected_family}"
            )
    source = request.get("SourceDBInstanceIdentifier")
    if source and ":" not in str(source) and source not in rds._instances:
        raise _refused(f"DBInstance {source} not found.", "DBInstanceNotFound", code=NOT_FOUND)


@on_both("AWS::RDS::DBSubnetGroup")
def require_zones(request: Request) -> None:
    """Refuse a group whose subnets are in one zone."""
    names = request.get("SubnetIds") or []
    zones = {(ec2._subnets.get(name) or {}).get("AvailabilityZone", name) for name in names}
    if len(zones) < 2:
        raise _refused(
            "DB Subnet Group doesn't meet availability zone coverage requirement. Please add subnets to cover at least "
            f"2 availability zones. Current coverage: {len(zones)}",
            "DBSubnetGroupDoesNotCoverEnoughAZs",
        )


@on_create("AWS::RDS::DBParameterGroup")
def require_family(request: Request) -> None:
    """Refuse an unknown family of PostgreSQL; other engines' families are not checked."""
    family = str(request.properties["Family"])
    majors = {version.split(".")[0] for version in _versions("postgres")}
    if family.startswith("postgres") and family.removeprefix("postgres") not in majors:
        raise _refused(f"ParameterGroupFamily {family} is not a valid parameter group family", "InvalidParameterValue")


@on_create(REPLICATION_GROUP)
def require_cache(request: Request) -> None:
    """Refuse an unknown node type, failover without a replica, and groups that do not exist."""
    kind, (_, region) = str(request.get("CacheNodeType") or ""), here()
    known = _node_types(region)
    if kind and known and kind not in known:
        raise service_refusal(f"Invalid Cache Node Type: {kind} (Error Code: InvalidParameterValue)", "ElastiCache")
    group = request.get("CacheSubnetGroupName")
    if group and group != "default" and group not in elasticache._subnet_groups:
        raise service_refusal(
            f"Cache Subnet Group {group} does not exist. (Error Code: CacheSubnetGroupNotFoundFault)",
            "ElastiCache",
            NOT_FOUND,
        )


@on_both(REPLICATION_GROUP)
def require_replicas(request: Request) -> None:
    """Refuse failover with one node: "must be enabled … with at least one replica"."""
    failover = str(request.get("AutomaticFailoverEnabled")).lower() == "true"
    nodes, shards = request.get("NumCacheClusters"), int(request.get("NumNodeGroups") or 1)
    if failover and nodes is not None and int(nodes) < 2 and shards < 2:
        raise service_refusal(
            "Replication group with automatic failover must have at least 2 cache clusters. "
            "(Error Code: InvalidParameterCombination)",
            "ElastiCache",
        )


@on_update(REPLICATION_GROUP)
def require_newer_cache(request: Request) -> None:
    """Refuse an older version: a downgrade requires a new group."""
    before, after = str((request.before or {}).get("EngineVersion") or ""), str(request.get("EngineVersion") or "")
    same = (request.before or {}).get("Engine") == request.get("Engine")
    if before and after and same and _ordered(after) < _ordered(before):
        raise service_refusal(
            f"Downgrading the engine version from {before} to {after} is not supported. "
            "(Error Code: InvalidParameterCombination)",
            "ElastiCache",
        )


def _gib(properties: dict[str, Any] | None) -> int | None:
    text = str((properties or {}).get("AllocatedStorage") or "")
    return int(text) if text.isdigit() else None


def _ordered(version: str) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in version.split(".")]


def _enumerations(name: str, where: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Return, by engine, the versions in one of cfn-lint's two lists."""
    found: dict[str, frozenset[str]] = {}
    for rule in extension(INSTANCE, name)["allOf"]:
        engine = rule["if"].get("properties", {}).get("Engine", {})
        versions = where(rule).get("EngineVersion", {}).get("enum")
        for one in [engine["const"]] if "const" in engine else engine.get("enum", []):
            if versions:
                found[one] = frozenset(str(version) for version in versions)
    return found


@cache
def _versions(engine: str) -> frozenset[str]:
    """Return the versions of an engine that can be created; without those that AWS has withdrawn."""
    known = _enumerations("engine_version", lambda rule: rule["then"].get("properties", {}))
    gone = _enumerations("engine_version_deprecated", lambda rule: rule["if"].get("properties", {}))
    return known.get(engine, frozenset()) - gone.get(engine, frozenset())


@cache
def _engines() -> frozenset[str]:
    for rule in extension(INSTANCE, "engine_version")["allOf"]:
        if engines := rule["then"].get("properties", {}).get("Engine", {}).get("enum"):
            return frozenset(engines)
    raise ValueError("cfn-lint no longer lists the engines of RDS")


@cache
def _node_types(region: str) -> frozenset[str]:
    return frozenset(extension("AWS::ElastiCache::CacheCluster", "cachenodetype_enum").get(region, {}).get("enum", ()))

"""What the environment's database and cache must be after a deployment: up, encrypted, and as safe as was asked for."""

from collections.abc import Mapping
from typing import Any

from integration_tests.aws_call import wait_for
from integration_tests.waiting import Deadline, ProbeResult

SERVING_DATABASE = (
    "available",
    "backing-up",
    "configuring-enhanced-monitoring",
    "configuring-iam-database-auth",
    "configuring-log-exports",
    "storage-optimization",
)
"""States in which a database serves as ever; some last for hours (RDS User Guide, "Viewing DB instance status")."""
SERVING_CACHE = ("available", "snapshotting")


def database_matches_settings(
    rds: Any,
    *,
    identifier: str,
    multi_az: bool,
    backup_days: int,
    deletion_protection: bool,
    region: str,
    deadline: Deadline,
) -> None:
    """Wait until the database is up, encrypted on disk and on the way, and as safe as asked; raise CheckFailed else."""

    def probe() -> ProbeResult:
        [database] = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        faults = []
        if database["DBInstanceStatus"] not in SERVING_DATABASE:
            faults.append(f"it is {database['DBInstanceStatus']}")
        if not database["StorageEncrypted"]:
            faults.append("its storage is not encrypted")
        if not _asks_for_tls(rds, database):
            faults.append("it takes connections without TLS (rds.force_ssl is not 1)")
        if database["MultiAZ"] != multi_az:
            faults.append(_differs("Multi-AZ", _on(database["MultiAZ"]), _on(multi_az)))
        if database["BackupRetentionPeriod"] != backup_days:
            faults.append(_differs("days of backups", database["BackupRetentionPeriod"], backup_days))
        if database["DeletionProtection"] != deletion_protection:
            faults.append(
                _differs("deletion protection", _on(database["DeletionProtection"]), _on(deletion_protection))
            )
        faults += [
            f"parameter group {group['DBParameterGroupName']} is {group['ParameterApplyStatus']}"
            for group in database["DBParameterGroups"]
            if group["ParameterApplyStatus"] != "in-sync"
        ]
        faults += _pending(database)
        return _seen(faults)

    wait_for(
        probe,
        title="The database was not seen as delivery.toml asks for it.",
        asked=f"rds:DescribeDBInstances of {identifier} in {region}",
        wanted=f"up, encrypted, TLS only, Multi-AZ {_on(multi_az)}, {backup_days} days of backups, "
        f"deletion protection {_on(deletion_protection)}, nothing pending",
        deadline=deadline,
        next_steps=[f"aws rds describe-db-instances --region {region} --db-instance-identifier {identifier}"],
    )


def cache_matches_settings(
    elasticache: Any,
    *,
    identifier: str,
    multi_az: bool,
    nodes: int,
    snapshot_days: int,
    region: str,
    deadline: Deadline,
) -> None:
    """Wait until the cache is up, encrypted on disk and on the way, and as safe as asked; raise CheckFailed else."""

    def probe() -> ProbeResult:
        [cache] = elasticache.describe_replication_groups(ReplicationGroupId=identifier)["ReplicationGroups"]
        faults = []
        if cache["Status"] not in SERVING_CACHE:
            faults.append(f"it is {cache['Status']}")
        if not cache.get("AtRestEncryptionEnabled"):
            faults.append("it is not encrypted at rest")
        if not cache.get("TransitEncryptionEnabled") or cache.get("TransitEncryptionMode") == "preferred":
            faults.append("it takes connections without TLS")
        if not cache.get("AuthTokenEnabled"):
            faults.append("it asks for no token")
        in_two_zones = cache.get("MultiAZ") == "enabled"
        if in_two_zones != multi_az:
            faults.append(_differs("Multi-AZ", _on(in_two_zones), _on(multi_az)))
        if len(cache["MemberClusters"]) != nodes:
            faults.append(_differs("nodes", len(cache["MemberClusters"]), nodes))
        if cache.get("SnapshotRetentionLimit", 0) != snapshot_days:
            faults.append(_differs("days of snapshots", cache.get("SnapshotRetentionLimit", 0), snapshot_days))
        faults += _pending(cache)
        return _seen(faults)

    wait_for(
        probe,
        title="The cache was not seen as delivery.toml asks for it.",
        asked=f"elasticache:DescribeReplicationGroups of {identifier} in {region}",
        wanted=f"up, encrypted, TLS only, a token, Multi-AZ {_on(multi_az)}, {nodes} nodes, "
        f"{snapshot_days} days of snapshots, nothing pending",
        deadline=deadline,
        next_steps=[
            f"aws elasticache describe-replication-groups --region {region} --replication-group-id {identifier}"
        ],
    )


def password_is_rotated(
    rds: Any, secretsmanager: Any, *, database: str, every_days: int, region: str, deadline: Deadline
) -> None:
    """Wait until the database's password is rotated as often as asked; raise CheckFailed if it comes not to that."""

    def probe() -> ProbeResult:
        [instance] = rds.describe_db_instances(DBInstanceIdentifier=database)["DBInstances"]
        managed = instance.get("MasterUserSecret")
        if not managed:
            return _seen(["RDS does not manage the password"])
        command = f"aws secretsmanager describe-secret --region {region} --secret-id {managed['SecretArn']}"
        secret = secretsmanager.describe_secret(SecretId=managed["SecretArn"])
        faults = []
        if managed["SecretStatus"] == "impaired":
            faults.append("RDS cannot change the password: its secret is impaired")
        days = secret.get("RotationRules", {}).get("AutomaticallyAfterDays")
        if not secret.get("RotationEnabled"):
            faults.append("rotation is off")
        elif days != every_days:
            faults.append(_differs("days between rotations", days, every_days))
        return _seen(faults, next_steps=(command,))

    wait_for(
        probe,
        title="The database's password was not seen rotated as delivery.toml asks for it.",
        asked=f"secretsmanager:DescribeSecret of the master user's secret of {database} in {region}",
        wanted=f"rotation on, every {every_days} days",
        deadline=deadline,
        next_steps=[
            f"aws rds describe-db-instances --region {region} --db-instance-identifier {database} "
            "--query 'DBInstances[].MasterUserSecret'",
        ],
    )


def _asks_for_tls(rds: Any, database: Mapping[str, Any]) -> bool:
    """Whether a parameter group of the database, and not a default that may change, makes TLS a must."""
    for group in database["DBParameterGroups"]:
        pages = rds.get_paginator("describe_db_parameters").paginate(
            DBParameterGroupName=group["DBParameterGroupName"], Source="user"
        )
        for page in pages:
            for parameter in page["Parameters"]:
                if parameter["ParameterName"] == "rds.force_ssl":
                    return parameter.get("ParameterValue") == "1"
    return False


def _pending(described: Mapping[str, Any]) -> list[str]:
    """Name what waits for a maintenance window; a value may be secret."""
    names = sorted(
        name for name, value in described.get("PendingModifiedValues", {}).items() if value not in (None, {})
    )
    return [f"modifications wait for a maintenance window: {', '.join(names)}"] if names else []


def _differs(what: str, found: object, asked: object) -> str:
    return f"{what}: {found}, delivery.toml says {asked}"


def _on(value: bool) -> str:
    return "on" if value else "off"


def _seen(faults: list[str], *, next_steps: tuple[str, ...] = ()) -> ProbeResult:
    said = "; ".join(faults)
    return ProbeResult(fault=said or None, text=said or "as asked", next_steps=next_steps)

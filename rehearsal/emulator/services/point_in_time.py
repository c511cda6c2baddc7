"""RDS operations for recovery that ministack lacks: restoring to a point in time, and renaming an instance.

A restored instance has the source's settings, except that network, security group, parameter group and number of zones
are the defaults unless the request names others (RDS API Reference, RestoreDBInstanceToPointInTime). No instance holds
data.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from rehearsal.emulator.internals import rds

ACTION = "RestoreDBInstanceToPointInTime"
KEPT = ("EngineVersion", "KmsKeyId", "StorageEncrypted", "StorageType", "MasterUsername", "MaxAllocatedStorage")
"""What an instance restored to a point in time has of its source, whatever the request says."""
FLAGS = {
    "CopyTagsToSnapshot": "CopyTagsToSnapshot",
    "DeletionProtection": "DeletionProtection",
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
}


def register() -> None:
    """Let RDS restore instances to a point in time, and rename them."""
    rds._ACTION_MAP[ACTION] = _restore
    original_modify = rds._ACTION_MAP["ModifyDBInstance"]

    def modify(request: dict[str, Any]) -> Any:
        answer = original_modify(request)
        new = rds._p(request, "NewDBInstanceIdentifier")
        record = rds._instances.get(rds._p(request, "DBInstanceIdentifier"))
        if new and record is not None and answer[0] < 400:
            rds._instances.pop(record["DBInstanceIdentifier"])
            record |= {
                "DBInstanceIdentifier": new,
                "DBInstanceArn": f"{record['DBInstanceArn'].rpartition(':')[0]}:{new}",
            }
            rds._instances[new] = record
        return answer

    rds._ACTION_MAP["ModifyDBInstance"] = modify


def _restore(request: dict[str, Any]) -> Any:
    source = rds._instances.get(rds._p(request, "SourceDBInstanceIdentifier"))
    if source is None:
        return rds._error("DBInstanceNotFound", "The source DB instance is not found.", 404)
    if bool(rds._p(request, "RestoreTime")) == (rds._p(request, "UseLatestRestorableTime") == "true"):
        return rds._error("InvalidParameterCombination", "Give RestoreTime or UseLatestRestorableTime.", 400)
    moment = rds._p(request, "RestoreTime")
    if moment and datetime.fromisoformat(moment) >= datetime.now(UTC):
        # The API Reference has the rule, but not the code.
        return rds._error("InvalidParameterValue", "RestoreTime must be before the latest restorable time.", 400)
    status, headers, body = restore(
        source, {**request, "DBInstanceIdentifier": [rds._p(request, "TargetDBInstanceIdentifier")]}, kept=KEPT
    )
    return status, headers, body.replace(b"RestoreDBInstanceFromDBSnapshot", ACTION.encode())


def restore(source: dict[str, Any], request: dict[str, Any], *, kept: tuple[str, ...] = ()) -> Any:
    """Create an instance from another's backup, as `request`, a query, says; return RDS's answer."""
    snapshot = f"backup-{uuid4()}"
    rds._create_snapshot_internal(snapshot, source)
    answer = rds._restore_from_snapshot({**request, "DBSnapshotIdentifier": [snapshot]})
    rds._snapshots.pop(snapshot, None)
    record = rds._instances.get(rds._p(request, "DBInstanceIdentifier"))
    if answer[0] >= 400 or record is None:
        return answer
    record |= {key: source[key] for key in kept if key in source}
    record |= {key: rds._p(request, name) == "true" for name, key in FLAGS.items() if rds._p(request, name)}
    groups = rds._parse_member_list(request, "VpcSecurityGroupIds") or ["sg-default"]
    record["VpcSecurityGroups"] = [{"VpcSecurityGroupId": group, "Status": "active"} for group in groups]
    if group := rds._subnet_groups.get(rds._p(request, "DBSubnetGroupName")):
        record["DBSubnetGroup"] = group
    if name := rds._p(request, "DBParameterGroupName"):
        record["DBParameterGroups"] = [{"DBParameterGroupName": name, "ParameterApplyStatus": "in-sync"}]
    return rds._single_instance_response(
        "RestoreDBInstanceFromDBSnapshotResponse", "RestoreDBInstanceFromDBSnapshotResult", record
    )

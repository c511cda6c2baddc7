"""RDS operations for recovery that ministack lacks: restoring to a point in time, and renaming an instance.

The restored instance has the source's settings; neither holds data.
"""

from typing import Any
from uuid import uuid4

from rehearsal.emulator.internals import rds

ACTION = "RestoreDBInstanceToPointInTime"


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
    snapshot = f"point-in-time-{uuid4()}"
    rds._create_snapshot_internal(snapshot, source)
    target = rds._p(request, "TargetDBInstanceIdentifier")
    answer = rds._restore_from_snapshot(
        {**request, "DBInstanceIdentifier": [target], "DBSnapshotIdentifier": [snapshot]}
    )
    rds._snapshots.pop(snapshot, None)
    status, headers, body = answer
    return status, headers, body.replace(b"RestoreDBInstanceFromDBSnapshot", ACTION.encode())

"""RDS: parameter groups, snapshots, and lists without a name (Service Authorization Reference, Amazon RDS)."""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:  # noqa: PLR0911 - a table
    """Name the call's resource by its own type, or all of that type if it names none."""
    match call.action:
        case "rds:DescribeDBParameters" | "rds:DescribeDBParameterGroups":
            return on(call.arn("rds", f"pg:{call.text('DBParameterGroupName') or '*'}"))
        case "rds:DescribeDBInstances":
            return on(_arn(call, "db", call.text("DBInstanceIdentifier")))
        case "rds:DescribeDBSnapshots":
            snapshot, instance = call.text("DBSnapshotIdentifier"), call.text("DBInstanceIdentifier")
            return on(_arn(call, "snapshot", snapshot) if snapshot or not instance else _arn(call, "db", instance))
        case "rds:DescribeDBSubnetGroups":
            return on(call.arn("rds", f"subgrp:{call.text('DBSubnetGroupName') or '*'}"))
        case "rds:DescribeDBInstanceAutomatedBackups":
            return on(call.arn("rds", "auto-backup:*"))
        case "rds:ListTagsForResource" | "rds:AddTagsToResource" | "rds:RemoveTagsFromResource":
            return on(call.text("ResourceName") or "*")
        case _:
            return None


def _arn(call: ApiCall, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else call.arn("rds", f"{kind}:{name or '*'}")

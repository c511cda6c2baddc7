"""AWS Backup: what its REST API names in the path (Service Authorization Reference, AWS Backup)."""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:
    """Name the vault or plan in the path, the recovery point where it is named, and the key of jobs' vaults."""
    if call.action == "backup:StartRestoreJob":
        return on(call.text("RecoveryPointArn") or "*")
    if point := call.segment_after("recovery-points"):
        return on(point)
    if vault := call.segment_after("backup-vaults") or call.text("BackupVaultName"):
        return on(call.arn("backup", f"backup-vault:{vault}"))
    if plan := call.segment_after("plans"):
        return on(call.arn("backup", f"backup-plan:{plan}"))
    return None

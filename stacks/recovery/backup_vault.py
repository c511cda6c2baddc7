"""The vault of an environment's backups."""

from typing import Final, cast

from aws_cdk import Duration
from aws_cdk import aws_backup as backup
from aws_cdk import aws_kms as kms
from constructs import Construct

from settings import RecoverySettings
from stacks.shared.retention import removal_policy

GRACE: Final = Duration.days(3)
"""How long a compliance lock can still be removed; AWS Backup's minimum is three days."""


def backup_vault(
    scope: Construct,
    construct_id: str,
    *,
    environment_name: str,
    key: kms.IKey,
    settings: RecoverySettings,
    retain_data: bool,
) -> backup.IBackupVault:
    """Return the environment's vault, with a lock if the settings ask for one; its name is the same in every region."""
    lock = None
    if settings.vault_lock != "none":
        lock = backup.LockConfiguration(
            min_retention=Duration.days(settings.daily_retention_days),
            max_retention=Duration.days(settings.monthly_retention_days),
            changeable_for=GRACE if settings.vault_lock == "compliance" else None,
        )
    vault = backup.BackupVault(
        scope,
        construct_id,
        backup_vault_name=vault_name(environment_name),
        encryption_key=key,
        lock_configuration=lock,
        removal_policy=removal_policy(retain_data=retain_data),
    )
    # Class and interface name a parameter differently, which the type checker rejects.
    return cast(backup.IBackupVault, vault)


def vault_name(environment_name: str) -> str:
    """Return the name of the environment's vaults."""
    return f"yawl-{environment_name}"

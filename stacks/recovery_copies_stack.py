"""Copies of an environment's backups in another region, for the loss of its own."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import RecoverySettings, StorageSettings
from settings.types.environment_names import copies_bucket
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.recovery.backup_vault import backup_vault
from stacks.shared.acknowledgments import SOLUTIONS, acknowledge
from stacks.shared.key import rotating_key
from stacks.storage.data_bucket import DataBucket


class RecoveryCopies(EnvironmentStack):
    """A vault and a bucket in another region that receive copies of the environment's backups."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: RecoverySettings,
        storage: StorageSettings,
    ) -> None:
        super().__init__(
            scope,
            "recovery-copies",
            context=context,
            description=f"YAWL {context.name}: copies of its backups, away from its region",
            termination_protection=context.retain_data,
        )
        self.key = rotating_key(
            self,
            "Key",
            description=f"Copies of backups of YAWL {context.name}",
            used_through=("backup", "rds", "s3"),
            retain_data=context.retain_data,
        )
        self.vault = backup_vault(
            self,
            "Vault",
            environment_name=context.name,
            key=self.key,
            settings=settings,
            retain_data=context.retain_data,
        )
        self.bucket = DataBucket(
            self,
            "BackupBucket",
            key=self.key,
            # Logs would need a bucket in this region. Only replication and recovery access this one.
            access_log_bucket=None,
            # A fixed name: the environment's own region refers to the bucket by it.
            bucket_name=copies_bucket(context.name, context.env.account or "", context.env.region or ""),
            retain_data=context.retain_data,
            lifecycle_rules=[
                s3.LifecycleRule(noncurrent_version_expiration=Duration.days(storage.backup_noncurrent_days))
            ],
        )
        no_logs = "Only replication writes and only recovery reads; logs would need another bucket in this region."
        acknowledge(
            self.bucket,
            {
                f"{SOLUTIONS}-S1": no_logs,
                "S3BucketLoggingEnabled": no_logs,
                "S3BucketReplicationEnabled": "This is the replica: copies of copies would double the cost "
                "without protecting against more.",
            },
        )

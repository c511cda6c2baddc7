"""What is left of an environment when its region is lost."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import RecoverySettings, StorageSettings
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.recovery.backup_vault import backup_vault
from stacks.shared.acknowledgments import SOLUTIONS, acknowledge
from stacks.shared.key import rotating_key
from stacks.storage.data_bucket import DataBucket


class RecoveryCopies(EnvironmentStack):
    """A vault and a bucket in another region, which get copies of the environment's own."""

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
            # Logs would have to lie in this region too. Only replication and whoever restores come here.
            access_log_bucket=None,
            # The environment's other region has to know it before either exists.
            bucket_name=f"yawl-{context.name}-backups-{context.env.account}-{context.env.region}",
            retain_data=context.retain_data,
            lifecycle_rules=[
                s3.LifecycleRule(noncurrent_version_expiration=Duration.days(storage.backup_noncurrent_days))
            ],
        )
        no_logs = "Replication alone writes, only recovery reads; logs would need a bucket in this region."
        acknowledge(
            self.bucket,
            {
                f"{SOLUTIONS}-S1": no_logs,
                "S3BucketLoggingEnabled": no_logs,
                "S3BucketReplicationEnabled": "It is the replica: copies of copies would double the cost "
                "and survive nothing more.",
            },
        )

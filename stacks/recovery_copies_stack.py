"""What is left of an environment when its region is lost."""

from aws_cdk import Duration, Environment
from aws_cdk import aws_s3 as s3
from constructs import Construct

from settings import RecoverySettings, StorageSettings
from stacks.environment_stack import EnvironmentStack
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
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        settings: RecoverySettings,
        storage: StorageSettings,
        retain_data: bool,
    ) -> None:
        super().__init__(
            scope,
            "recovery-copies",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description=f"YAWL {environment_name}: copies of its backups, away from its region",
            termination_protection=retain_data,
        )
        self.key = rotating_key(
            self,
            "Key",
            description=f"Copies of backups of YAWL {environment_name}",
            used_through=("backup", "rds", "s3"),
            retain_data=retain_data,
        )
        self.vault = backup_vault(
            self,
            "Vault",
            environment_name=environment_name,
            key=self.key,
            settings=settings,
            retain_data=retain_data,
        )
        self.bucket = DataBucket(
            self,
            "BackupBucket",
            key=self.key,
            # Logs would have to lie in this region too. Only replication and whoever restores come here.
            access_log_bucket=None,
            # The environment's other region has to know it before either exists.
            bucket_name=f"yawl-{environment_name}-backups-{env.account}-{env.region}",
            retain_data=retain_data,
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

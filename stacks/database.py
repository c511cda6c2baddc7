"""The PostgreSQL database of one environment."""

from typing import Final

from aws_cdk import Duration, Environment
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from settings.model import DatabaseSettings
from stacks.environment_stack import EnvironmentStack
from stacks.key import rotating_key
from stacks.log_group import LogGroup
from stacks.retention import removal_policy

ENGINE_VERSION: Final = rds.PostgresEngineVersion.of("15.19", "15")
"""The newest release of the reference's PostgreSQL 15; its 15.4 can no longer be created."""
LOGS: Final = ("postgresql", "upgrade")


class Database(EnvironmentStack):
    """PostgreSQL on RDS; its master password is made, kept and rotated by RDS."""

    database_name: Final = "yawl"
    username: Final = "yawl"

    def __init__(
        self,
        scope: Construct,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        settings: DatabaseSettings,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        super().__init__(
            scope,
            "database",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description=f"YAWL {environment_name}: PostgreSQL",
            termination_protection=retain_data,
        )
        key = rotating_key(self, "Key", description=f"Database of YAWL {environment_name}", retain_data=retain_data)
        identifier = f"yawl-{environment_name}"
        # RDS would make these itself, without an end to their retention.
        log_groups = [
            LogGroup(
                self,
                f"{log.capitalize()}Log",
                log_group_name=f"/aws/rds/instance/{identifier}/{log}",
                retention_days=log_retention_days,
                retain_data=retain_data,
            )
            for log in LOGS
        ]
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=identifier,
            engine=rds.DatabaseInstanceEngine.postgres(version=ENGINE_VERSION),
            instance_type=ec2.InstanceType(settings.instance_class.removeprefix("db.")),
            database_name=self.database_name,
            credentials=rds.Credentials.from_username(self.username, encryption_key=key),
            manage_master_user_password=True,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[security_group],
            multi_az=settings.multi_az,
            storage_type=rds.StorageType.GP3,
            allocated_storage=settings.storage_gib,
            max_allocated_storage=settings.max_storage_gib,
            storage_encryption_key=key,
            cloudwatch_logs_exports=list(LOGS),
            backup_retention=Duration.days(settings.backup_retention_days),
            deletion_protection=retain_data,
            removal_policy=removal_policy(retain_data=retain_data),
        )
        self.instance.node.add_dependency(*log_groups)
        secret = self.instance.secret
        if secret is None:
            raise ValueError("the instance has no master password")
        self.secret: secretsmanager.ISecret = secret

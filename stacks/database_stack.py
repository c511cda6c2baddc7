"""The PostgreSQL database of one environment."""

from typing import Final, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from settings import DatabaseSettings
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.shared import ports
from stacks.shared.acknowledgments import acknowledge
from stacks.shared.key import rotating_key
from stacks.shared.log_group import LogGroup
from stacks.shared.retention import removal_policy
from stacks.shared.test_variables import TestVariables

ENGINE: Final = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.of("15.19", "15"))
"""The newest release of PostgreSQL 15. RDS no longer offers the reference's 15.4."""

LOGS: Final = ("postgresql", "upgrade")
"""The logs that RDS exports to CloudWatch."""
BACKUP_WINDOW: Final = "00:00-00:30"
MAINTENANCE_WINDOW: Final = "sun:01:00-sun:01:30"
"""UTC. RDS would choose random windows; AWS Backup, due at 3:00, starts no job in either or in the hour before it."""


class Database(EnvironmentStack):
    """PostgreSQL on RDS: private and encrypted; RDS creates, stores and rotates the master password."""

    database_name: Final = "yawl"
    username: Final = "yawl"
    port: Final = ports.POSTGRESQL

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: DatabaseSettings,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
    ) -> None:
        super().__init__(
            scope,
            "database",
            context=context,
            description=f"YAWL {context.name}: PostgreSQL",
            termination_protection=context.retain_data,
        )
        # With a fixed name the log groups can exist before the instance, with their retention set. It also blocks
        # changes that would replace the instance: the replacement cannot take the same name.
        self.identifier = f"yawl-{context.name}"
        key = rotating_key(
            self,
            "Key",
            description=f"Database of YAWL {context.name}",
            used_through=("rds", "secretsmanager"),
            logs=True,
            retain_data=context.retain_data,
        )
        self.instance = self._build_instance(
            settings,
            key=key,
            vpc=vpc,
            security_group=security_group,
        )
        self.resource_id = cast(rds.CfnDBInstance, self.instance.node.default_child).attr_dbi_resource_id
        self.security_group = security_group
        self.subnet_group_name = cast(
            str, cast(rds.CfnDBInstance, self.instance.node.default_child).db_subnet_group_name
        )
        self._keep_logs(key)
        self.secret = cast(secretsmanager.ISecret, self.instance.secret)
        """The master user's name and password, as `username` and `password`."""
        self._rotate_password(settings.password_rotation_days)
        self.test_variables = TestVariables(
            self,
            {
                "DATABASE_ID": self.identifier,
                "DATABASE_MULTI_AZ": settings.multi_az,
                "DATABASE_BACKUP_DAYS": settings.backup_retention_days,
                "DATABASE_DELETION_PROTECTION": context.retain_data,
                "PASSWORD_ROTATION_DAYS": settings.password_rotation_days,
            },
        )
        self._acknowledge_trades(settings)

    def _build_instance(
        self,
        settings: DatabaseSettings,
        *,
        key: kms.IKey,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
    ) -> rds.DatabaseInstance:
        data_policy = removal_policy(retain_data=self.context.retain_data)
        instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=self.identifier,
            engine=ENGINE,
            instance_type=ec2.InstanceType(settings.instance_class.removeprefix("db.")),
            database_name=self.database_name,
            port=self.port,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            publicly_accessible=False,
            security_groups=[security_group],
            multi_az=settings.multi_az,
            storage_type=rds.StorageType.GP3,
            allocated_storage=settings.storage_gib,
            max_allocated_storage=settings.max_storage_gib,
            storage_encrypted=True,
            storage_encryption_key=key,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            credentials=rds.Credentials.from_username(self.username, encryption_key=key),
            manage_master_user_password=True,
            iam_authentication=True,
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=ENGINE,
                description=f"PostgreSQL of YAWL {self.context.name}",
                parameters={
                    "rds.force_ssl": "1",
                    "log_min_duration_statement": str(settings.slow_query_milliseconds),
                },
                removal_policy=data_policy,
            ),
            backup_retention=Duration.days(settings.backup_retention_days),
            preferred_backup_window=BACKUP_WINDOW,
            preferred_maintenance_window=MAINTENANCE_WINDOW,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not self.context.retain_data,
            auto_minor_version_upgrade=True,
            monitoring_interval=Duration.seconds(60),
            enable_performance_insights=True,
            performance_insight_encryption_key=key,
            cloudwatch_logs_exports=list(LOGS),
            deletion_protection=self.context.retain_data,
            removal_policy=data_policy,
        )
        # RDS does not delete a subnet group in use: retain it with the instance.
        subnets = cast(rds.SubnetGroup, instance.node.find_child("SubnetGroup"))
        subnets.apply_removal_policy(data_policy)
        return instance

    def _keep_logs(self, key: kms.IKey) -> None:
        instance = cast(rds.CfnDBInstance, self.instance.node.default_child)
        for log in LOGS:
            log_group = LogGroup(
                self,
                f"{log.capitalize()}Log",
                log_group_name=f"/aws/rds/instance/{self.identifier}/{log}",
                key=key,
                retention_days=self.context.log_retention_days,
                retain_data=self.context.retain_data,
            )
            # Otherwise RDS creates the group first, without a retention period.
            instance.node.add_dependency(log_group)

    def _rotate_password(self, days: int) -> None:
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "PasswordRotation",
            secret_id=self.secret.secret_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(automatically_after_days=days),
            # Tasks read the password at startup; changing the schedule must not lock them out.
            rotate_immediately_on_update=False,
        )
        # The schedule is deleted with the secret, and the secret with the instance.
        schedule.apply_removal_policy(RemovalPolicy.RETAIN)

    def _acknowledge_trades(self, settings: DatabaseSettings) -> None:
        acknowledge(
            self.instance,
            {
                "AwsSolutions-RDS11": "Only the tasks' security group reaches the port; a non-default port would hide "
                "nothing from them and surprise operators.",
                "RDSInBackupPlan": "RDS itself backs up the instance daily and can restore it to any second of "
                f"the last {settings.backup_retention_days} days (database.backup_retention_days). With "
                "recovery.backups AWS Backup does too, by a plan in another stack, which the rule cannot see.",
            },
        )
        monitoring_role = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
        acknowledge(
            self.instance.node.find_child("MonitoringRole"),
            {
                f"AwsSolutions-IAM4[Policy::{monitoring_role}]": "AWS limits this policy to what enhanced "
                "monitoring writes; a copy would become outdated."
            },
        )
        if not settings.multi_az:
            one_zone = "This environment's settings choose half the cost over surviving the loss of a zone."
            acknowledge(self.instance, {"AwsSolutions-RDS3": one_zone, "RDSMultiAZSupport": one_zone})
        if not self.context.retain_data:
            temporary = "This environment's settings (retain_data) delete its data with its stacks."
            acknowledge(
                self.instance, {"AwsSolutions-RDS10": temporary, "RDSInstanceDeletionProtectionEnabled": temporary}
            )

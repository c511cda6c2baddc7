"""Backups of one environment's database that outlive it, and the proof that they can be restored."""

from typing import Final, cast

from aws_cdk import ArnFormat, Duration, Environment
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from settings import RecoverySettings
from stacks.database_stack import Database
from stacks.environment_stack import EnvironmentStack
from stacks.monitoring.metrics.maintenance import check_name
from stacks.recovery.backup_vault import backup_vault, vault_name
from stacks.recovery_copies_stack import RecoveryCopies
from stacks.shared.acknowledgments import acknowledge, managed_policy, wildcard_resource
from stacks.shared.key import rotating_key
from stacks.shared.scheduled_check import ScheduledCheck

BACKUP_HOUR: Final = 3
"""UTC; the weekly and the monthly backup follow an hour later each."""
RESTORE_TEST_DAY: Final = 8
"""Of the month: a week after the monthly backup, so that there is always one to choose."""
SELECTION_DAYS: Final = 7
CHECK_HOUR: Final = 12
"""When a backup that began at night has ended, or has failed."""


class Recovery(EnvironmentStack):
    """A vault, the plan that fills it, the monthly restore test, and a daily check of both.

    RDS keeps backups of its own, by which the database can be had as it was at any second. They go with the instance
    and its region; what is here stays.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        settings: RecoverySettings,
        database: Database,
        copies: RecoveryCopies | None,
        log_retention_days: int,
        retain_data: bool,
    ) -> None:
        super().__init__(
            scope,
            "recovery",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description=f"YAWL {environment_name}: backups of the database, and tests of restoring them",
            termination_protection=retain_data,
        )
        self.key = rotating_key(
            self,
            "Key",
            description=f"Backups of YAWL {environment_name}",
            used_through=("backup", "rds"),
            logs=True,
            retain_data=retain_data,
        )
        self.vault = backup_vault(
            self, "Vault", environment_name=environment_name, key=self.key, settings=settings, retain_data=retain_data
        )
        # By names of our own: a reference would be read from the other stack wherever it stands.
        self._database_arn = self.format_arn(
            service="rds",
            resource="db",
            resource_name=database.identifier,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self._plan_backups(settings, copies=copies)
        self.restore_test = self._plan_restore_tests(database) if settings.restore_test else None
        self._check(copies=copies, log_retention_days=log_retention_days, retain_data=retain_data)

    def _plan_backups(self, settings: RecoverySettings, *, copies: RecoveryCopies | None) -> backup.BackupPlan:
        schedules = {
            "Daily": (settings.daily_retention_days, events.Schedule.cron(hour=str(BACKUP_HOUR), minute="0")),
            "Weekly": (
                settings.weekly_retention_days,
                events.Schedule.cron(hour=str(BACKUP_HOUR + 1), minute="0", week_day="SUN"),
            ),
            "Monthly": (
                settings.monthly_retention_days,
                events.Schedule.cron(hour=str(BACKUP_HOUR + 2), minute="0", day="1"),
            ),
        }
        destination = None
        if copies is not None:
            destination = backup.BackupVault.from_backup_vault_arn(self, "Copies", self._vault_arn(copies.region))
            self.add_stack_dependency(copies)
        plan = backup.BackupPlan(
            self,
            "Plan",
            backup_plan_name=f"yawl-{self.environment_name}",
            backup_plan_rules=[
                backup.BackupPlanRule(
                    rule_name=name,
                    backup_vault=self.vault,
                    schedule_expression=schedule,
                    delete_after=Duration.days(days),
                    start_window=Duration.hours(1),
                    completion_window=Duration.hours(6),
                    copy_actions=[]
                    if destination is None
                    else [
                        backup.BackupPlanCopyActionProps(
                            destination_backup_vault=destination, delete_after=Duration.days(days)
                        )
                    ],
                )
                for name, (days, schedule) in schedules.items()
            ],
        )
        role = self._role("BackupRole", "AWSBackupServiceRolePolicyForBackup")
        plan.add_selection(
            "Database",
            backup_selection_name="database",
            resources=[backup.BackupResource.from_arn(self._database_arn)],
            role=cast(iam.IRole, role),
            disable_default_backup_policy=True,
        )
        return plan

    def _plan_restore_tests(self, database: Database) -> backup.CfnRestoreTestingPlan:
        # Letters, digits and underscores are all that these names may have.
        name = f"yawl_{self.environment_name.replace('-', '_')}"
        plan = backup.CfnRestoreTestingPlan(
            self,
            "RestoreTest",
            restore_testing_plan_name=name,
            schedule_expression=f"cron(0 {BACKUP_HOUR + 4} {RESTORE_TEST_DAY} * ? *)",
            start_window_hours=1,
            recovery_point_selection=backup.CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[self.vault.backup_vault_arn],
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=SELECTION_DAYS,
            ),
        )
        role = self._role("RestoreRole", "AWSBackupServiceRolePolicyForRestores")
        selection = backup.CfnRestoreTestingSelection(
            self,
            "RestoreTestOfDatabase",
            restore_testing_plan_name=name,
            restore_testing_selection_name="database",
            protected_resource_type="RDS",
            protected_resource_arns=[self._database_arn],
            iam_role_arn=role.role_arn,
            # Without these it would be restored into the account's default network, which it may not have.
            restore_metadata_overrides={
                "dbSubnetGroupName": database.subnet_group_name,
                "vpcSecurityGroupIds": self.to_json_string([database.security_group.security_group_id]),
                "multiAz": "false",
            },
            # The instance is removed when this is over; nothing of ours looks into it.
            validation_window_hours=1,
        )
        selection.add_resource_dependency(plan)
        return plan

    def _check(self, *, copies: RecoveryCopies | None, log_retention_days: int, retain_data: bool) -> None:
        regions = [self.region, *([copies.region] if copies else [])]
        name = vault_name(self.environment_name)
        vaults = [self._vault_arn(region) for region in regions]
        check = ScheduledCheck(
            self,
            "Check",
            function="check_backups",
            function_name=check_name(self.environment_name, "recovery"),
            hour=CHECK_HOUR,
            variables={
                "ENVIRONMENT": self.environment_name,
                "VAULTS": " ".join(f"{name}@{region}" for region in regions),
                "RESTORE_TEST": self.restore_test.restore_testing_plan_name if self.restore_test else "",
            },
            reads=[
                iam.PolicyStatement(
                    actions=["backup:ListRecoveryPointsByBackupVault", "backup:DescribeBackupVault"], resources=vaults
                ),
                iam.PolicyStatement(
                    actions=["backup:GetRestoreTestingPlan", "backup:ListRestoreJobs"],
                    resources=["*"],
                ),
            ],
            key=self.key,
            log_retention_days=log_retention_days,
            retain_data=retain_data,
        )
        acknowledge(
            check.role,
            {
                wildcard_resource("*"): "Metrics and restore jobs know no resource; the namespace is named, and states "
                "alone are read."
            },
        )

    def _vault_arn(self, region: str) -> str:
        name = vault_name(self.environment_name)
        return f"arn:{self.partition}:backup:{region}:{self.account}:backup-vault:{name}"

    def _role(self, construct_id: str, policy: str) -> iam.Role:
        role = iam.Role(
            self,
            construct_id,
            # The library's class names a parameter otherwise than its interface, which the type checker minds.
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("backup.amazonaws.com")),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(f"service-role/{policy}")],
        )
        acknowledge(
            role,
            {
                managed_policy(f"service-role/{policy}"): "AWS keeps this policy to what AWS Backup does; a copy would "
                "fall behind and backups fail."
            },
        )
        return role

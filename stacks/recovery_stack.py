"""Backups of one environment's database that outlive it, and tests of restoring them."""

from typing import Final, cast

from aws_cdk import ArnFormat, Duration
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from settings import RecoverySettings
from stacks.database_stack import Database
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.recovery.backup_vault import backup_vault, vault_name
from stacks.recovery_copies_stack import RecoveryCopies
from stacks.shared.acknowledgments import acknowledge, managed_policy, wildcard_resource
from stacks.shared.key import rotating_key
from stacks.shared.scheduled_check import ScheduledCheck, check_name

BACKUP_HOUR: Final = 3
"""UTC; the weekly backup follows one hour later, the monthly one two hours later."""
RESTORE_TEST_DAY: Final = 8
"""Day of the month: a week after the monthly backup, so that a recovery point always exists."""
SELECTION_DAYS: Final = 7
CHECK_HOUR: Final = 12
"""UTC; by then a nightly backup has completed or failed."""


class Recovery(EnvironmentStack):
    """A vault, its backup plan, the monthly restore test, and a daily check of both.

    RDS's own backups allow point-in-time recovery, but are lost with the instance or its region. These are not.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: RecoverySettings,
        database: Database,
        copies: RecoveryCopies | None,
    ) -> None:
        super().__init__(
            scope,
            "recovery",
            context=context,
            description=f"YAWL {context.name}: backups of the database, and tests of restoring them",
            termination_protection=context.retain_data,
        )
        self.key = rotating_key(
            self,
            "Key",
            description=f"Backups of YAWL {context.name}",
            used_through=("backup", "rds"),
            logs=True,
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
        # Built from the known name: every reference to the other stack's output is a call of its own (see OutputCopy).
        self._database_arn = self.format_arn(
            service="rds",
            resource="db",
            resource_name=database.identifier,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self._plan_backups(settings, copies=copies)
        self.restore_test = self._plan_restore_tests(database) if settings.restore_test else None
        self._check(copies=copies)

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
            backup_plan_name=f"yawl-{self.context.name}",
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
        # These names allow only letters, digits and underscores.
        name = f"yawl_{self.context.name.replace('-', '_')}"
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
            # Otherwise AWS Backup restores into the default VPC, which the account may not have.
            restore_metadata_overrides={
                "dbSubnetGroupName": database.subnet_group_name,
                "vpcSecurityGroupIds": self.to_json_string([database.security_group.security_group_id]),
                "multiAz": "false",
            },
            # Nothing validates the instance; AWS Backup deletes it after this window.
            validation_window_hours=1,
        )
        selection.add_resource_dependency(plan)
        return plan

    def _check(self, *, copies: RecoveryCopies | None) -> None:
        regions = [self.region, *([copies.region] if copies else [])]
        name = vault_name(self.context.name)
        vaults = [self._vault_arn(region) for region in regions]
        check = ScheduledCheck(
            self,
            "Check",
            function="check_backups",
            function_name=check_name(self.context.name, "recovery"),
            hour=CHECK_HOUR,
            variables={
                "ENVIRONMENT": self.context.name,
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
            log_retention_days=self.context.log_retention_days,
            retain_data=self.context.retain_data,
        )
        acknowledge(
            check.role,
            {
                wildcard_resource("*"): "Metrics and restore jobs have no resource-level permissions; the namespace is "
                "fixed, and only states are read."
            },
        )

    def _vault_arn(self, region: str) -> str:
        name = vault_name(self.context.name)
        return f"arn:{self.partition}:backup:{region}:{self.account}:backup-vault:{name}"

    def _role(self, construct_id: str, policy: str) -> iam.Role:
        role = iam.Role(
            self,
            construct_id,
            # Class and interface name a parameter differently, which the type checker rejects.
            assumed_by=cast(iam.IPrincipal, iam.ServicePrincipal("backup.amazonaws.com")),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(f"service-role/{policy}")],
        )
        acknowledge(
            role,
            {
                managed_policy(
                    f"service-role/{policy}"
                ): "AWS limits this policy to what AWS Backup does; a copy would "
                "become outdated and backups would fail."
            },
        )
        return role

"""Alarms, their notifications, and the dashboard of one environment."""

from constructs import Construct

from settings import EnvironmentSettings
from stacks.application_stack import Application
from stacks.cache_stack import Cache
from stacks.database_stack import Database
from stacks.environment_stack import EnvironmentContext, EnvironmentStack
from stacks.monitoring.alarm_reader_role import AlarmReaderRole
from stacks.monitoring.alarm_sharing import AlarmSharing
from stacks.monitoring.alarm_topics import AlarmTopics
from stacks.monitoring.alarms import alarm_specs
from stacks.monitoring.alarms.maintenance import maintenance_specs
from stacks.monitoring.drift_check import DriftCheck
from stacks.monitoring.environment_alarms import EnvironmentAlarms
from stacks.monitoring.environment_dashboard import EnvironmentDashboard, console_links
from stacks.monitoring.metrics import EnvironmentMetrics, ObservedNames
from stacks.monitoring.monthly_budget import MonthlyBudget
from stacks.monitoring.off_hours_alarms import ignore_off_hours
from stacks.monitoring.severity import Severity


class Monitoring(EnvironmentStack):
    """Alarms that publish to one topic per severity, and the dashboard."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: EnvironmentContext,
        settings: EnvironmentSettings,
        application: Application,
        database: Database,
        cache: Cache,
        pipeline_dashboard: str,
    ) -> None:
        super().__init__(
            scope,
            "monitoring",
            context=context,
            description=f"YAWL {context.name}: alarms and dashboard",
        )
        topics = AlarmTopics(
            self,
            "Topics",
            environment_name=context.name,
            email=settings.alarm_email,
            logs=settings.recovery.drift_check,
        )
        self.high = topics.by_severity[Severity.HIGH]
        self.medium = topics.by_severity[Severity.MEDIUM]
        self.low = topics.by_severity[Severity.LOW]
        names = ObservedNames.read(self, application=application, database=database, cache=cache)
        metrics = EnvironmentMetrics(environment_name=context.name, names=names)
        alarms = EnvironmentAlarms(
            self,
            "Alarms",
            environment_name=context.name,
            runbooks=context.runbooks,
            specs=[
                *ignore_off_hours(alarm_specs(metrics, settings), settings.tasks.off_hours),
                *maintenance_specs(metrics.maintenance, settings.recovery),
            ],
            topics=topics,
        )
        if settings.recovery.drift_check:
            DriftCheck(
                self,
                "DriftCheck",
                environment_name=context.name,
                key=topics.key,
                log_retention_days=context.log_retention_days,
            )
        self.alarm_reader_role = AlarmReaderRole(
            self, "BakeRole", environment_name=context.name, pipeline_account=context.pipeline_account
        )
        if settings.monthly_budget_usd is not None and settings.alarm_email is not None:
            self.budget = MonthlyBudget(
                self,
                "Budget",
                environment_name=context.name,
                monthly_usd=settings.monthly_budget_usd,
                email=settings.alarm_email,
            )
        if settings.share_alarms:
            AlarmSharing(self, "AlarmSharing", pipeline_account=context.pipeline_account)
        self.alarm_names = alarms.names
        self.high_alarm_names = alarms.high_names
        self.alarms = [alarm for severity in Severity for alarm in alarms.by_severity[severity]]
        self.dashboard = EnvironmentDashboard(
            self,
            "Dashboard",
            environment_name=context.name,
            metrics=metrics,
            alarms=alarms,
            log_group_name=names.log_group,
            runbooks=context.runbooks,
            links={
                **console_links(
                    region=self.region, names=names, target_group_arn=application.target_group.target_group_arn
                ),
                f"the pipeline (account {context.pipeline_account})": pipeline_dashboard,
            },
        )

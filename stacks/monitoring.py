"""What tells how an environment does, and whom it tells."""

from aws_cdk import Environment
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.application import Application
from stacks.cache import Cache
from stacks.database import Database
from stacks.environment_stack import EnvironmentStack


class Monitoring(EnvironmentStack):
    """Alarms of three severities and the dashboard of one environment."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment_name: str,
        zones: tuple[str, str],
        env: Environment,
        application: Application,
        database: Database,
        cache: Cache,
        alarm_email: str | None,
    ) -> None:
        super().__init__(
            scope,
            "monitoring",
            environment_name=environment_name,
            zones=zones,
            env=env,
            description="YAWL: alarms and dashboard",
        )
        self.high = sns.Topic(self, "High", enforce_ssl=True)
        self.medium = sns.Topic(self, "Medium", enforce_ssl=True)
        self.low = sns.Topic(self, "Low", enforce_ssl=True)
        self.alarms = [
            application.target_group.metrics.healthy_host_count().create_alarm(
                self,
                "NoHealthyTarget",
                alarm_name=f"yawl-{environment_name}-no-healthy-target",
                threshold=1,
                evaluation_periods=2,
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            )
        ]
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=f"yawl-{environment_name}")

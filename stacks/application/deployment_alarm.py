"""The alarm that rolls back a deployment of the service."""

from math import ceil
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from stacks.shared import diagnosis
from stacks.shared.acknowledgments import acknowledge
from stacks.shared.runbook import Runbook

SLACK_MINUTES = 2
"""Added to the takeover time, for late metrics."""
RUNBOOK: Final = Runbook(
    meaning="No target has been healthy for longer than a takeover by another task lasts. ECS rolls back a deployment "
    "that causes it.",
    users="every page answers 503.",
    commands=(diagnosis.TASK_COUNTS, diagnosis.SERVICE_EVENTS, diagnosis.ENGINE_ERRORS),
    escalate="With `no-healthy-target`, which is mailed: this alarm is not. After a deployment that ECS rolled back, "
    "to whoever released it; the delivery fails by itself.",
)


class DeploymentAlarm(cloudwatch.Alarm):
    """In ALARM when no target has been healthy for longer than a takeover by another task lasts.

    ECS rolls back a deployment during which it enters ALARM. It counts healthy targets, not errors: during a takeover
    of `takeover_seconds` every request gets a 503, which is no reason to roll back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        runbooks: str,
        load_balancer: elbv2.ApplicationLoadBalancer,
        target_group: elbv2.ApplicationTargetGroup,
        takeover_seconds: int,
    ) -> None:
        self.name = f"yawl-{environment_name}-deployment"
        super().__init__(
            scope,
            construct_id,
            alarm_name=self.name,
            alarm_description=RUNBOOK.description(page=runbooks, alarm_name=self.name),
            metric=cloudwatch.Metric(
                namespace="AWS/ApplicationELB",
                metric_name="HealthyHostCount",
                dimensions_map={
                    "LoadBalancer": load_balancer.load_balancer_full_name,
                    "TargetGroup": target_group.target_group_full_name,
                },
                statistic="Maximum",
                period=Duration.minutes(1),
            ),
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            threshold=1,
            evaluation_periods=ceil(takeover_seconds / 60) + SLACK_MINUTES,
            # The first deployment has no data and no earlier revision.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        RUNBOOK.attach_to(self, alarm_name=self.name)
        acknowledge(
            self,
            {
                "CloudWatchAlarmAction": "ECS itself reads this alarm's state during deployments. At other times the "
                "alarms of the monitoring stack notify about missing tasks."
            },
        )

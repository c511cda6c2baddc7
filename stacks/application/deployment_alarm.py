"""What undoes a deployment of the service while it is under way."""

from math import ceil

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from stacks.shared.acknowledgments import acknowledge

SLACK_MINUTES = 2
"""On top of the longest planned gap, for metrics that come late."""


class DeploymentAlarm(cloudwatch.Alarm):
    """Rings when no task has been able to serve for longer than the engine's move to another task explains.

    ECS goes back to the tasks it had when it rings during a deployment. It counts healthy targets and not errors: while
    the engine moves, for `takeover_seconds`, every request is answered 503, and that is no reason to go back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment_name: str,
        load_balancer: elbv2.ApplicationLoadBalancer,
        target_group: elbv2.ApplicationTargetGroup,
        takeover_seconds: int,
    ) -> None:
        self.name = f"yawl-{environment_name}-deployment"
        super().__init__(
            scope,
            construct_id,
            alarm_name=self.name,
            alarm_description="No task has been able to serve for longer than the engine's move to another one takes",
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
            # Before the first task there is nothing to measure, and nothing to go back to.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        acknowledge(
            self,
            {
                "CloudWatchAlarmAction": "ECS itself asks for this alarm's state while it deploys. Whom a lack of "
                "tasks concerns at other times is told by the alarms of the monitoring stack."
            },
        )

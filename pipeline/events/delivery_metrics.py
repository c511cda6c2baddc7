"""Delivery metrics from the pipeline's history."""

import json
from collections.abc import Sequence
from typing import Final, cast

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from constructs import Construct

from pipeline.built_pipeline import BuiltEnvironment
from pipeline.events.event_function import EventFunction, PipelineEvents
from stacks.network.delivery_reader_role import READER_ROLE
from stacks.shared.acknowledgments import acknowledge
from stages.yawl_stage import YawlStage

ENDS: Final = ("SUCCEEDED", "FAILED", "STOPPED", "SUPERSEDED", "CANCELED")
"""Final states of stages and executions."""
HOUR: Final = "5"
"""Of the daily run, UTC."""


class DeliveryMetrics(Construct):
    """A function that publishes metrics when a stage or an execution ends, and the table of what it has published.

    It also runs once a day, for what events did not tell: lost events, and alarms long after a release. `watched` is
    the last environment in all its regions; its alarms of high severity count as incidents. Losing the table only
    publishes figures of the last two weeks a second time.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        environments: Sequence[BuiltEnvironment],
        watched: Sequence[YawlStage],
        log_retention_days: int,
        log_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.published = self._build_table()
        by_role = {READER_ROLE.format(account=one.settings.account, environment=one.name): one for one in watched}
        self.events = EventFunction(
            self,
            "Events",
            description="Publishes delivery metrics of the pipeline",
            package="delivery_metrics",
            handler="handler.handle",
            rules={"Rule": PipelineEvents(pipeline_name=pipeline_name, kinds=["Pipeline", "Stage"], states=ENDS)},
            variables={
                "ENVIRONMENTS": json.dumps(
                    [{"name": one.name, "stages": one.stages, "entry": one.entry} for one in environments]
                ),
                "PIPELINE": pipeline_name,
                "TABLE_NAME": self.published.table_name,
                "WATCHED": json.dumps(
                    [
                        {"role": role, "region": stage.settings.region, "alarms": stage.monitoring.high_alarm_names}
                        for role, stage in by_role.items()
                    ]
                ),
            },
            log_retention_days=log_retention_days,
            log_key=log_key,
        )
        events.Rule(
            self,
            "Daily",
            description="Publishes delivery metrics that no event told of",
            schedule=events.Schedule.cron(hour=HOUR, minute="0"),
            targets=[cast(events.IRuleTarget, self.events.target)],
        )
        self.events.allow("sts:AssumeRole", on=list(by_role))
        self.events.allow("dynamodb:PutItem", "dynamodb:Query", on=self.published.table_arn)
        self.events.allow(
            "codepipeline:ListActionExecutions",
            "codepipeline:ListPipelineExecutions",
            on=Stack.of(self).format_arn(service="codepipeline", resource=pipeline_name),
        )

    def _build_table(self) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Published",
            partition_key=dynamodb.Attribute(name="execution", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="figure", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires",
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            table,
            {"DynamoDBInBackupPlan": "It holds only the names of published figures."},
        )
        return table

"""Delivery metrics from the pipeline's history."""

import json
from typing import Final

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from pipeline.built_pipeline import BuiltEnvironment
from pipeline.events.event_function import EventFunction, PipelineEvents
from stacks.shared.acknowledgments import acknowledge

ENDS: Final = ("SUCCEEDED", "FAILED", "STOPPED", "SUPERSEDED", "CANCELED")
"""Final states of stages and executions."""


class DeliveryMetrics(Construct):
    """A function that publishes metrics when a stage or an execution ends, and the table of what it has published.

    Losing the table only publishes figures of current executions a second time.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        environments: list[BuiltEnvironment],
        log_retention_days: int,
        log_key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.published = dynamodb.Table(
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
            self.published,
            {"DynamoDBInBackupPlan": "It holds only the names of published figures."},
        )
        self.events = EventFunction(
            self,
            "Events",
            description="Publishes delivery metrics of the pipeline",
            package="delivery_metrics",
            handler="handler.handle",
            rules={"Rule": PipelineEvents(pipeline_name=pipeline_name, kinds=["Pipeline", "Stage"], states=ENDS)},
            variables={
                "ENVIRONMENTS": json.dumps([[one.name, one.stage, one.last_action] for one in environments]),
                "TABLE_NAME": self.published.table_name,
            },
            log_retention_days=log_retention_days,
            log_key=log_key,
        )
        self.events.allow("dynamodb:PutItem", "dynamodb:Query", on=self.published.table_arn)
        self.events.allow(
            "codepipeline:ListActionExecutions",
            "codepipeline:ListPipelineExecutions",
            on=Stack.of(self).format_arn(service="codepipeline", resource=pipeline_name),
        )

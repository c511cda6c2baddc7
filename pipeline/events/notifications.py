"""Notifications about deliveries: the function that publishes them, and a chat channel."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from aws_cdk import Stack
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from pipeline.artifact_stores import ArtifactStore
from pipeline.events.event_function import EventFunction, PipelineEvents
from pipeline.events.notification_topic import NotificationTopic
from pipeline.permissions.account_roles import Readers
from settings import PipelineSettings
from settings.sections.chat import ChatSettings
from stacks.shared.acknowledgments import acknowledge, wildcard_objects, wildcard_resource

CLAIMS: Final = "notifications"
"""The folder of the artifact store that records which notices were sent."""


class Notifications(Construct):
    """Announces that a delivery started, needs approval, failed, was stopped, rolled back or deployed.

    `stages` maps the pipeline's stages to environments. `deployments` are the stages that deploy. `runbooks` is the
    page with the alarm's runbook.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        settings: PipelineSettings,
        readers: Readers,
        stages: Mapping[str, str],
        deployments: Sequence[str],
        self_update: codebuild.IProject,
        store: ArtifactStore,
        approval_topic: NotificationTopic,
        delivery_topic: NotificationTopic,
        runbooks: str,
    ) -> None:
        super().__init__(scope, construct_id)

        def on(kind: str, state: str, **rest: Sequence[str]) -> PipelineEvents:
            return PipelineEvents(pipeline_name=pipeline_name, kinds=[kind], states=[state], **rest)

        notifier = EventFunction(
            self,
            "Notifier",
            description=f"Sends notifications about {pipeline_name}",
            package="delivery_events",
            handler="notify.handler",
            rules={
                "Began": on("Action", "SUCCEEDED", categories=["Source"]),
                "Waits": on("Action", "STARTED", categories=["Approval"]),
                "Arrived": on("Stage", "SUCCEEDED", stages=deployments),
                "Failed": on("Stage", "FAILED"),
                "Stopped": on("Pipeline", "STOPPED"),
            },
            variables={
                "APPROVAL_TOPIC": approval_topic.topic_arn,
                "BUCKET": store.bucket.bucket_name,
                "DEPLOYMENTS": json.dumps(list(deployments)),
                "DELIVERY_TOPIC": delivery_topic.topic_arn,
                "ENVIRONMENTS": json.dumps(stages),
                **readers.variables,
            },
            log_retention_days=settings.log_retention_days,
            log_key=store.key,
        )
        self._allow(notifier, pipeline_name, readers=readers, self_update=self_update, store=store)
        notifier.allow("sns:Publish", on=[approval_topic.topic_arn, delivery_topic.topic_arn])
        # The notifier cannot announce its own failure.
        notifier.alarm_on_failure(
            delivery_topic,
            pipeline_name=pipeline_name,
            missing="notifications",
            meaning="A notification was not sent",
            users="approvers and the team miss a mail; a release may wait for an approval that nobody knows of.",
            runbooks=runbooks,
        )
        if settings.chat is not None:
            self._add_chat(settings.chat, pipeline_name, [approval_topic, delivery_topic])

    def _allow(
        self,
        notifier: EventFunction,
        pipeline_name: str,
        *,
        readers: Readers,
        self_update: codebuild.IProject,
        store: ArtifactStore,
    ) -> None:
        stack = Stack.of(self)
        builds = f"arn:aws:codebuild:{stack.region}:{stack.account}:project/Pipeline*"
        logs = f"arn:aws:logs:{stack.region}:{stack.account}:log-group:{pipeline_name}-BuildLogs*:*"
        claims = f"{CLAIMS}/*"
        notifier.allow(
            "codepipeline:GetPipelineExecution",
            "codepipeline:ListActionExecutions",
            "codepipeline:ListPipelineExecutions",
            on=f"arn:aws:codepipeline:{stack.region}:{stack.account}:{pipeline_name}",
        )
        # Self-mutation's project is the only one that has a name in the template.
        notifier.allow("codebuild:BatchGetBuilds", on=[builds, self_update.project_arn])
        notifier.allow("logs:GetLogEvents", on=logs)
        notifier.allow("sts:AssumeRole", on=readers.roles)
        notifier.allow("s3:DeleteObject", "s3:PutObject", on=store.bucket.arn_for_objects(claims))
        notifier.allow("kms:Decrypt", "kms:GenerateDataKey", on=store.key.key_arn)
        acknowledge(
            notifier.role,
            {
                wildcard_resource(builds): "Reads the state of the pipeline's builds, whose projects CloudFormation "
                "names after their ids",
                wildcard_resource(logs): "Reads the first failing line of the pipeline's builds, whose logs' names "
                "begin so",
                wildcard_objects(self, store.bucket, claims): "One object for each notice that was sent",
            },
        )

    def _add_chat(self, chat: ChatSettings, pipeline_name: str, topics: Sequence[NotificationTopic]) -> None:
        deny_all = iam.ManagedPolicy.from_aws_managed_policy_name("AWSDenyAll")
        chatbot.SlackChannelConfiguration(
            self,
            "Chat",
            slack_channel_configuration_name=pipeline_name,
            slack_workspace_id=chat.workspace_id,
            slack_channel_id=chat.channel_id,
            notification_topics=[cast(sns.ITopic, topic) for topic in topics],
            # The channel only receives messages.
            guardrail_policies=[deny_all],
        )

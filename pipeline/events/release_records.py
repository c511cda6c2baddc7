"""Release records: which release each environment has had since when, in a bucket with Object Lock."""

import json
from collections.abc import Mapping
from typing import Final, cast

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from pipeline.artifact_stores import ArtifactStore
from pipeline.events.event_function import EventFunction, PipelineEvents
from pipeline.events.notification_topic import NotificationTopic
from pipeline.permissions.account_roles import Readers
from settings import PipelineSettings
from stacks.shared.acknowledgments import acknowledge, wildcard_objects
from stacks.shared.locked_bucket import deny_retention_bypass

OUTPUT: Final = "ReleaseRecordBucket"
"""The output of the pipeline's stack that names the bucket."""


class ReleaseRecords(Construct):
    """A bucket with Object Lock for release records and reviews, and the function that writes the records.

    Nobody can delete or replace a record or a review before `retention_days`, unless an administrator first changes
    the bucket's policy.
    """

    def __init__(self, scope: Construct, construct_id: str, *, retention_days: int, store: ArtifactStore) -> None:
        super().__init__(scope, construct_id)
        self.key = store.key
        """The bucket's key."""
        self.bucket = cast(s3.IBucket, self._build_bucket(retention_days, store))
        output = CfnOutput(
            Stack.of(self),
            OUTPUT,
            value=self.bucket.bucket_name,
            description="Bucket of the release records; read them with make releases",
        )
        output.override_logical_id(OUTPUT)

    def record(
        self,
        deployments: Mapping[str, str],
        *,
        pipeline_name: str,
        settings: PipelineSettings,
        readers: Readers,
        failure_topic: NotificationTopic,
        runbooks: str,
    ) -> None:
        """Write a record after each deployment; `deployments` maps the stages that deploy to environments.

        `runbooks` is the page with the runbook of its alarm.
        """
        stack = Stack.of(self)
        bucket = self.bucket
        recorder = EventFunction(
            self,
            "Recorder",
            description=f"Writes release records of {pipeline_name}",
            package="delivery_events",
            handler="record.handler",
            rules={
                "Arrived": PipelineEvents(
                    pipeline_name=pipeline_name, kinds=["Stage"], states=["SUCCEEDED"], stages=list(deployments)
                )
            },
            variables={
                "BUCKET": bucket.bucket_name,
                "ENVIRONMENTS": json.dumps(deployments),
                **readers.variables,
            },
            log_retention_days=settings.log_retention_days,
            log_key=self.key,
        )
        recorder.allow(
            "codepipeline:GetPipelineExecution",
            "codepipeline:ListActionExecutions",
            on=f"arn:aws:codepipeline:{stack.region}:{stack.account}:{pipeline_name}",
        )
        recorder.allow("sts:AssumeRole", on=readers.roles)
        recorder.allow("s3:PutObject", on=bucket.arn_for_objects("*"))
        recorder.allow("kms:Decrypt", "kms:GenerateDataKey", on=self.key.key_arn)
        acknowledge(
            recorder.role,
            {wildcard_objects(self, bucket): "A record is named after environment, time and execution"},
        )
        recorder.alarm_on_failure(
            failure_topic,
            pipeline_name=pipeline_name,
            missing="release-records",
            meaning="A release record was not written",
            users="nothing; `make releases` lacks a release, and a rollback might not know it.",
            runbooks=runbooks,
        )

    def _build_bucket(self, retention_days: int, store: ArtifactStore) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=store.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_default_retention=s3.ObjectLockRetention.governance(Duration.days(retention_days)),
            server_access_logs_bucket=cast(s3.IBucket, store.access_log_bucket),
            server_access_logs_prefix="release-records/",
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            bucket,
            {
                "S3BucketReplicationEnabled": "What a record says can be gathered again from CodePipeline's history "
                "and the accounts it tells of, while those remember; nothing depends on it."
            },
        )
        deny_retention_bypass(bucket)
        return bucket

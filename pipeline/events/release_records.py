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
    """A bucket with Object Lock, and the function that writes a record there after each deployment.

    Nobody can delete or replace a record before `release_retention_days`, unless an administrator first changes the
    bucket's policy.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        settings: PipelineSettings,
        readers: Readers,
        deployments: Mapping[str, str],
        store: ArtifactStore,
        failure_topic: NotificationTopic,
        runbooks: str,
    ) -> None:
        """`deployments` maps the stages that deploy to environments; `runbooks` is the alarm's page."""
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        bucket = self._build_bucket(settings.release_retention_days, store)
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
            log_key=store.key,
        )
        recorder.allow(
            "codepipeline:GetPipelineExecution",
            "codepipeline:ListActionExecutions",
            on=f"arn:aws:codepipeline:{stack.region}:{stack.account}:{pipeline_name}",
        )
        recorder.allow("sts:AssumeRole", on=readers.roles)
        recorder.allow("s3:PutObject", on=bucket.arn_for_objects("*"))
        recorder.allow("kms:Decrypt", "kms:GenerateDataKey", on=store.key.key_arn)
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
        description = "Bucket of the release records; read them with make releases"
        CfnOutput(stack, OUTPUT, value=bucket.bucket_name, description=description).override_logical_id(OUTPUT)

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

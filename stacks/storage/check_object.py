"""A static object that integration tests request after each deployment."""

from typing import Final, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import custom_resources
from constructs import Construct

from stacks.shared.acknowledgments import OWN_POLICY, acknowledge
from stacks.shared.log_group import LogGroup

KEY: Final = "static/check.txt"
PATH: Final = f"/{KEY}"
"""Its path at the distribution."""
LOG_DAYS: Final = 30


class CheckObject(custom_resources.AwsCustomResource):
    """A text file in the static bucket, with which tests check that CloudFront serves and caches its content.

    The function that writes it may only write and delete this one object. The object is deleted with its stack: after
    a failed first deployment the bucket is empty, so CloudFormation can delete it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, bucket: s3.IBucket, key: kms.IKey) -> None:
        put = custom_resources.AwsSdkCall(
            service="S3",
            action="putObject",
            parameters={
                "Bucket": bucket.bucket_name,
                "Key": KEY,
                "Body": "Static content is served.\n",
                "ContentType": "text/plain; charset=utf-8",
            },
            physical_resource_id=custom_resources.PhysicalResourceId.from_response("VersionId"),
            # Nothing else in the response is needed.
            output_paths=["VersionId"],
        )
        # Delete the version, not only the object: a versioned bucket with a delete marker is not empty, so a failed
        # first deployment could not be rolled back.
        remove = custom_resources.AwsSdkCall(
            service="S3",
            action="deleteObject",
            parameters={
                "Bucket": bucket.bucket_name,
                "Key": KEY,
                "VersionId": custom_resources.PhysicalResourceIdReference(),
            },
            # Earlier releases used the object's key as physical id, which S3 rejects as a version.
            ignore_error_codes_matching="InvalidArgument|NoSuchBucket",
        )
        super().__init__(
            scope,
            construct_id,
            on_create=put,
            on_update=put,
            on_delete=remove,
            policy=custom_resources.AwsCustomResourcePolicy.from_statements(
                [
                    iam.PolicyStatement(
                        actions=["s3:PutObject", "s3:DeleteObjectVersion"], resources=[bucket.arn_for_objects(KEY)]
                    ),
                    iam.PolicyStatement(actions=["kms:GenerateDataKey"], resources=[key.key_arn]),
                ]
            ),
            install_latest_aws_sdk=False,
            log_group=LogGroup(scope, f"{construct_id}Log", key=key, retention_days=LOG_DAYS, retain_data=False),
        )
        acknowledge(self, OWN_POLICY)
        # The library creates one such function per stack, beside the constructs that use it.
        function = cast(iam.Role, self.grant_principal).node.scope
        if isinstance(function, lambda_.Function):
            basic = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
            acknowledge(
                function,
                {
                    "AwsSolutions-L1": "The library's own function, which uses the runtime the library tests it with.",
                    f"AwsSolutions-IAM4[Policy::{basic}]": "This policy only lets the library's function write "
                    "its log.",
                    "LambdaConcurrency": "Only CloudFormation calls the function, once per deployment; reserved "
                    "concurrency would be taken from everything else in the account.",
                    "LambdaDLQ": "CloudFormation waits for the response and fails the deployment without one, so "
                    "no failure goes unnoticed.",
                    "LambdaInsideVPC": "The function only calls S3 and needs nothing in the VPC; inside it, it could "
                    "reach more than it needs.",
                },
            )

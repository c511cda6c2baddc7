"""An object of static content, so that there is one to be asked for after each deployment."""

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
"""Where the distribution shows it."""
LOG_DAYS: Final = 30


class CheckObject(custom_resources.AwsCustomResource):
    """A text in the bucket of static content, by which tests see that CloudFront serves and keeps what is there.

    The function that writes it may write and delete this one object, and nothing else. The object goes with its stack:
    a first deployment that fails leaves an empty bucket, which CloudFormation can delete.
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
            # The answer holds nothing else that anybody needs.
            output_paths=["VersionId"],
        )
        # The version and not only the object: a versioned bucket with a deleted object in it is not empty, and a first
        # deployment that fails could not be rolled back.
        remove = custom_resources.AwsSdkCall(
            service="S3",
            action="deleteObject",
            parameters={
                "Bucket": bucket.bucket_name,
                "Key": KEY,
                "VersionId": custom_resources.PhysicalResourceIdReference(),
            },
            # Releases before this one left the object's key as its id, which S3 refuses as a version.
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
        # The library keeps one such function a stack, beside the constructs that use it.
        function = cast(iam.Role, self.grant_principal).node.scope
        if isinstance(function, lambda_.Function):
            basic = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
            acknowledge(
                function,
                {
                    "AwsSolutions-L1": "The library's own function, which runs on the version it is tested with.",
                    f"AwsSolutions-IAM4[Policy::{basic}]": "The library's function writes its log, and may do no more "
                    "by that policy.",
                    "LambdaConcurrency": "Only CloudFormation calls the function, once in a deployment; a reserve "
                    "would be taken from everything else in the account.",
                    "LambdaDLQ": "CloudFormation waits for the answer and fails the deployment without one: no call is "
                    "lost unseen.",
                    "LambdaInsideVPC": "The function asks S3 for one object and reaches nothing in the network; inside "
                    "it, it would only be nearer to the database.",
                },
            )

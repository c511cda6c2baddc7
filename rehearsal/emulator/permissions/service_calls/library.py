"""Calls of the functions behind the CDK library's custom resources."""

import json
from collections.abc import Iterator

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import Call, Caller, calls, key_calls, object_context, role, row


@row(
    "AWS CDK",
    "Custom::S3AutoDeleteObjects",
    source="aws-cdk-lib, custom-resource-handlers/aws-s3/auto-delete-objects-handler: refuses new objects by the "
    "bucket's policy, then deletes all versions",
)
def emptying_a_bucket(custom: Resource, resources: Resources) -> Iterator[Call]:
    """Return what the function does when the bucket is deleted."""
    own, bucket = _function_role(custom, resources), resources.bucket(custom.at("BucketName"))
    if own and bucket:
        yield from calls(own, "s3:GetBucketTagging GetBucketPolicy PutBucketPolicy ListBucketVersions", bucket.arn)
        yield from calls(own, "s3:DeleteObject DeleteObjectVersion", f"{bucket.arn}/object")


@row(
    "AWS CDK",
    "Custom::VpcRestrictDefaultSG",
    source="aws-cdk-lib, custom-resource-handlers/aws-ec2/restrict-default-security-group-handler: revokes on "
    "creation, authorizes again on deletion",
)
def restricting_the_default_security_group(custom: Resource, resources: Resources) -> Iterator[Call]:
    """Return what the function does with the VPC's default security group."""
    if own := _function_role(custom, resources):
        group = custom.at("DefaultSecurityGroupId")
        arn = f"arn:aws:ec2:{custom.region}:{custom.account}:security-group/{group}"
        actions = "RevokeSecurityGroupIngress RevokeSecurityGroupEgress"
        yield from calls(own, f"ec2:{actions} {actions.replace('Revoke', 'Authorize')}", arn)


@row(
    "AWS CDK",
    "Custom::AWS",
    source="aws-cdk-lib, custom-resource-handlers/custom-resources/aws-custom-resource-handler: makes the call that "
    "Create, Update or Delete name",
)
def calling_what_a_custom_resource_says(custom: Resource, resources: Resources) -> Iterator[Call]:
    """Return the SDK call of each operation; for S3, those for writing an object."""
    own = _function_role(custom, resources)
    for operation in ("Create", "Update", "Delete"):
        text = custom.at(operation)
        if not own or not text:
            continue
        call = json.loads(text)
        bucket = resources.bucket(call.get("parameters", {}).get("Bucket"))
        if (call["service"], call["action"]) == ("S3", "putObject") and bucket:
            yield from calls(own, "s3:PutObject", f"{bucket.arn}/{call['parameters']['Key']}")
            key = resources.bucket_key(bucket)
            yield from key_calls(own, "GenerateDataKey", key, through="s3", context=object_context(bucket, key))


def _function_role(custom: Resource, resources: Resources) -> Caller | None:
    function = resources.by_arn(custom.at("ServiceToken", default=""))
    return role(function.at("Role")) if function else None

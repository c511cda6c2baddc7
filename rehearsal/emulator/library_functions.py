"""The CDK library's own custom resources.

Their functions call the AWS SDK, which ministack's local executor does not have; what they do is done here instead.
"""

from rehearsal.emulator.internals import Properties, Provisioned, ec2, handlers, s3


def register() -> None:
    """Answer for the custom resources of default security groups and of buckets that are emptied before deletion."""
    handlers.update(
        {
            "Custom::VpcRestrictDefaultSG": {"create": _restrict_default_group, "delete": _leave},
            "Custom::S3AutoDeleteObjects": {"create": _watch_bucket, "delete": _empty_bucket},
        }
    )


def _restrict_default_group(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    group = ec2._security_groups.get(properties["DefaultSecurityGroupId"])
    if group is not None:
        group["IpPermissions"] = []
        group["IpPermissionsEgress"] = []
    return f"restrict-{properties['DefaultSecurityGroupId']}", {}


def _leave(_physical_id: str, _properties: Properties) -> None:
    """Nothing to take back."""


def _watch_bucket(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    return f"empty-{properties['BucketName']}", {}


def _empty_bucket(_physical_id: str, properties: Properties) -> None:
    bucket = s3._buckets.get(properties["BucketName"])
    if bucket is not None:
        bucket["objects"].clear()

"""The CDK library's own custom resources.

Their functions call the AWS SDK, which ministack's local executor does not have; what they do is done here instead.
"""

import json
from typing import Final

from rehearsal.emulator.internals import Properties, Provisioned, ec2, handlers, s3
from rehearsal.emulator.rules.refusal import NotEmulated

PHYSICAL_ID: Final = "PHYSICAL:RESOURCEID:"
"""What stands in a call's parameters for the resource's physical id (aws-cdk-lib, `PhysicalResourceIdReference`)."""


def register() -> None:
    """Answer for the custom resources of default security groups, of buckets to be emptied, and of single calls."""
    handlers.update(
        {
            "Custom::VpcRestrictDefaultSG": {
                "create": _restrict_default_group,
                "update": _restrict_another_group,
                "delete": _leave,
            },
            "Custom::S3AutoDeleteObjects": {
                "create": _watch_bucket,
                "update": _watch_another_bucket,
                "delete": _empty_bucket,
            },
            "Custom::AWS": {"create": _call, "update": _call_again, "delete": _call_off},
        }
    )


def _restrict_default_group(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    group = ec2._security_groups.get(properties["DefaultSecurityGroupId"])
    if group is not None:
        group["IpPermissions"] = []
        group["IpPermissionsEgress"] = []
    return f"restrict-{properties['DefaultSecurityGroupId']}", {}


def _restrict_another_group(_physical_id: str, _old: Properties, new: Properties, stack_name: str) -> Provisioned:
    """Restrict the default group of the network that has replaced another; the other group goes with its network."""
    return _restrict_default_group("", new, stack_name)


def _leave(_physical_id: str, _properties: Properties) -> None:
    """Nothing to take back."""


def _watch_bucket(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    return f"empty-{properties['BucketName']}", {}


def _watch_another_bucket(_physical_id: str, _old: Properties, new: Properties, stack_name: str) -> Provisioned:
    return _watch_bucket("", new, stack_name)


def _empty_bucket(_physical_id: str, properties: Properties) -> None:
    bucket = s3._buckets.get(properties["BucketName"])
    if bucket is not None:
        bucket["objects"].clear()
        for key in [key for key in s3._object_versions if key[0] == properties["BucketName"]]:
            s3._object_versions.pop(key)


def _call(_logical_id: str, properties: Properties, _stack_name: str) -> Provisioned:
    """Make the one call that a resource stands for; of all services' calls, the one that puts an object."""
    call = json.loads(properties["Create"])
    if (call["service"], call["action"]) != ("S3", "putObject"):
        raise NotEmulated(_not_made(call))
    wanted = call["parameters"]
    headers = {"content-type": wanted.get("ContentType", "application/octet-stream")}
    status, answered, answer = s3._put_object(wanted["Bucket"], wanted["Key"], wanted["Body"].encode(), headers)
    if status >= 400:
        raise ValueError(answer.decode())
    said = {"VersionId": answered.get("x-amz-version-id", "null")}
    identity = call["physicalResourceId"]
    return identity.get("id") or said[identity["responsePath"]], said


def _call_again(physical_id: str, _old: Properties, new: Properties, stack_name: str) -> Provisioned:
    return _call(physical_id, {**new, "Create": new.get("Update", new["Create"])}, stack_name)


def _call_off(physical_id: str, properties: Properties) -> None:
    """Make the call at deletion, where there is one: of all services' calls, the one that deletes a version."""
    if "Delete" not in properties:
        return
    call = json.loads(properties["Delete"])
    if (call["service"], call["action"]) != ("S3", "deleteObject"):
        raise NotEmulated(_not_made(call))
    wanted = call["parameters"]
    version = physical_id if wanted["VersionId"] == PHYSICAL_ID else wanted["VersionId"]
    s3._delete_object(wanted["Bucket"], wanted["Key"], {}, {"versionId": [version]})


def _not_made(call: dict[str, str]) -> str:
    return f"the rehearsal does not make the call {call['service']}:{call['action']} of a Custom::AWS"

"""The CDK library's own custom resources.

Their functions call the AWS SDK, which ministack's local executor does not have. The emulator does their work itself.
"""

import json
from typing import Final

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, ec2, s3
from rehearsal.emulator.rules.refusal import NotEmulated

PHYSICAL_ID: Final = "PHYSICAL:RESOURCEID:"
"""Placeholder for the physical id in a call's parameters (aws-cdk-lib, `PhysicalResourceIdReference`)."""


def register() -> None:
    """Provide the custom resources for default security groups, for buckets to be emptied, and for single SDK calls."""
    providers.register(
        RestrictedDefaultGroup("Custom::VpcRestrictDefaultSG"),
        AutoDeletedObjects("Custom::S3AutoDeleteObjects"),
        SdkCall("Custom::AWS"),
    )


class RestrictedDefaultGroup(providers.ResourceProvider):
    """Removes the rules of a network's default security group."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        group = ec2._security_groups.get(properties["DefaultSecurityGroupId"])
        if group is not None:
            group["IpPermissions"] = []
            group["IpPermissionsEgress"] = []
        return f"restrict-{properties['DefaultSecurityGroupId']}", {}


class AutoDeletedObjects(providers.ResourceProvider):
    """Empties a bucket before its stack deletes it."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        return f"empty-{properties['BucketName']}", {}

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        bucket = s3._buckets.get(properties["BucketName"])
        if bucket is not None:
            bucket["objects"].clear()
            for key in [key for key in s3._object_versions if key[0] == properties["BucketName"]]:
                s3._object_versions.pop(key)


class SdkCall(providers.ResourceProvider):
    """Makes one SDK call: S3's putObject at a creation or update, its deleteObject at a deletion. Refuses others."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        call = json.loads(properties["Create"])
        _require(call, "putObject")
        parameters = call["parameters"]
        headers = {"content-type": parameters.get("ContentType", "application/octet-stream")}
        status, answered, answer = s3._put_object(
            parameters["Bucket"], parameters["Key"], parameters["Body"].encode(), headers
        )
        if status >= 400:
            raise ValueError(answer.decode())
        attributes = {"VersionId": answered.get("x-amz-version-id", "null")}
        identity = call["physicalResourceId"]
        return identity.get("id") or attributes[identity["responsePath"]], attributes

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        return self.create(logical_id, {**new, "Create": new.get("Update", new["Create"])}, stack_name)

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: object) -> None:
        if "Delete" not in properties:
            return
        call = json.loads(properties["Delete"])
        _require(call, "deleteObject")
        parameters = call["parameters"]
        version = physical_id if parameters["VersionId"] == PHYSICAL_ID else parameters["VersionId"]
        s3._delete_object(parameters["Bucket"], parameters["Key"], {}, {"versionId": [version]})


def _require(call: dict[str, str], action: str) -> None:
    if (call["service"], call["action"]) != ("S3", action):
        raise NotEmulated(f"the rehearsal does not make the call {call['service']}:{call['action']} of a Custom::AWS")

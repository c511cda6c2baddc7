"""Every bucket of the app, the pipeline's as well: private, versioned, encrypted, and closed without TLS."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.policies import as_list, in_text
from tests.unit.deployed_stacks import Json, Stack, stacks
from tests.unit.other_settings import Synthesized

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

PRIVATE = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)


@pytest.fixture(scope="module")
def buckets(assembly: "CloudAssembly") -> list[tuple[Stack, str, Json]]:
    found = stacks(Synthesized(Path(assembly.directory)))
    listed = [(stack, name, bucket) for stack in found for name, bucket in stack.of_type("AWS::S3::Bucket")]
    assert len(listed) > 15
    return listed


def test_all_are_private_and_versioned(buckets: list[tuple[Stack, str, Json]]) -> None:
    for stack, name, bucket in buckets:
        assert bucket["PublicAccessBlockConfiguration"] == PRIVATE, f"{stack.name} {name}"
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, f"{stack.name} {name}"
        assert "WebsiteConfiguration" not in bucket
        assert bucket.get("AccessControl") in (None, "LogDeliveryWrite")


def test_all_but_access_logs_are_encrypted_with_our_keys(buckets: list[tuple[Stack, str, Json]]) -> None:
    for _, name, bucket in buckets:
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        default = rule["ServerSideEncryptionByDefault"]
        if "AccessLogBucket" in name:
            assert default == {"SSEAlgorithm": "AES256"}
        else:
            assert default["SSEAlgorithm"] == "aws:kms"
            # Of its own stack; the replica's bucket names the alias.
            assert re.fullmatch(r"<\w*Key\w+\.Arn>|arn:aws:kms:.*<\w*Alias\w+>", in_text(default["KMSMasterKeyID"]))


def test_all_delete_what_is_old(buckets: list[tuple[Stack, str, Json]]) -> None:
    """Otherwise old versions and parts of uploads cost more every month. Records are kept on purpose."""
    for stack, name, bucket in buckets:
        if not name.startswith("ReleaseRecords"):
            rules = bucket["LifecycleConfiguration"]["Rules"]
            assert all(rule["Status"] == "Enabled" for rule in rules)
            assert any("NoncurrentVersionExpiration" in rule for rule in rules), f"{stack.name} {name}"


def test_all_refuse_requests_without_tls(buckets: list[tuple[Stack, str, Json]]) -> None:
    for stack, name, _ in buckets:
        policies = [one for _, one in stack.of_type("AWS::S3::BucketPolicy") if one["Bucket"] == {"Ref": name}]
        refused = [
            statement["Condition"]
            for policy in policies
            for statement in as_list(policy["PolicyDocument"]["Statement"])
            if (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
        ]
        assert {"Bool": {"aws:SecureTransport": "false"}} in refused, f"{stack.name} {name}"
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in refused, f"{stack.name} {name}"

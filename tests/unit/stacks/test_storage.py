"""The buckets of every environment against the reference's figures."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

Templates: TypeAlias = Callable[[str, str], Template]

DATA_BUCKETS = ("BackupBucket", "StaticBucket", "ArtifactsBucket")
ALL_BUCKETS = ("AccessLogBucket", *DATA_BUCKETS)
OURS = {"Fn::GetAtt": [Match.string_like_regexp("^Key"), "Arn"]}
TRANSITIONS = [
    {"StorageClass": "GLACIER", "TransitionInDays": 30},
    {"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 90},
]


def lifecycle(rule: dict[str, Any]) -> dict[str, Any]:
    """Return the property that holds this rule."""
    return {"LifecycleConfiguration": {"Rules": Match.array_with([Match.object_like({"Status": "Enabled", **rule})])}}


PROPERTIES = {
    "BackupBucket": {
        "Glacier after 30 days, Deep Archive after 90": lifecycle({"Transitions": TRANSITIONS}),
        "old versions end after 365 days": lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 365}}),
    },
    "StaticBucket": {
        "what was overwritten ends after 30 days": lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}),
        "pages of any origin may read": {
            "CorsConfiguration": {
                "CorsRules": [Match.object_like({"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["*"]})]
            }
        },
    },
    "ArtifactsBucket": {
        "artifacts end after 90 days": lifecycle({"ExpirationInDays": 90}),
        "old versions too": lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 90}}),
    },
    "AccessLogBucket": {
        "logs end after 90 days": lifecycle({"ExpirationInDays": 90}),
        "what was taken away ends after 30 more": lifecycle({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}),
        "CloudFront can deliver through an ACL": {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
        },
        "services can deliver: it is encrypted with S3's own key": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            }
        },
    },
}

SHARED = {
    "objects are encrypted with our key": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                Match.object_like(
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": OURS},
                    }
                )
            ]
        }
    },
    "keys that clients bring are refused": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                Match.object_like({"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}})
            ]
        }
    },
    "every access is logged": {
        "LoggingConfiguration": {"DestinationBucketName": {"Ref": Match.string_like_regexp("^AccessLogBucket")}}
    },
    "uploads that were given up go after a week": lifecycle(
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    ),
}


@pytest.mark.parametrize(
    ("bucket", "properties"),
    [
        pytest.param(bucket, properties, id=f"{bucket}: {fact}")
        for bucket, facts in PROPERTIES.items()
        for fact, properties in facts.items()
    ]
    + [
        pytest.param(bucket, properties, id=f"{bucket}: {fact}")
        for bucket in DATA_BUCKETS
        for fact, properties in SHARED.items()
    ],
)
def test_bucket_properties(template: Templates, bucket: str, properties: dict[str, Any]) -> None:
    one = only(template("prod", "storage"), bucket)
    one.has_resource_properties("AWS::S3::Bucket", properties)


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("bucket", ALL_BUCKETS)
def test_old_versions_are_kept_for_a_while(template: Templates, environment: str, bucket: str) -> None:
    only(template(environment, "storage"), bucket).has_resource_properties(
        "AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "Enabled"}}
    )


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("bucket", ALL_BUCKETS)
def test_nothing_is_public(template: Templates, environment: str, bucket: str) -> None:
    blocked = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    only(template(environment, "storage"), bucket).has_resource_properties(
        "AWS::S3::Bucket", {"PublicAccessBlockConfiguration": blocked}
    )


@pytest.mark.parametrize("bucket", ALL_BUCKETS)
@pytest.mark.parametrize(
    "condition",
    [
        pytest.param({"Bool": {"aws:SecureTransport": "false"}}, id="without TLS"),
        pytest.param({"NumericLessThan": {"s3:TlsVersion": 1.2}}, id="with TLS older than 1.2"),
    ],
)
def test_connections_are_refused(template: Templates, bucket: str, condition: dict[str, Any]) -> None:
    denials = [s for s in statements(template("prod", "storage"), bucket) if s["Effect"] == "Deny"]
    assert {"Action": "s3:*", "Principal": {"AWS": "*"}, "Condition": condition} in [
        {key: denial[key] for key in ("Action", "Principal", "Condition")} for denial in denials
    ]


@pytest.mark.parametrize("bucket", DATA_BUCKETS)
@pytest.mark.parametrize(
    ("asks_for", "refused"),
    [
        pytest.param({}, False, id="nothing: the bucket encrypts with its own key"),
        pytest.param({"": "aws:kms", "-aws-kms-key-id": "ours"}, False, id="the bucket's own key"),
        pytest.param({"": "aws:kms", "-aws-kms-key-id": "theirs"}, True, id="another key"),
        pytest.param({"": "aws:kms"}, True, id="KMS with no key, which means the account's default key"),
        pytest.param({"": "AES256"}, True, id="S3's own key"),
    ],
)
def test_upload_with_other_encryption_is_denied(
    template: Templates, bucket: str, asks_for: dict[str, str], refused: bool
) -> None:
    request = {f"s3:x-amz-server-side-encryption{name}": value for name, value in asks_for.items()}
    uploads = [s for s in statements(template("prod", "storage"), bucket) if s["Action"] == "s3:PutObject"]
    assert any(applies(statement["Condition"], request) for statement in uploads) is refused


def test_only_cloudfront_of_this_account_reads_the_static_bucket(template: Templates) -> None:
    stack = template("prod", "storage")
    allowed = [s for s in statements(stack, "StaticBucket") if s["Effect"] == "Allow"]
    assert [(s["Action"], s["Principal"], s["Condition"]) for s in allowed] == [
        (
            "s3:GetObject",
            {"Service": "cloudfront.amazonaws.com"},
            {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::444444444444:distribution/*"}},
        )
    ]


def test_cloudfront_of_this_account_may_decrypt_what_it_reads(template: Templates) -> None:
    template("prod", "storage").has_resource_properties(
        "AWS::KMS::Key",
        {
            "KeyPolicy": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Action": "kms:Decrypt",
                                "Principal": {"Service": "cloudfront.amazonaws.com"},
                                "Condition": {
                                    "ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::444444444444:distribution/*"}
                                },
                            }
                        )
                    ]
                )
            }
        },
    )


def test_key_rotates(template: Templates) -> None:
    template("prod", "storage").has_resource_properties("AWS::KMS::Key", {"EnableKeyRotation": True})


@pytest.mark.parametrize(
    ("environment", "policy", "emptied"),
    [("dev", "Delete", 4), ("staging", "Delete", 4), ("prod", "RetainExceptOnCreate", 0)],
)
def test_data_is_retained_where_set(template: Templates, environment: str, policy: str, emptied: int) -> None:
    stack = template(environment, "storage")
    stored = {**stack.find_resources("AWS::S3::Bucket"), **stack.find_resources("AWS::KMS::Key")}
    assert {resource["DeletionPolicy"] for resource in stored.values()} == {policy}
    stack.resource_count_is("Custom::S3AutoDeleteObjects", emptied)


def only(stack: Template, bucket: str) -> Template:
    """Return the stack with this bucket alone, so that no other can satisfy what is asked of it."""
    buckets = {name: it for name, it in stack.find_resources("AWS::S3::Bucket").items() if name.startswith(bucket)}
    assert len(buckets) == 1
    return Template.from_string(json.dumps({"Resources": buckets}))


def statements(stack: Template, bucket: str) -> list[dict[str, Any]]:
    """Return the statements of the bucket's policy."""
    (policy,) = [
        resource["Properties"]["PolicyDocument"]["Statement"]
        for resource in stack.find_resources("AWS::S3::BucketPolicy").values()
        if resource["Properties"]["Bucket"]["Ref"].startswith(bucket)
    ]
    return policy


def applies(condition: dict[str, dict[str, Any]], request: dict[str, str]) -> bool:
    """Return whether IAM would find the condition true; a comparison with `not` holds when the request says nothing."""

    def holds(operator: str, key: str, expected: Any) -> bool:
        if operator == "Null":
            return (key not in request) is (expected == "true")
        assert operator in {"StringNotEquals", "ArnNotEquals"}
        # In the template our key is a reference, not a string.
        return request.get(key) != ("ours" if isinstance(expected, dict) else expected)

    return all(holds(operator, key, value) for operator, keys in condition.items() for key, value in keys.items())


def test_check_object_and_its_writers_permissions(template: Templates) -> None:
    stack = template("prod", "storage")
    [call] = stack.find_resources("Custom::AWS").values()
    output = json.dumps(call["Properties"]["Create"])
    assert "putObject" in output
    assert "static/check.txt" in output
    [policy] = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for name, one in stack.find_resources("AWS::IAM::Policy").items()
        if name.startswith("CheckObject")
    ]
    assert [statement["Action"] for statement in policy] == [
        ["s3:DeleteObjectVersion", "s3:PutObject"],
        "kms:GenerateDataKey",
    ]
    assert "/static/check.txt" in json.dumps(policy[0]["Resource"])
    assert "*" not in json.dumps(policy)


def test_check_object_is_deleted_before_its_bucket(template: Templates) -> None:
    """With any version left in it, the bucket would end a failed first deployment in ROLLBACK_FAILED."""
    [call] = template("prod", "storage").find_resources("Custom::AWS").values()
    put, remove = (json.dumps(call["Properties"][when]) for when in ("Create", "Delete"))
    assert json.dumps("VersionId") in put.replace("\\", "")
    assert "deleteObject" in remove
    assert "PHYSICAL:RESOURCEID:" in remove

"""S3: names, policies, versions, locks, lifecycle rules."""

from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.templates import bucket, bucket_policy, ref, resource

NAMING = "Amazon S3 User Guide, Bucket naming rules"


def _bucket(name: str, refused: str | None, source: str, **properties: Any) -> Probe:
    return Probe(
        name,
        lambda bench: bench.deploy(Bucket=bucket(f"probe-{bench.home.account}", **properties)),
        source,
        refused,
    )


def _named(name: str, bucket_name: str) -> Probe:
    return Probe(
        name,
        lambda bench: bench.deploy(Bucket=bucket(bucket_name)),
        NAMING,
        r"not valid|Invalid|keyword \[(pattern|minLength|maxLength)\]|[Bb]ucket name",
    )


def _read(principal: Any, on: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": on}


def _policy(name: str, refused: str | None, source: str, statement: Any, **properties: Any) -> Probe:
    return Probe(
        name,
        lambda bench: bench.deploy(
            Bucket=bucket(f"probe-{bench.home.account}", **properties), Policy=bucket_policy(ref("Bucket"), statement)
        ),
        source,
        refused,
    )


def _with_object(bench: Bench) -> Answer:
    name = f"probe-{bench.home.account}"
    bench.deploy(Bucket=bucket(name))
    bench.call("s3", "put_object", Bucket=name, Key="a", Body=b"a")
    return bench.delete()


def _with_old_version(bench: Bench) -> Answer:
    name = f"probe-{bench.home.account}"
    bench.deploy(Bucket=bucket(name, VersioningConfiguration={"Status": "Enabled"}))
    bench.call("s3", "put_object", Bucket=name, Key="a", Body=b"a")
    bench.call("s3", "delete_object", Bucket=name, Key="a")
    return bench.delete()


def _in_bucket(*parts: str) -> dict[str, Any]:
    return {"Fn::Sub": "arn:aws:s3:::${Bucket}" + "".join(parts)}


def _replication(**properties: Any) -> Probe:
    return Probe(
        "replication without versions",
        lambda bench: bench.deploy(
            Target=bucket(f"target-{bench.home.account}", VersioningConfiguration={"Status": "Enabled"}),
            Bucket=bucket(
                f"probe-{bench.home.account}",
                ReplicationConfiguration={
                    "Role": f"arn:aws:iam::{bench.home.account}:role/probe",
                    "Rules": [
                        {
                            "Status": "Enabled",
                            "Prefix": "",
                            "Destination": {"Bucket": {"Fn::GetAtt": ["Target", "Arn"]}},
                        }
                    ],
                },
                **properties,
            ),
        ),
        "Amazon S3 API Reference, PutBucketReplication: versioning must be enabled",
        "Versioning must be 'Enabled' on the bucket",
    )


LOCK = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}


def _aged(days: int, storage_class: str) -> dict[str, Any]:
    transition = {"StorageClass": storage_class, "TransitionInDays": days}
    return {"Rules": [{"Status": "Enabled", "Transitions": [transition]}]}


PUBLIC = {"BlockPublicPolicy": True, "BlockPublicAcls": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
PROBES = (
    _bucket("a bucket", None, NAMING),
    _named("a name in capitals", "Probe-Bucket"),
    _named("a name of two characters", "ab"),
    _named("a name of 64 characters", "a" * 64),
    _named("a name like an address", "192.168.5.4"),
    _named("two dots together", "probe..bucket"),
    _named("a prefix that is reserved", "xn--probe"),
    _policy(
        "a policy about another bucket",
        "invalid resource",
        "Amazon S3 API Reference, PutBucketPolicy: MalformedPolicy, Policy has invalid resource",
        _read({"Service": "cloudfront.amazonaws.com"}, "arn:aws:s3:::another-bucket/*"),
    ),
    _policy(
        "a principal that is not there",
        "[Ii]nvalid principal",
        "Amazon S3 User Guide, Principals: Invalid principal in policy",
        _read({"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/nobody"}}, _in_bucket("/*")),
    ),
    _policy(
        "an action for objects on the bucket itself",
        "[Aa]ction does not apply to any resource",
        "Amazon S3 API Reference, PutBucketPolicy: MalformedPolicy",
        _read({"Service": "cloudfront.amazonaws.com"}, _in_bucket()),
    ),
    _policy(
        "a policy without a principal",
        "Missing required field Principal|[Mm]alformed",
        "Amazon S3 API Reference, PutBucketPolicy: MalformedPolicy",
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": _in_bucket("/*")},
    ),
    _policy(
        "a public policy where such are blocked",
        "public policies are blocked|Access ?Denied|BlockPublicPolicy",
        "Amazon S3 User Guide, Blocking public access: BlockPublicPolicy rejects PutBucketPolicy",
        _read("*", _in_bucket("/*")),
        PublicAccessBlockConfiguration=PUBLIC,
    ),
    _policy(
        "a policy for a service",
        None,
        "Amazon S3 User Guide, Bucket policies",
        _read({"Service": "cloudfront.amazonaws.com"}, _in_bucket("/*")),
        PublicAccessBlockConfiguration=PUBLIC,
    ),
    Probe(
        "a policy of a bucket that is not there",
        lambda bench: bench.deploy(
            Policy=bucket_policy(
                "probe-nothing-here",
                _read({"Service": "cloudfront.amazonaws.com"}, "arn:aws:s3:::probe-nothing-here/*"),
            )
        ),
        "Amazon S3 API Reference, PutBucketPolicy: NoSuchBucket",
        "does not exist|NoSuchBucket",
    ),
    Probe(
        "a second policy of a bucket",
        lambda bench: bench.deploy(
            Bucket=bucket(f"probe-{bench.home.account}"),
            One=bucket_policy(ref("Bucket"), _read({"Service": "cloudfront.amazonaws.com"}, _in_bucket("/*"))),
            Two=bucket_policy(ref("Bucket"), _read({"Service": "cloudfront.amazonaws.com"}, _in_bucket("/*"))),
        ),
        "CloudFormation: AWS::S3::BucketPolicy, its identifier is the bucket",
        "already exists",
    ),
    Probe(
        "the deletion of a bucket with an object",
        _with_object,
        "Amazon S3 API Reference, DeleteBucket: BucketNotEmpty",
        "not empty",
    ),
    Probe(
        "the deletion of a bucket with an old version",
        _with_old_version,
        "Amazon S3 API Reference, DeleteBucket: all versions must be deleted",
        "not empty",
    ),
    _replication(),
    _bucket(
        "infrequent access after a day",
        "greater than or equal to 30|keyword",
        "Amazon S3 User Guide, Lifecycle transitions: STANDARD_IA after 30 days",
        LifecycleConfiguration=_aged(1, "STANDARD_IA"),
    ),
    _bucket(
        "Glacier after 30 days",
        None,
        "Amazon S3 User Guide, Lifecycle transitions",
        LifecycleConfiguration=_aged(30, "GLACIER"),
    ),
    _bucket(
        "a lock without its switch",
        "ObjectLock|Object Lock|InvalidBucketState",
        "CloudFormation: AWS::S3::Bucket, ObjectLockEnabled is required for a configuration",
        ObjectLockConfiguration=LOCK,
    ),
    Probe(
        "a lock switched off",
        lambda bench: bench.changed(
            {"Bucket": bucket(f"probe-{bench.home.account}", ObjectLockEnabled=True)},
            {"Bucket": bucket(f"probe-{bench.home.account}", ObjectLockEnabled=False)},
        ),
        "Amazon S3 User Guide, Object Lock: you can't disable it",
        "[Oo]bject ?[Ll]ock",
    ),
    Probe(
        "versions switched off under a lock",
        lambda bench: bench.changed(
            {
                "Bucket": bucket(
                    f"probe-{bench.home.account}",
                    ObjectLockEnabled=True,
                    VersioningConfiguration={"Status": "Enabled"},
                )
            },
            {
                "Bucket": bucket(
                    f"probe-{bench.home.account}",
                    ObjectLockEnabled=True,
                    VersioningConfiguration={"Status": "Suspended"},
                )
            },
        ),
        "Amazon S3 User Guide, Object Lock: versioning can't be suspended",
        "InvalidBucketState|versioning state cannot be changed|Object Lock",
    ),
    Probe(
        "notifications to a queue that does not admit S3",
        lambda bench: bench.deploy(
            Queue=resource("AWS::SQS::Queue"),
            Bucket=bucket(
                f"probe-{bench.home.account}",
                NotificationConfiguration={
                    "QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}]
                },
            ),
        ),
        "Amazon S3 User Guide, Event notifications: Unable to validate the following destination configurations",
        "Unable to validate the following destination configurations",
    ),
)

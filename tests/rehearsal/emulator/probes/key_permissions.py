"""Permissions for keys: key policies, grants, KMS conditions, and the calls that services make for a caller."""

import json
from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.callers import Caller, by_service, caller, make_bucket, make_key, role_arn
from tests.rehearsal.emulator.probes.permissions import NO_IDENTITY, NO_RESOURCE, to
from tests.rehearsal.emulator.probes.templates import allow, policy

POLICIES = "KMS Developer Guide, Key policies in AWS KMS"
DELEGATION = "KMS Developer Guide, Default key policy: allows access to the AWS account"
ACROSS = "KMS Developer Guide, Allowing users in other accounts to use a KMS key"
CONDITIONS = "KMS Developer Guide, AWS KMS condition keys"
GRANTS = "KMS Developer Guide, Grants in AWS KMS"
S3 = "S3 User Guide, Using server-side encryption with AWS KMS keys: permissions"
SNS = "SNS Developer Guide, Managing Amazon SNS encryption keys and costs"
SQS = "SQS Developer Guide, Key management"
SECRETS = "Secrets Manager User Guide, Secret encryption and decryption: permissions for the KMS key"
LOGS = "CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using AWS KMS"

MAKE = "kms:GenerateDataKey"
READ = "kms:Decrypt"
USE = allow(MAKE, READ)


def _use(who: Caller, key: str, **arguments: Any) -> Answer:
    return who.call("kms", "generate_data_key", KeyId=key, KeySpec="AES_256", **arguments)


def _direct(bench: Bench, *own: dict[str, Any], by_key: Any = None, delegated: bool = True, **arguments: Any) -> Answer:
    """Use a key as a role with these statements; `by_key` are the principals that the key policy allows."""
    who = caller(bench, *own)
    statements = [to(by_key, MAKE)] if by_key else []
    return _use(who, make_key(bench, *statements, delegated=delegated), **arguments)


def _across(bench: Bench, *, identity: bool, resource: bool) -> Answer:
    who = caller(bench, *([USE] if identity else []))
    statements = [to(f"arn:aws:iam::{bench.home.account}:root", MAKE)] if resource else []
    return _use(who, make_key(bench, *statements, account=bench.stranger))


def _granted(bench: Bench, *operations: str, grantee: str = "caller", **constraints: Any) -> Answer:
    """Use a key that a grant lets a role use."""
    who, key = caller(bench), make_key(bench, delegated=False)
    caller(bench, name="another")
    bench.client("kms").create_grant(
        KeyId=key,
        GranteePrincipal=role_arn(bench.home.account, grantee),
        Operations=list(operations),
        **({"Constraints": constraints} if constraints else {}),
    )
    return _use(who, key, EncryptionContext={"app": "yawl"})


def _object(bench: Bench, *own: dict[str, Any], write: bool = False) -> Answer:
    """Read or write an object that a key encrypts."""
    who = caller(bench, allow("s3:GetObject", "s3:PutObject"), *own)
    bucket = make_bucket(bench, key=make_key(bench))
    if write:
        return who.call("s3", "put_object", Bucket=bucket, Key="b", Body=b"b")
    return who.call("s3", "get_object", Bucket=bucket, Key="a")


def _named_key(bench: Bench) -> Answer:
    """Write an object with a key, named in the request, that the caller may not use."""
    who, bucket = caller(bench, allow("s3:PutObject")), make_bucket(bench)
    options = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": make_key(bench)}
    return who.call("s3", "put_object", Bucket=bucket, Key="b", Body=b"b", **options)


def _across_object(bench: Bench, *, admitted: bool) -> Answer:
    """Read another account's encrypted object, which its bucket allows."""
    who = caller(bench, allow("s3:GetObject"), USE)
    statements = [to(who.role, READ)] if admitted else []
    key = make_key(bench, *statements, account=bench.stranger)
    bucket = make_bucket(bench, to(who.role, "s3:GetObject"), account=bench.stranger, key=key)
    return who.call("s3", "get_object", Bucket=bucket, Key="a")


def _via(service: str) -> dict[str, Any]:
    return allow(MAKE, READ, Condition={"StringEquals": {"kms:ViaService": f"{service}.eu-west-1.amazonaws.com"}})


def _publish(bench: Bench, *own: dict[str, Any]) -> Answer:
    who = caller(bench, allow("sns:Publish"), *own)
    topic = bench.client("sns").create_topic(Name="probe", Attributes={"KmsMasterKeyId": make_key(bench)})["TopicArn"]
    return who.call("sns", "publish", TopicArn=topic, Message="m")


def _queue(bench: Bench, operation: str, *own: dict[str, Any], **arguments: Any) -> Answer:
    who = caller(bench, allow("sqs:SendMessage", "sqs:ReceiveMessage"), *own)
    queue = bench.client("sqs").create_queue(QueueName="probe", Attributes={"KmsMasterKeyId": make_key(bench)})
    return who.call("sqs", operation, QueueUrl=queue["QueueUrl"], **arguments)


def _secret(bench: Bench, *own: dict[str, Any]) -> Answer:
    who = caller(bench, allow("secretsmanager:GetSecretValue"), *own)
    made = bench.client("secretsmanager").create_secret(Name="probe", SecretString="s", KmsKeyId=make_key(bench))
    return who.call("secretsmanager", "get_secret_value", SecretId=made["ARN"])


def _parameter(bench: Bench, *own: dict[str, Any]) -> Answer:
    who = caller(bench, allow("ssm:GetParameter"), *own)
    arguments = {"Name": "/probe", "Value": "v", "Type": "SecureString", "KeyId": make_key(bench)}
    bench.client("ssm").put_parameter(**arguments)
    return who.call("ssm", "get_parameter", Name="/probe", WithDecryption=True)


def _alarm(bench: Bench, *, admitted: bool) -> Answer:
    """Have an alarm publish to an encrypted topic."""
    service = {"Service": "cloudwatch.amazonaws.com"}
    key = make_key(bench, *([to(service, "kms:GenerateDataKey*", READ)] if admitted else []))
    arn = f"arn:aws:sns:{bench.home.region}:{bench.home.account}:probe"
    sns = bench.client("sns")
    sns.create_topic(Name="probe", Attributes={"KmsMasterKeyId": key})
    statement = to(service, "sns:Publish", Resource=arn)
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy(statement)))
    return by_service(bench, "cloudwatch.amazonaws.com", "sns:Publish", arn)


def _context(value: str) -> dict[str, Any]:
    return allow(MAKE, Condition={"StringEquals": {"kms:EncryptionContext:app": value}})


PROBES = (
    Probe("a key that leaves it to its account, and a role that may", lambda bench: _direct(bench, USE), DELEGATION),
    Probe(
        "a key that leaves it to its account, and a role without a policy",
        _direct,
        DELEGATION,
        NO_IDENTITY.format(MAKE),
    ),
    Probe(
        "a key that leaves nothing to its account, and a role that may",
        lambda bench: _direct(bench, USE, delegated=False),
        DELEGATION,
        NO_RESOURCE.format(MAKE),
    ),
    Probe(
        "a key that admits the role, which has no policy",
        lambda bench: _direct(bench, by_key=role_arn(bench.home.account), delegated=False),
        POLICIES,
    ),
    Probe(
        "another account's key, allowed on both sides",
        lambda bench: _across(bench, identity=True, resource=True),
        ACROSS,
    ),
    Probe(
        "another account's key, allowed by the key only",
        lambda bench: _across(bench, identity=False, resource=True),
        ACROSS,
        NO_IDENTITY.format(MAKE),
    ),
    Probe(
        "another account's key, allowed to the role only",
        lambda bench: _across(bench, identity=True, resource=False),
        ACROSS,
        NO_RESOURCE.format(MAKE),
    ),
    Probe(
        "kms:ViaService, asked by that service",
        lambda bench: _object(bench, _via("s3")),
        f"{CONDITIONS}: kms:ViaService",
    ),
    Probe(
        "kms:ViaService, asked by another service",
        lambda bench: _object(bench, _via("sqs")),
        f"{CONDITIONS}: kms:ViaService",
        NO_IDENTITY.format(READ),
    ),
    Probe(
        "kms:ViaService, asked directly",
        lambda bench: _direct(bench, _via("s3")),
        f"{CONDITIONS}: kms:ViaService",
        NO_IDENTITY.format(MAKE),
    ),
    Probe(
        "an encryption context that is demanded, given",
        lambda bench: _direct(bench, _context("yawl"), EncryptionContext={"app": "yawl"}),
        f"{CONDITIONS}: kms:EncryptionContext",
    ),
    Probe(
        "an encryption context that is demanded, another given",
        lambda bench: _direct(bench, _context("yawl"), EncryptionContext={"app": "other"}),
        f"{CONDITIONS}: kms:EncryptionContext",
        NO_IDENTITY.format(MAKE),
    ),
    Probe(
        "an encryption context that is demanded, none given",
        lambda bench: _direct(bench, _context("yawl")),
        f"{CONDITIONS}: kms:EncryptionContext",
        NO_IDENTITY.format(MAKE),
    ),
    Probe(
        "an encryption context's name that is demanded, given",
        lambda bench: _direct(
            bench,
            allow(MAKE, Condition={"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "app"}}),
            EncryptionContext={"app": "yawl"},
        ),
        f"{CONDITIONS}: kms:EncryptionContextKeys",
    ),
    Probe("a grant for the operation", lambda bench: _granted(bench, "GenerateDataKey"), GRANTS),
    Probe(
        "a grant for another operation",
        lambda bench: _granted(bench, "Decrypt"),
        GRANTS,
        NO_RESOURCE.format(MAKE),
    ),
    Probe(
        "a grant for another role",
        lambda bench: _granted(bench, "GenerateDataKey", grantee="another"),
        GRANTS,
        NO_RESOURCE.format(MAKE),
    ),
    Probe(
        "a grant for the encryption context",
        lambda bench: _granted(bench, "GenerateDataKey", EncryptionContextSubset={"app": "yawl"}),
        f"{GRANTS}: grant constraints",
    ),
    Probe(
        "a grant for another encryption context",
        lambda bench: _granted(bench, "GenerateDataKey", EncryptionContextSubset={"app": "other"}),
        f"{GRANTS}: grant constraints",
        NO_RESOURCE.format(MAKE),
    ),
    Probe("an encrypted object, read with kms:Decrypt", lambda bench: _object(bench, allow(READ)), S3),
    Probe(
        "an encrypted object, read without kms:Decrypt",
        lambda bench: _object(bench, allow(MAKE)),
        S3,
        r"kms:Decrypt on resource: arn:aws:kms:.* because no identity-based policy",
    ),
    Probe(
        "an encrypted object, written with kms:GenerateDataKey",
        lambda bench: _object(bench, allow(MAKE), write=True),
        S3,
    ),
    Probe(
        "an encrypted object, written without kms:GenerateDataKey",
        lambda bench: _object(bench, allow(READ), write=True),
        S3,
        NO_IDENTITY.format(MAKE),
    ),
    Probe(
        "an object written with a key that the request names and the caller may not use",
        _named_key,
        S3,
        NO_IDENTITY.format(MAKE),
    ),
    Probe(
        "another account's encrypted object, whose key admits the caller",
        lambda bench: _across_object(bench, admitted=True),
        ACROSS,
    ),
    Probe(
        "another account's encrypted object, whose key does not admit the caller",
        lambda bench: _across_object(bench, admitted=False),
        ACROSS,
        NO_RESOURCE.format(READ),
    ),
    Probe("an encrypted topic, published to with its key", lambda bench: _publish(bench, USE), SNS),
    Probe("an encrypted topic, published to without its key", _publish, SNS, NO_IDENTITY.format(MAKE)),
    Probe(
        "an encrypted topic, published to without kms:Decrypt",
        lambda bench: _publish(bench, allow(MAKE)),
        SNS,
        NO_IDENTITY.format(READ),
    ),
    Probe(
        "an encrypted topic, published to by an alarm that its key admits",
        lambda bench: _alarm(bench, admitted=True),
        SNS,
    ),
    Probe(
        "an encrypted topic, published to by an alarm that its key does not admit",
        lambda bench: _alarm(bench, admitted=False),
        SNS,
        NO_RESOURCE.format(MAKE),
    ),
    Probe(
        "an encrypted queue, sent to with its key",
        lambda bench: _queue(bench, "send_message", USE, MessageBody="m"),
        SQS,
    ),
    Probe(
        "an encrypted queue, sent to without its key",
        lambda bench: _queue(bench, "send_message", MessageBody="m"),
        SQS,
        NO_IDENTITY.format(MAKE),
    ),
    Probe("an encrypted queue, received from with its key", lambda bench: _queue(bench, "receive_message", USE), SQS),
    Probe(
        "an encrypted queue, received from without its key",
        lambda bench: _queue(bench, "receive_message"),
        SQS,
        NO_IDENTITY.format(READ),
    ),
    Probe("an encrypted secret, read with its key", lambda bench: _secret(bench, allow(READ)), SECRETS),
    Probe("an encrypted secret, read without its key", _secret, SECRETS, r"kms:Decrypt|Access to KMS"),
    Probe(
        "an encrypted parameter, read with its key",
        lambda bench: _parameter(bench, allow(READ)),
        "Systems Manager User Guide, AWS KMS encryption for SecureString parameters",
    ),
    Probe(
        "an encrypted parameter, read without its key",
        _parameter,
        "Systems Manager User Guide, AWS KMS encryption for SecureString parameters",
        NO_IDENTITY.format(READ),
    ),
)

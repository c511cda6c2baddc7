"""The calls to KMS that services make for a caller: encrypted objects, messages, secrets, parameters and log events.

S3, SNS, SQS, Secrets Manager and Parameter Store call KMS as the caller, with `kms:ViaService` and the encryption
context that each documents; CloudWatch Logs calls as itself. An AWS managed key allows every principal of the account
through its service, so there is nothing to check.

Sources: S3 User Guide, "Using server-side encryption with AWS KMS keys" and "Multipart upload API and permissions"; SNS
and SQS Developer Guides, "Key management"; Secrets Manager User Guide, "Secret encryption and decryption"; Systems
Manager User Guide, "AWS KMS encryption for Parameter Store SecureString parameters"; CloudWatch Logs User Guide,
"Encrypt log data".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rehearsal.emulator.cloudformation.encryption import ALGORITHM_HEADER, KEY_HEADER
from rehearsal.emulator.internals import kms, logs, responses, s3, secretsmanager, sns, sqs, ssm
from rehearsal.emulator.permissions.conditions import Value
from rehearsal.emulator.permissions.evaluation import Kind, Principal

READ, WRITE, WRITE_AND_READ = ("Decrypt",), ("GenerateDataKey",), ("GenerateDataKey", "Decrypt")


@dataclass(frozen=True)
class KeyCall:
    """A call to KMS that follows from another call."""

    principal: Principal
    action: str
    key: str
    """The key's ARN."""
    context: Mapping[str, Value]


def following(
    principal: Principal, action: str, resource: str, headers: Mapping[str, str] | None = None
) -> Iterator[KeyCall]:
    """Return the calls to KMS that follow from an allowed call; `headers` are those of a request to S3."""
    find = _FINDERS.get(action)
    parts = resource.split(":", 5)
    if find is None or len(parts) < 6:
        return
    service, operations, locate = find
    found = locate(resource, headers or {})
    if found is None:
        return
    key, region, encryption_context = found
    arn = _key_arn(key, parts[4] or principal.account, region)
    if arn is None:
        return
    context: dict[str, Value] = {
        f"kms:encryptioncontext:{name}".lower(): value for name, value in encryption_context.items()
    }
    context["kms:encryptioncontextkeys"] = list(encryption_context)
    if service == "logs":
        asking = Principal(f"logs.{region}.amazonaws.com", Kind.SERVICE)
        context["aws:sourceaccount"] = parts[4]
        context["aws:sourcearn"] = encryption_context["aws:logs:arn"]
    else:
        asking = principal
        context["kms:viaservice"] = f"{service}.{region}.amazonaws.com"
        context["kms:calleraccount"] = principal.account
        context["aws:viaawsservice"] = "true"
    for operation in operations:
        yield KeyCall(asking, f"kms:{operation}", arn, context)


Found = tuple[str, str, dict[str, str]] | None
"""A key's id, ARN or alias, its region, and the encryption context."""
Locate = Callable[[str, Mapping[str, str]], Found]


def _key_arn(key: str, account: str, region: str) -> str | None:
    """Return the ARN of a customer's key; None for an AWS managed or missing key."""
    owner, place = (key.split(":")[4], key.split(":")[3]) if key.startswith("arn:") else (account, region)
    with responses.request_scope(owner, place):
        record = kms._resolve_key(key.removeprefix(f"arn:aws:kms:{place}:{owner}:") if ":alias/" in key else key)
    if record is None or record.get("KeyManager") == "AWS":
        return None
    return record["Arn"]


def _object(resource: str, headers: Mapping[str, str]) -> Found:
    name, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
    owner = s3._bucket_owner_account(name)
    if owner is None or not key:
        return None
    bucket = s3._buckets.get_scoped(owner, None, name) or {}
    configuration = s3._bucket_encryption.get_scoped(owner, None, name) or ""
    kept = (bucket.get("objects") or {}).get(key) or {}
    stored = kept.get("preserved_headers") or {}
    if ALGORITHM_HEADER in headers:
        # Without a key's name it is S3's own, `aws/s3`.
        by_key = headers.get(KEY_HEADER, "")
    else:
        by_key = stored.get(KEY_HEADER) or _element(configuration, "KMSMasterKeyID")
    if not by_key:
        return None
    uses_bucket_key = _element(configuration, "BucketKeyEnabled") == "true"
    about = f"arn:aws:s3:::{name}" if uses_bucket_key else resource
    return by_key, bucket.get("region") or "us-east-1", {"aws:s3:arn": about}


def _element(xml: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return found[1].strip() if found else ""


def _topic(resource: str, _headers: Mapping[str, str]) -> Found:
    parts = resource.split(":", 5)
    # ministack finds topics in the request's region only; a service's own call has no request.
    with responses.request_scope(parts[4], parts[3]):
        topic = sns._topic_by_arn_any_scope(resource)
    key = (topic or {}).get("attributes", {}).get("KmsMasterKeyId")
    return (key, parts[3], {"aws:sns:topicArn": resource}) if key else None


def _queue(resource: str, _headers: Mapping[str, str]) -> Found:
    queue = sqs._queue_by_arn(resource)
    key = (queue or {}).get("attributes", {}).get("KmsMasterKeyId")
    return (key, resource.split(":")[3], {"aws:sqs:arn": resource}) if key else None


def _secret(resource: str, _headers: Mapping[str, str]) -> Found:
    parts = resource.split(":", 6)
    with responses.request_scope(parts[4], parts[3]):
        _, secret = secretsmanager._resolve(resource)
    key = (secret or {}).get("KmsKeyId")
    return (key, parts[3], {"SecretARN": resource}) if key else None


def _parameter(resource: str, _headers: Mapping[str, str]) -> Found:
    parts = resource.split(":", 5)
    name = parts[5].removeprefix("parameter")
    with responses.request_scope(parts[4], parts[3]):
        parameter = ssm._parameters.get(name) or ssm._parameters.get(name.lstrip("/"))
    key = (parameter or {}).get("KeyId") if (parameter or {}).get("Type") == "SecureString" else None
    return (key, parts[3], {"PARAMETER_ARN": resource}) if key else None


def _log_group(resource: str, _headers: Mapping[str, str]) -> Found:
    parts = resource.split(":")
    group = resource.partition(":log-stream:")[0]
    with responses.request_scope(parts[4], parts[3]):
        record = logs._log_groups.get(group.partition(":log-group:")[2])
    key = (record or {}).get("kmsKeyId")
    return (key, parts[3], {"aws:logs:arn": group}) if key else None


_FINDERS: Mapping[str, tuple[str, tuple[str, ...], Locate]] = {
    "s3:GetObject": ("s3", READ, _object),
    "s3:GetObjectVersion": ("s3", READ, _object),
    "s3:PutObject": ("s3", WRITE, _object),
    "sns:Publish": ("sns", WRITE_AND_READ, _topic),
    "sqs:SendMessage": ("sqs", WRITE_AND_READ, _queue),
    "sqs:ReceiveMessage": ("sqs", READ, _queue),
    "secretsmanager:GetSecretValue": ("secretsmanager", READ, _secret),
    "secretsmanager:PutSecretValue": ("secretsmanager", WRITE_AND_READ, _secret),
    "secretsmanager:UpdateSecret": ("secretsmanager", WRITE_AND_READ, _secret),
    "ssm:GetParameter": ("ssm", READ, _parameter),
    "ssm:GetParameters": ("ssm", READ, _parameter),
    "logs:PutLogEvents": ("logs", WRITE, _log_group),
    "logs:GetLogEvents": ("logs", READ, _log_group),
    "logs:FilterLogEvents": ("logs", READ, _log_group),
}
"""By action: the service that calls KMS, the operations, and the function that finds the key."""

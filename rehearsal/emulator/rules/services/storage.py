"""S3 and AWS Backup: names, policies, versions, locks and life cycles.

Sources: "Bucket naming rules", "Object Lock", "Lifecycle transitions", "Blocking public access" (Amazon S3 User Guide);
PutBucketPolicy, PutBucketReplication and PutBucketNotificationConfiguration, Amazon S3 API Reference; AWS Backup API
Reference.
"""

import re
from ipaddress import IPv4Address
from typing import Any

from rehearsal.emulator.internals import here, s3, sns, sqs
from rehearsal.emulator.rules import policies
from rehearsal.emulator.rules.refusal import NOT_FOUND, Refusal, service_refusal
from rehearsal.emulator.rules.request import Request, on_both, on_create, on_update

BUCKET = "AWS::S3::Bucket"
RESERVED = (("xn--", "sthree-", "amzn-s3-demo-"), ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"))
"""How a bucket's name must not begin and end."""
OBJECT_ACTIONS = re.compile(r"s3:(Get|Put|Delete|Restore|Replicate|Abort)Object", re.IGNORECASE)
LEAST_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
"""Days that an object stays before it may be moved to a class."""


def _refused(message: str, error: str, **more: Any) -> Refusal:
    return service_refusal(f"{message} (Error Code: {error})", "S3", **more)


@on_create(BUCKET)
def require_name(request: Request) -> None:
    """Refuse a name that is none for a bucket."""
    name = request.get("BucketName")
    if name is None:
        return
    begins, ends = RESERVED
    valid = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", str(name)) and ".." not in str(name)
    if not valid or str(name).startswith(begins) or str(name).endswith(ends) or _is_address(str(name)):
        raise _refused("The specified bucket is not valid.", "InvalidBucketName")


@on_both(BUCKET)
def require_transitions(request: Request) -> None:
    """Refuse transitions that are too early for their storage class."""
    for rule in request.get("LifecycleConfiguration", "Rules") or []:
        for transition in [*(rule.get("Transitions") or []), *filter(None, [rule.get("Transition")])]:
            least = LEAST_DAYS.get(transition.get("StorageClass"), 0)
            if int(transition.get("TransitionInDays", least)) < least:
                raise _refused(
                    f"'Days' in Transition action must be greater than or equal to {least} for storageClass "
                    f"'{transition['StorageClass']}'",
                    "InvalidArgument",
                )


@on_both(BUCKET)
def require_versions(request: Request) -> None:
    """Refuse replication without versions, a lock's rules without a lock, and versions suspended under a lock."""
    status = request.get("VersioningConfiguration", "Status")
    locked = str(request.get("ObjectLockEnabled")).lower() == "true"
    if request.get("ReplicationConfiguration") and status != "Enabled":
        raise _refused(
            "Versioning must be 'Enabled' on the bucket to apply a replication configuration", "InvalidRequest"
        )
    if request.get("ObjectLockConfiguration") and not locked:
        raise _refused("Object Lock configuration cannot be enabled on existing buckets", "InvalidBucketState")
    if locked and status == "Suspended":
        raise _refused(
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            "InvalidBucketState",
        )


@on_update(BUCKET)
def require_lock(request: Request) -> None:
    """Refuse to take a lock off: "after you enable Object Lock on a bucket, you can't disable it"."""
    before, after = (
        str((properties or {}).get("ObjectLockEnabled")).lower() == "true"
        for properties in (request.before, request.properties)
    )
    if before and not after:
        raise _refused("Object Lock cannot be disabled once it is enabled on a bucket", "InvalidBucketState")


@on_both(BUCKET)
def require_destinations(request: Request) -> None:
    """Refuse notifications to queues and topics that are not there or do not admit S3."""
    configuration = request.get("NotificationConfiguration") or {}
    for entries, member, document in (
        ("QueueConfigurations", "Queue", _queue_policy),
        ("TopicConfigurations", "Topic", _topic_policy),
    ):
        for entry in configuration.get(entries) or []:
            statements = policies.statements(document(str(entry[member])))
            if not any(_admits_s3(statement) for statement in statements):
                raise _refused("Unable to validate the following destination configurations", "InvalidArgument")


@on_both("AWS::S3::BucketPolicy")
def require_bucket_policy(request: Request) -> None:
    """Refuse a policy of no bucket, malformed, about another bucket, or public where such are blocked."""
    name, document = str(request.properties["Bucket"]), request.properties["PolicyDocument"]
    if name not in s3._buckets:
        raise _refused("The specified bucket does not exist", "NoSuchBucket", code=NOT_FOUND, status=404)
    if fault := policies.fault_of_resource_policy(document):
        raise _refused(
            "Invalid principal in policy" if fault.startswith("Invalid principal") else fault, "MalformedPolicy"
        )
    for statement in policies.statements(document):
        _require_resources(name, statement)
    blocked = _blocks_public_policies(name)
    if blocked and any(_is_public(statement) for statement in policies.statements(document)):
        raise _refused(
            "Access Denied: public policies are blocked by the BlockPublicPolicy block public access setting",
            "AccessDenied",
            status=403,
        )


def _require_resources(name: str, statement: dict[str, Any]) -> None:
    resources = [str(item) for item in policies.listed(statement.get("Resource", []))]
    arn = f"arn:aws:s3:::{name}"
    for resource in resources:
        if resource.split(":", 2)[-1] != "*" and resource != "*":
            bucket = resource.rpartition(":::")[2].partition("/")[0]
            if not policies.matches(bucket, name):
                raise _refused("Policy has invalid resource", "MalformedPolicy")
    actions = [str(action) for action in policies.listed(statement.get("Action", []))]
    whole = any(policies.matches(resource, f"{arn}/any") for resource in resources) or any(
        "/" in item for item in resources
    )
    if resources and not whole and actions and all(OBJECT_ACTIONS.match(action) for action in actions):
        raise _refused("Action does not apply to any resource(s) in statement", "MalformedPolicy")


@on_both("AWS::Backup::BackupVault")
def require_vault_lock(request: Request) -> None:
    """Refuse a lock whose longest retention is shorter than its shortest."""
    lock = request.get("LockConfiguration") or {}
    least, most = lock.get("MinRetentionDays"), lock.get("MaxRetentionDays")
    if least is not None and most is not None and int(most) < int(least):
        raise service_refusal(
            "MaxRetentionDays must be greater than or equal to MinRetentionDays of the vault's retention "
            "(Error Code: InvalidParameterValueException)",
            "Backup",
        )


@on_update("AWS::Backup::BackupVault")
def require_compliance_lock(request: Request) -> None:
    """Refuse to shorten or remove a compliance lock; its grace time of three days at least is not counted here."""
    before, after = ((props or {}).get("LockConfiguration") or {} for props in (request.before, request.properties))
    if before.get("ChangeableForDays") is not None and before != after:
        raise service_refusal(
            "The vault's lock configuration cannot be changed once its lock date has passed "
            "(Error Code: InvalidRequestException)",
            "Backup",
        )


def _is_address(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return False
    return True


def _admits_s3(statement: dict[str, Any]) -> bool:
    everybody = "*" in policies.principals(statement)
    return statement.get("Effect") == "Allow" and (
        everybody or "s3.amazonaws.com" in policies.service_principals(statement)
    )


def _queue_policy(arn: str) -> Any:
    name = arn.rpartition(":")[2]
    queue = sqs._queues.get(sqs._queue_name_to_url.get(name, ""))
    return (queue or {}).get("attributes", {}).get("Policy")


def _topic_policy(arn: str) -> Any:
    topic = sns._topics.get(arn) or {}
    return topic.get("attributes", {}).get("Policy") or topic.get("Policy")


def _blocks_public_policies(name: str) -> bool:
    account, _ = here()
    return bool(s3._public_access_blocked(account, name, "BlockPublicPolicy"))


def _is_public(statement: dict[str, Any]) -> bool:
    """Return whether a statement is for everybody, with no condition that names who is meant."""
    return (
        statement.get("Effect") == "Allow" and "*" in policies.principals(statement) and not statement.get("Condition")
    )

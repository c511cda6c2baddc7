"""The table's rows: which calls an AWS service makes for a resource, and where AWS documents them."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources

_log = logging.getLogger(__name__)

DEPLOYER = "arn:aws:iam::{account}:role/cdk-hnb659fds-cfn-exec-role-{account}-{region}"
"""The role of a bootstrapped account that CloudFormation creates resources with."""


class CallerKind(Enum):
    """Which policies decide whether a call is allowed."""

    ROLE = "role"
    """Its identity-based policies, and the resource's policy."""
    SERVICE = "service principal"
    """The resource's policy only."""
    ACCOUNT = "AWS account"
    """An account of AWS: the resource's policy only."""
    SERVICE_LINKED = "service-linked role"
    """A policy that only AWS can change; a key's policy must still allow the call."""
    PERSON = "person"
    """A principal whose IAM policies allow everything: only the resource's policy can refuse."""


@dataclass(frozen=True)
class Caller:
    """Who makes a call on our behalf."""

    kind: CallerKind
    name: str
    """A role's or an account's ARN, or a service principal such as `cloudtrail.amazonaws.com`."""


@dataclass(frozen=True)
class Call:
    """One call that a service will make."""

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    """The condition keys that the service sends."""


Derivation = Callable[[Resource, Resources], Iterable[Call]]


@dataclass(frozen=True)
class Row:
    """One row: what a service does for each resource of some types."""

    name: str
    service: str
    types: tuple[str, ...]
    """The resource types it is about; none: all."""
    source: str
    """Guide and section of the AWS documentation, or the library's file."""
    open: str
    """What the documentation leaves open and this row assumes; empty if nothing."""
    derive: Derivation
    may_be_refused: bool = False
    """Whether the caller tolerates a refusal."""


@dataclass(frozen=True)
class ServiceCall:
    """A call with the row and the resource it comes from."""

    row: Row
    because_of: Resource
    call: Call


TABLE: list[Row] = []
"""All rows, in the order of their modules."""


def row(
    service: str,
    *types: str,
    source: str,
    open: str = "",  # noqa: A002
    may_be_refused: bool = False,
    table: list[Row] = TABLE,
) -> Callable[[Derivation], Derivation]:
    """Add what the function derives to a table, by default to that of AWS's services."""

    def register(derive: Derivation) -> Derivation:
        name = derive.__name__.replace("_", " ")
        table.append(Row(name, service, types, source, open, derive, may_be_refused))
        return derive

    return register


def calls_of(
    resources: Resources, among: Iterable[Resource] | None = None, table: Iterable[Row] = TABLE
) -> Iterator[ServiceCall]:
    """Return the calls that services make for the resources, or for some of them."""
    for resource in among if among is not None else resources:
        for item in table:
            if not item.types or resource.type in item.types:
                try:
                    found = list(item.derive(resource, resources))
                except (LookupError, TypeError, ValueError, AttributeError):
                    # Another project's template may have a form that the row does not know; that is no refusal.
                    _log.exception("the calls of %s, for %s, are unknown", item.name, resource.where)
                    continue
                for call in found:
                    yield ServiceCall(item, resource, call)


def role(arn: str) -> Caller:
    """Return a role whose ARN a template names."""
    return Caller(CallerKind.ROLE, arn)


def service(name: str) -> Caller:
    """Return a service that calls under its own name, given without `.amazonaws.com`."""
    return Caller(CallerKind.SERVICE, f"{name}.amazonaws.com")


def person(resource: Resource) -> Caller:
    """Return a principal of the resource's account."""
    return Caller(CallerKind.PERSON, f"arn:aws:iam::{resource.account}:role/administrator")


def deployer(resource: Resource) -> Caller:
    """Return the role that CloudFormation creates the resource with."""
    return role(resource.deployer or DEPLOYER.format(account=resource.account, region=resource.region))


def service_linked(resource: Resource, service_name: str, role_name: str) -> Caller:
    """Return a service-linked role of the resource's account."""
    arn = f"arn:aws:iam::{resource.account}:role/aws-service-role/{service_name}.amazonaws.com/{role_name}"
    return Caller(CallerKind.SERVICE_LINKED, arn)


def calls(caller: Caller, actions: str, resource: str, **context: str) -> Iterator[Call]:
    """Return a call for each of the actions, given as `service:First Second`.

    Context keys are given with `__` for `:` and `_` for `-`: `aws__SourceArn`.
    """
    prefix, _, names = actions.partition(":")
    keys = {key.replace("__", ":").replace("_", "-"): value for key, value in context.items()}
    for name in names.split():
        yield Call(caller, f"{prefix}:{name}", resource, keys)


def assume(service_name: str, role_arn: str) -> Iterator[Call]:
    """Return the call by which a service assumes a role."""
    yield Call(service(service_name), "sts:AssumeRole", role_arn)


def key_calls(
    caller: Caller, actions: str, key: Resource | None, *, through: str = "", context: Mapping[str, str] | None = None
) -> Iterator[Call]:
    """Return calls of KMS operations on a key, directly or through a service on the caller's behalf.

    None for a key that no stack contains: an AWS managed key allows its service itself.
    """
    if key is None:
        return
    keys = dict(context or {})
    if caller.kind is not CallerKind.SERVICE:
        keys["kms:CallerAccount"] = caller.name.split(":")[4]
    if through:
        keys["kms:ViaService"] = f"{through}.{key.region}.amazonaws.com"
    for action in actions.split():
        grant = {"kms:GrantIsForAWSResource": "true"} if action == "CreateGrant" else {}
        yield Call(caller, f"kms:{action}", key.arn, {**keys, **grant})


def object_context(bucket: Resource, key: Resource | None) -> dict[str, str]:
    """Return the encryption context of the bucket's objects: the bucket's ARN, if it has a bucket key."""
    rule = bucket.at("BucketEncryption", "ServerSideEncryptionConfiguration", 0, default={})
    enabled = rule.get("BucketKeyEnabled") in (True, "true")
    return {"kms:EncryptionContext:aws:s3:arn": bucket.arn if enabled or key is None else f"{bucket.arn}/object"}


def object_write(caller: Caller, bucket: Resource, name: str, all_: Resources, **context: str) -> Iterator[Call]:
    """Return the calls for writing an object: the object, and its bucket's key through S3."""
    yield from calls(caller, "s3:PutObject", f"{bucket.arn}/{name}", **context)
    key = all_.bucket_key(bucket)
    # Parts of a large object are decrypted to be put together (S3 User Guide, "Multipart upload API and permissions").
    yield from key_calls(caller, "GenerateDataKey Decrypt", key, through="s3", context=object_context(bucket, key))


def object_read(caller: Caller, bucket: Resource, name: str, all_: Resources, **context: str) -> Iterator[Call]:
    """Return the calls for reading an object: the object, and its bucket's key through S3."""
    yield from calls(caller, "s3:GetObject", f"{bucket.arn}/{name}", **context)
    key = all_.bucket_key(bucket)
    yield from key_calls(caller, "Decrypt", key, through="s3", context=object_context(bucket, key))


def log_write(caller: Caller, log_group_arn: str) -> Iterator[Call]:
    """Return the calls for writing to a log group; the ARN ends in `:*`."""
    stream = f"{log_group_arn.removesuffix(':*')}:log-stream:stream"
    yield from calls(caller, "logs:CreateLogStream PutLogEvents", stream)

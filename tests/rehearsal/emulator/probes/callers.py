"""Callers whose permissions are enforced: sessions of roles, and services of AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.engine.cloud import Cloud, Credentials, Forbidden
from tests.rehearsal.emulator.probes.bench import Answer, Bench
from tests.rehearsal.emulator.probes.templates import policy

SERVICE = "codebuild.amazonaws.com"
"""The principal that assumes the probes' roles."""
TRUSTED = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}


@dataclass(frozen=True)
class Caller:
    """A session of a role."""

    bench: Bench
    role: str
    """The role's ARN."""
    credentials: Credentials

    @property
    def session(self) -> str:
        """The session's ARN."""
        return session_arn(self.role)

    def client(self, service: str) -> Any:
        """Return a client that calls as this session."""
        return self.bench.cloud.client(service, self.bench.home.region, self.credentials)

    def call(self, service: str, operation: str, **arguments: Any) -> Answer:
        """Make a call as this session."""
        return answer_of(lambda: getattr(self.client(service), operation)(**arguments))

    def plain(self, service: str, operation: str, **arguments: Any) -> Answer:
        """Make a call as this session without TLS."""
        # A separate client, because clients are cached by credentials and the others use TLS.
        client = Cloud(self.bench.cloud.endpoint).client(service, self.bench.home.region, self.credentials)
        client.meta.events.register("before-send", _without_tls)
        return answer_of(lambda: getattr(client, operation)(**arguments))

    def assume(self, role: str, **arguments: Any) -> "Caller":
        """Assume another role."""
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="session", **arguments)
        found = answer["Credentials"]
        credentials = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return Caller(self.bench, role, credentials)


def _without_tls(request: Any, **_: Any) -> None:
    request.headers["x-forwarded-proto"] = "http"


def answer_of(operation: Callable[[], Any]) -> Answer:
    """Return the answer to a call."""
    try:
        operation()
    except ClientError as error:
        found = error.response["Error"]
        return Answer(accepted=False, words=f"{found.get('Code', '')}: {found.get('Message', '')}")
    return Answer(accepted=True)


def role_arn(account: str, name: str = "caller") -> str:
    """Return the ARN of a role."""
    return f"arn:aws:iam::{account}:role/{name}"


def session_arn(role: str) -> str:
    """Return the ARN of a probe's session of a role."""
    return f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/session"


def caller(
    bench: Bench,
    *statements: dict[str, Any],
    name: str = "caller",
    tags: dict[str, str] | None = None,
    boundary: tuple[dict[str, Any], ...] | None = None,
    trusted: tuple[dict[str, Any], ...] = (),
) -> Caller:
    """Make a role of the home account with these statements, and a session of it."""
    made = make_role(bench, *statements, name=name, tags=tags, boundary=boundary, trusted=(TRUSTED, *trusted))
    return Caller(bench, made, bench.cloud.assume_as_service(SERVICE, made, "session"))


def make_role(
    bench: Bench,
    *statements: dict[str, Any],
    name: str,
    trusted: tuple[dict[str, Any], ...],
    account: str | None = None,
    tags: dict[str, str] | None = None,
    boundary: tuple[dict[str, Any], ...] | None = None,
) -> str:
    """Make a role and return its ARN."""
    iam = bench.client("iam", bench.place(account=account))
    arguments: dict[str, Any] = {"Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()]}
    if boundary is not None:
        document = json.dumps(policy(*boundary))
        made = iam.create_policy(PolicyName=f"boundary-{name}", PolicyDocument=document)
        arguments["PermissionsBoundary"] = made["Policy"]["Arn"]
    found = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy(*trusted)), **arguments)
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy(*statements)))
    return found["Role"]["Arn"]


def by_service(bench: Bench, service: str, action: str, resource: str, **context: str) -> Answer:
    """Have a service of AWS make a call; `context` has condition keys, `__` for their colons."""
    try:
        bench.cloud.check(service, action, resource, **context)
    except Forbidden as refusal:
        return Answer(accepted=False, words=str(refusal))
    return Answer(accepted=True)


def make_bucket(bench: Bench, *statements: dict[str, Any], account: str | None = None, key: str | None = None) -> str:
    """Make a bucket with the object `a` and a policy, encrypted with a key if one is given; return its name."""
    place = bench.place(account=account)
    s3, name = bench.client("s3", place), f"probe-{place.account}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": place.region})
    if key:
        default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [default]})
    s3.put_object(Bucket=name, Key="a", Body=b"a")
    if statements:
        about = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        s3.put_bucket_policy(
            Bucket=name, Policy=json.dumps(policy(*({"Resource": about, **one} for one in statements)))
        )
    return name


def make_key(bench: Bench, *statements: dict[str, Any], account: str | None = None, delegated: bool = True) -> str:
    """Make a key and return its ARN; `delegated` lets its account's policies grant its use."""
    place = bench.place(account=account)
    # KMS rejects a key policy that nobody can change.
    administers = "kms:*" if delegated else "kms:Put*"
    root = {"AWS": f"arn:aws:iam::{place.account}:root"}
    administrator = {"Effect": "Allow", "Principal": root, "Action": administers, "Resource": "*"}
    document = json.dumps(policy(administrator, *({"Resource": "*", **one} for one in statements)))
    return bench.client("kms", place).create_key(Policy=document)["KeyMetadata"]["Arn"]

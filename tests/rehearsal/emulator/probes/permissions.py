"""Permissions: what policies of callers, resources, boundaries, sessions and roles allow and deny."""

import json
from typing import Any

from tests.rehearsal.emulator.probes.bench import Answer, Bench, Probe
from tests.rehearsal.emulator.probes.callers import (
    Caller,
    answer_of,
    by_service,
    caller,
    make_bucket,
    make_role,
    role_arn,
    session_arn,
)
from tests.rehearsal.emulator.probes.templates import allow, policy

EVALUATION = "IAM User Guide, Policy evaluation for requests within a single account"
ACROSS = "IAM User Guide, Cross-account policy evaluation logic"
BOUNDARIES = "IAM User Guide, Permissions boundaries for IAM entities"
DENIED = "IAM User Guide, Troubleshoot access denied error messages"
SESSION = "IAM User Guide, Policies and permissions: session policies"
ELEMENTS = "IAM User Guide, IAM JSON policy elements"
OPERATORS = "IAM User Guide, IAM JSON policy elements: Condition operators"
KEYS = "IAM User Guide, AWS global condition context keys"
PASSING = "IAM User Guide, Grant a user permissions to pass a role to an AWS service"
CONFUSED_DEPUTY = "IAM User Guide, The confused deputy problem"

NO_IDENTITY = "because no identity-based policy allows the {} action"
NO_RESOURCE = "because no resource-based policy allows the {} action"
LIST = "sns:ListTopics"
GET = "s3:GetObject"


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that denies."""
    return {**allow(*actions, on=on, **more), "Effect": "Deny"}


def to(principal: Any, *actions: str, **more: Any) -> dict[str, Any]:
    """Return a statement of a bucket's or a role's own policy; `principal` is an ARN, or a whole element."""
    named = {"AWS": principal} if isinstance(principal, str) and principal != "*" else principal
    return {"Effect": "Allow", "Principal": named, "Action": list(actions), **more}


def _topics(bench: Bench, *statements: dict[str, Any], **options: Any) -> Answer:
    """List topics as a role with these statements."""
    return caller(bench, *statements, **options).call("sns", "list_topics")


def _ask(name: str, refused: str | None, source: str, *statements: dict[str, Any], **options: Any) -> Probe:
    """Probe whether a role with these statements may list topics."""
    return Probe(name, lambda bench: _topics(bench, *statements, **options), source, refused)


def _get(who: Caller, bucket: str, key: str = "a") -> Answer:
    return who.call("s3", "get_object", Bucket=bucket, Key=key)


def _read(
    bench: Bench, *statements: dict[str, Any], by_bucket: tuple[dict[str, Any], ...] = (), **options: Any
) -> Answer:
    """Read an object of the home account's bucket as a role with these statements."""
    who = caller(bench, *statements, **options)
    return _get(who, make_bucket(bench, *by_bucket))


def _object(bench: Bench, key: str = "*") -> str:
    return f"arn:aws:s3:::probe-{bench.home.account}/{key}"


def _across(bench: Bench, *, identity: bool, resource: bool) -> Answer:
    who = caller(bench, *([allow(GET)] if identity else []))
    statements = [to(who.role, GET)] if resource else []
    return _get(who, make_bucket(bench, *statements, account=bench.stranger))


def _assume(
    bench: Bench, *trusted: dict[str, Any], identity: bool = True, across: bool = False, **options: Any
) -> Answer:
    """Assume a role that trusts as these statements say."""
    who = caller(bench, *([allow("sts:AssumeRole")] if identity else []))
    target = make_role(bench, name="target", trusted=trusted, account=bench.stranger if across else None)
    return answer_of(lambda: who.assume(target, **options))


def _home(bench: Bench) -> str:
    return f"arn:aws:iam::{bench.home.account}:root"


def _external(bench: Bench, **options: Any) -> Answer:
    condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
    return _assume(bench, to(_home(bench), "sts:AssumeRole", Condition=condition), across=True, **options)


def _session(bench: Bench, operation: tuple[str, str], own: dict[str, Any], narrowed: dict[str, Any]) -> Answer:
    """Make a call in a session with a session policy."""
    who = caller(bench, allow("sts:AssumeRole"))
    target = make_role(bench, own, name="target", trusted=(to(_home(bench), "sts:AssumeRole"),))
    return who.assume(target, Policy=json.dumps(policy(narrowed))).call(*operation)


def _pass(bench: Bench, call: Any, *statements: dict[str, Any], service: str) -> Answer:
    """Make a call that passes a role to a service."""
    who = caller(bench, allow("cloudformation:*", "lambda:*", "ecs:*"), *statements)
    handed = make_role(bench, name="handed", trusted=(to({"Service": service}, "sts:AssumeRole"),))
    return call(who, handed)


def _create_stack(who: Caller, role: str) -> Answer:
    body = json.dumps({"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})
    return who.call("cloudformation", "create_stack", StackName="probe", TemplateBody=body, RoleARN=role)


def _create_function(who: Caller, role: str) -> Answer:
    code = {"S3Bucket": "none", "S3Key": "none"}
    made = who.call(
        "lambda", "create_function", FunctionName="f", Role=role, Runtime="python3.13", Handler="i.h", Code=code
    )
    return _but_for_the_code(made)


def _register_task(who: Caller, role: str) -> Answer:
    container = {"name": "engine", "image": "public.ecr.aws/nginx/nginx:1", "essential": True, "memory": 128}
    return who.call(
        "ecs", "register_task_definition", family="probe", executionRoleArn=role, containerDefinitions=[container]
    )


def _but_for_the_code(answer: Answer) -> Answer:
    """Count a function without code as accepted: the caller's permissions are checked first."""
    return answer if "not authorized" in answer.words else Answer(accepted=True)


_PASSES = (
    ("CloudFormation", "cloudformation.amazonaws.com", _create_stack),
    ("Lambda", "lambda.amazonaws.com", _create_function),
    ("ECS", "ecs-tasks.amazonaws.com", _register_task),
)


def _passing(name: str, service: str, call: Any) -> tuple[Probe, ...]:
    """Pass a role to a service without permission, with it, and with permission for another service."""
    refused = r"iam:PassRole on resource: arn:aws:iam::\d+:role/handed"
    to_it = {"StringEquals": {"iam:PassedToService": service}}
    to_other = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    return (
        Probe(
            f"{name} is handed a role without iam:PassRole",
            lambda bench: _pass(bench, call, service=service),
            PASSING,
            refused,
        ),
        Probe(
            f"{name} is handed a role with iam:PassRole for it",
            lambda bench: _pass(bench, call, allow("iam:PassRole", Condition=to_it), service=service),
            PASSING,
        ),
        Probe(
            f"{name} is handed a role with iam:PassRole for another service",
            lambda bench: _pass(bench, call, allow("iam:PassRole", Condition=to_other), service=service),
            PASSING,
            refused,
        ),
    )


def _tagged(bench: Bench, tags: dict[str, str] | None) -> Answer:
    own = allow(GET, on=f"arn:aws:s3:::probe-{bench.home.account}/${{aws:PrincipalTag/team}}")
    return _read(bench, own, tags=tags)


TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _tls(bench: Bench, *, plain: bool) -> Answer:
    who, bucket = caller(bench, allow(GET)), make_bucket(bench, TLS_ONLY)
    return (who.plain if plain else who.call)("s3", "get_object", Bucket=bucket, Key="a")


def _from_rule(bench: Bench, *, rule: str) -> Answer:
    """Have EventBridge send to a queue that accepts one rule."""
    queue = f"arn:aws:sqs:{bench.home.region}:{bench.home.account}:probe"
    admitted = {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:{bench.home.region}:{bench.home.account}:rule/ours"}}
    statement = to({"Service": "events.amazonaws.com"}, "sqs:SendMessage", Resource=queue, Condition=admitted)
    attributes = {"Policy": json.dumps(policy(statement))}
    bench.client("sqs").create_queue(QueueName="probe", Attributes=attributes)
    source = f"arn:aws:events:{bench.home.region}:{bench.home.account}:rule/{rule}"
    return by_service(bench, "events.amazonaws.com", "sqs:SendMessage", queue, aws__SourceArn=source)


def _absent_object(bench: Bench, *statements: dict[str, Any]) -> Answer:
    who, bucket = caller(bench, *statements), make_bucket(bench)
    return _get(who, bucket, key="absent")


def _encrypted_only(bench: Bench, **arguments: Any) -> Answer:
    """Write to a bucket whose policy denies objects that are not encrypted with a KMS key."""
    condition = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Condition": condition}
    who, bucket = caller(bench, allow("s3:*")), make_bucket(bench, statement)
    return who.call("s3", "put_object", Bucket=bucket, Key="b", Body=b"b", **arguments)


def _listed(bench: Bench, *, prefix: str) -> Answer:
    who = caller(bench, allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "ours/*"}}))
    return who.call("s3", "list_objects_v2", Bucket=make_bucket(bench), Prefix=prefix)


def _new_role(bench: Bench, *, with_boundary: bool) -> Answer:
    """Create a role as a caller whose policy requires a boundary."""
    made = bench.client("iam").create_policy(PolicyName="limit", PolicyDocument=json.dumps(policy(allow("s3:*"))))
    limit = made["Policy"]["Arn"]
    who = caller(bench, allow("iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": limit}}))
    document = json.dumps(policy(to({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")))
    more = {"PermissionsBoundary": limit} if with_boundary else {}
    return who.call("iam", "create_role", RoleName="new", AssumeRolePolicyDocument=document, **more)


POLICIES = (
    _ask("a call that a policy allows", None, EVALUATION, allow(LIST)),
    _ask("a call that no policy allows", NO_IDENTITY.format(LIST), DENIED),
    _ask(
        "a denial beside an allowance",
        "with an explicit deny in an identity-based policy",
        EVALUATION,
        allow("*"),
        deny(LIST),
    ),
    _ask("an action in other letters' case", None, f"{ELEMENTS}: Action", allow("SNS:listtopics")),
    _ask("an action by wildcard", None, f"{ELEMENTS}: Action", allow("sns:List*")),
    _ask("an action by one character's wildcard", None, f"{ELEMENTS}: Action", allow("sns:ListTopic?")),
    _ask(
        "NotAction allows all but the named",
        NO_IDENTITY.format(LIST),
        f"{ELEMENTS}: NotAction",
        {"Effect": "Allow", "NotAction": "sns:*", "Resource": "*"},
    ),
    _ask(
        "NotAction allows what it does not name",
        None,
        f"{ELEMENTS}: NotAction",
        {"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"},
    ),
    _ask(
        "NotAction denies what it does not name",
        "with an explicit deny in an identity-based policy",
        f"{ELEMENTS}: NotAction",
        allow("*"),
        {"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"},
    ),
    _ask(
        "a call that takes no resource, allowed on one",
        NO_IDENTITY.format(LIST),
        "Service Authorization Reference, Actions table: an action without resource types needs *",
        allow(LIST, on="arn:aws:sns:eu-west-1:123456789012:topic"),
    ),
    Probe(
        "NotResource allows what it does not name",
        lambda bench: _read(bench, {"Effect": "Allow", "Action": GET, "NotResource": _object(bench, "b")}),
        f"{ELEMENTS}: NotResource",
    ),
    Probe(
        "NotResource does not allow what it names",
        lambda bench: _read(bench, {"Effect": "Allow", "Action": GET, "NotResource": _object(bench, "a")}),
        f"{ELEMENTS}: NotResource",
        NO_IDENTITY.format(GET),
    ),
    Probe(
        "a resource in other letters' case",
        lambda bench: _read(bench, allow(GET, on=_object(bench, "A"))),
        f"{ELEMENTS}: Resource",
        NO_IDENTITY.format(GET),
    ),
    Probe(
        "objects, allowed on the bucket only",
        lambda bench: _read(bench, allow(GET, on=_object(bench)[:-2])),
        "Service Authorization Reference, Amazon S3: GetObject is about an object",
        NO_IDENTITY.format(GET),
    ),
    Probe(
        "an object that is not there, without s3:ListBucket",
        lambda bench: _absent_object(bench, allow(GET)),
        "S3 API Reference, GetObject: 403 without s3:ListBucket",
        "AccessDenied",
    ),
    Probe(
        "an object that is not there, with s3:ListBucket",
        lambda bench: _absent_object(bench, allow(GET, "s3:ListBucket")),
        "S3 API Reference, GetObject: 404 with s3:ListBucket",
        "NoSuchKey",
    ),
    Probe(
        "who one is, although it is denied",
        lambda bench: caller(bench, deny("*")).call("sts", "get_caller_identity"),
        "STS API Reference, GetCallerIdentity: no permissions are required",
    ),
)

LIMITS = (
    _ask("a boundary that allows the call", None, BOUNDARIES, allow("*"), boundary=(allow("sns:*"),)),
    _ask(
        "a boundary that does not allow the call",
        "because no permissions boundary allows the sns:ListTopics action",
        BOUNDARIES,
        allow("*"),
        boundary=(allow("sqs:*"),),
    ),
    _ask(
        "a boundary that denies the call",
        "with an explicit deny in a permissions boundary",
        BOUNDARIES,
        allow("*"),
        boundary=(allow("*"), deny("sns:*")),
    ),
    _ask("a boundary alone grants nothing", NO_IDENTITY.format(LIST), BOUNDARIES, boundary=(allow("*"),)),
    Probe(
        "a boundary, and a bucket that admits the role",
        lambda bench: _read(bench, boundary=(allow("sns:*"),), by_bucket=(to(role_arn(bench.home.account), GET),)),
        f"{EVALUATION}: a role's ARN is limited by its boundary",
        "because no permissions boundary allows the s3:GetObject action",
    ),
    Probe(
        "a boundary, and a bucket that admits the role's session",
        lambda bench: _read(
            bench,
            boundary=(allow("sns:*"),),
            by_bucket=(to(session_arn(role_arn(bench.home.account)), GET),),
        ),
        f"{EVALUATION}: a role session's ARN is not limited by a boundary",
    ),
    Probe(
        "a session's policy that allows the call",
        lambda bench: _session(bench, ("sns", "list_topics"), allow("*"), allow("sns:*")),
        SESSION,
    ),
    Probe(
        "a session's policy that does not allow the call",
        lambda bench: _session(bench, ("sqs", "list_queues"), allow("*"), allow("sns:*")),
        SESSION,
        "because no session policy allows the sqs:ListQueues action",
    ),
    Probe(
        "a session's policy that allows more than the role",
        lambda bench: _session(bench, ("sns", "list_topics"), allow("sqs:*"), allow("*")),
        SESSION,
        NO_IDENTITY.format(LIST),
    ),
    Probe(
        "a session's policy that denies the call",
        lambda bench: _session(bench, ("sns", "list_topics"), allow("*"), deny("sns:*")),
        SESSION,
        "with an explicit deny in a session policy",
    ),
    Probe(
        "a new role with the boundary that is demanded",
        lambda bench: _new_role(bench, with_boundary=True),
        f"{BOUNDARIES}: delegating responsibility; iam:PermissionsBoundary",
    ),
    Probe(
        "a new role without the boundary that is demanded",
        lambda bench: _new_role(bench, with_boundary=False),
        f"{BOUNDARIES}: delegating responsibility; iam:PermissionsBoundary",
        NO_IDENTITY.format("iam:CreateRole"),
    ),
)

RESOURCES = (
    Probe(
        "a bucket that admits the role, which has no policy",
        lambda bench: _read(bench, by_bucket=(to(role_arn(bench.home.account), GET),)),
        EVALUATION,
    ),
    Probe(
        "a bucket that admits the account, and a role without a policy",
        lambda bench: _read(bench, by_bucket=(to(_home(bench), GET),)),
        f"{ELEMENTS}: Principal, AWS account principals delegate to the account",
        NO_IDENTITY.format(GET),
    ),
    Probe(
        "a bucket that denies what the role may",
        lambda bench: _read(bench, allow("s3:*"), by_bucket=({"Effect": "Deny", "Principal": "*", "Action": GET},)),
        EVALUATION,
        "with an explicit deny in a resource-based policy",
    ),
    Probe(
        "another account's object, allowed on both sides",
        lambda bench: _across(bench, identity=True, resource=True),
        ACROSS,
    ),
    Probe(
        "another account's object, allowed by the bucket only",
        lambda bench: _across(bench, identity=False, resource=True),
        ACROSS,
        NO_IDENTITY.format(GET),
    ),
    Probe(
        "another account's object, allowed to the role only",
        lambda bench: _across(bench, identity=True, resource=False),
        ACROSS,
        NO_RESOURCE.format(GET),
    ),
    Probe(
        "a bucket for TLS only, asked by TLS", lambda bench: _tls(bench, plain=False), f"{KEYS}: aws:SecureTransport"
    ),
    Probe(
        "a bucket for TLS only, asked without it",
        lambda bench: _tls(bench, plain=True),
        f"{KEYS}: aws:SecureTransport",
        "with an explicit deny in a resource-based policy",
    ),
    Probe(
        "a bucket for encrypted objects, written with a key",
        lambda bench: _encrypted_only(bench, ServerSideEncryption="aws:kms"),
        "S3 User Guide, Using server-side encryption with AWS KMS keys: requiring it",
    ),
    Probe(
        "a bucket for encrypted objects, written without a key",
        _encrypted_only,
        "S3 User Guide, Using server-side encryption with AWS KMS keys: requiring it",
        "with an explicit deny in a resource-based policy",
    ),
    Probe(
        "a queue that admits a rule, sent to by it",
        lambda bench: _from_rule(bench, rule="ours"),
        f"{CONFUSED_DEPUTY}: aws:SourceArn",
    ),
    Probe(
        "a queue that admits a rule, sent to by another",
        lambda bench: _from_rule(bench, rule="theirs"),
        f"{CONFUSED_DEPUTY}: aws:SourceArn",
        NO_RESOURCE.format("sqs:SendMessage"),
    ),
)

TRUST = (
    Probe(
        "a role that trusts the account, and a caller that may assume",
        lambda bench: _assume(bench, to(_home(bench), "sts:AssumeRole")),
        EVALUATION,
    ),
    Probe(
        "a role that trusts the account, and a caller that may not assume",
        lambda bench: _assume(bench, to(_home(bench), "sts:AssumeRole"), identity=False),
        "IAM User Guide, Grant a user permissions to switch roles",
        "is not authorized to perform: sts:AssumeRole on resource",
    ),
    Probe(
        "a role of the account that trusts the caller itself, which has no policy",
        lambda bench: _assume(bench, to(role_arn(bench.home.account), "sts:AssumeRole"), identity=False),
        "STS API Reference, AssumeRole: a principal of the same account that the trust policy names",
    ),
    Probe(
        "a role that trusts another",
        lambda bench: _assume(bench, to({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")),
        "STS API Reference, AssumeRole",
        "is not authorized to perform: sts:AssumeRole on resource",
    ),
    Probe(
        "another account's role, allowed on both sides",
        lambda bench: _assume(bench, to(_home(bench), "sts:AssumeRole"), across=True),
        ACROSS,
    ),
    Probe(
        "another account's role that trusts the caller, which may not assume",
        lambda bench: _assume(bench, to(role_arn(bench.home.account), "sts:AssumeRole"), identity=False, across=True),
        ACROSS,
        "is not authorized to perform: sts:AssumeRole on resource",
    ),
    Probe(
        "another account's role that does not trust ours",
        lambda bench: _assume(bench, to(f"arn:aws:iam::{bench.stranger}:root", "sts:AssumeRole"), across=True),
        ACROSS,
        "is not authorized to perform: sts:AssumeRole on resource",
    ),
    Probe(
        "a role that asks for an external id, given it",
        lambda bench: _external(bench, ExternalId="agreed"),
        "IAM User Guide, Access to AWS accounts owned by third parties: external ID",
    ),
    Probe(
        "a role that asks for an external id, given another",
        lambda bench: _external(bench, ExternalId="guessed"),
        "IAM User Guide, Access to AWS accounts owned by third parties: external ID",
        "is not authorized to perform: sts:AssumeRole on resource",
    ),
    Probe(
        "a role that asks for an external id, given none",
        _external,
        "IAM User Guide, Access to AWS accounts owned by third parties: external ID",
        "is not authorized to perform: sts:AssumeRole on resource",
    ),
    *(probe for row in _PASSES for probe in _passing(*row)),
)


def _if(operator: str, key: str, value: Any) -> dict[str, Any]:
    return allow(LIST, Condition={operator: {key: value}})


CONDITIONS = (
    Probe(
        "the caller's tag in a resource, equal",
        lambda bench: _tagged(bench, {"team": "a"}),
        "IAM User Guide, IAM policy elements: Variables and tags",
    ),
    Probe(
        "the caller's tag in a resource, another",
        lambda bench: _tagged(bench, {"team": "b"}),
        "IAM User Guide, IAM policy elements: Variables and tags",
        NO_IDENTITY.format(GET),
    ),
    Probe(
        "the caller's tag in a resource, absent",
        lambda bench: _tagged(bench, None),
        "IAM User Guide, IAM policy elements: Variables and tags",
        NO_IDENTITY.format(GET),
    ),
    Probe(
        "aws:PrincipalArn is the role's ARN",
        lambda bench: _topics(bench, _if("ArnEquals", "aws:PrincipalArn", role_arn(bench.home.account))),
        f"{KEYS}: aws:PrincipalArn",
    ),
    Probe(
        "aws:PrincipalArn is not the session's ARN",
        lambda bench: _topics(bench, _if("ArnEquals", "aws:PrincipalArn", session_arn(role_arn(bench.home.account)))),
        f"{KEYS}: aws:PrincipalArn",
        NO_IDENTITY.format(LIST),
    ),
    Probe(
        "aws:PrincipalAccount is the caller's account",
        lambda bench: _topics(bench, _if("StringEquals", "aws:PrincipalAccount", bench.home.account)),
        f"{KEYS}: aws:PrincipalAccount",
    ),
    _ask(
        "the region that is asked",
        None,
        f"{KEYS}: aws:RequestedRegion",
        _if("StringEquals", "aws:RequestedRegion", "eu-west-1"),
    ),
    _ask(
        "another region than is asked",
        NO_IDENTITY.format(LIST),
        f"{KEYS}: aws:RequestedRegion",
        _if("StringEquals", "aws:RequestedRegion", "us-east-1"),
    ),
    _ask(
        "a condition's value in other letters' case",
        NO_IDENTITY.format(LIST),
        f"{OPERATORS}: StringEquals",
        _if("StringEquals", "aws:PrincipalType", "assumedrole"),
    ),
    _ask(
        "a condition's key in other letters' case",
        None,
        f"{ELEMENTS}: Condition, keys are not case-sensitive",
        _if("StringEquals", "AWS:principaltype", "AssumedRole"),
    ),
    _ask(
        "a value in other letters' case, ignored",
        None,
        f"{OPERATORS}: StringEqualsIgnoreCase",
        _if("StringEqualsIgnoreCase", "aws:PrincipalType", "assumedrole"),
    ),
    _ask(
        "wildcards where they count for nothing",
        NO_IDENTITY.format(LIST),
        f"{OPERATORS}: StringEquals matches exactly",
        _if("StringEquals", "aws:PrincipalType", "Assumed*"),
    ),
    _ask(
        "a key that the request has not",
        NO_IDENTITY.format(LIST),
        f"{OPERATORS}: an absent key does not match",
        _if("StringEquals", "aws:SourceVpce", "vpce-1"),
    ),
    _ask(
        "a key that the request has not, IfExists",
        None,
        f"{OPERATORS}: IfExists",
        _if("StringEqualsIfExists", "aws:SourceVpce", "vpce-1"),
    ),
    _ask(
        "a key that the request has not, negated",
        None,
        f"{OPERATORS}: a negated operator matches an absent key",
        _if("StringNotEquals", "aws:SourceVpce", "vpce-1"),
    ),
    _ask("a key that the request has not, Null", None, f"{OPERATORS}: Null", _if("Null", "aws:SourceVpce", "true")),
    _ask(
        "a key that the request has not, ForAllValues",
        None,
        "IAM User Guide, Multivalued context keys: ForAllValues is true without a key",
        _if("ForAllValues:StringEquals", "aws:TagKeys", "team"),
    ),
    _ask(
        "a key that the request has not, ForAnyValue",
        NO_IDENTITY.format(LIST),
        "IAM User Guide, Multivalued context keys: ForAnyValue is false without a key",
        _if("ForAnyValue:StringEquals", "aws:TagKeys", "team"),
    ),
    _ask(
        "two conditions, of which one holds",
        NO_IDENTITY.format(LIST),
        f"{ELEMENTS}: Condition, all of them must hold",
        allow(
            LIST,
            Condition={
                "StringEquals": {"aws:PrincipalType": "AssumedRole", "aws:RequestedRegion": "us-east-1"},
            },
        ),
    ),
    Probe(
        "a listing of the prefix that is allowed",
        lambda bench: _listed(bench, prefix="ours/a"),
        "Service Authorization Reference, Amazon S3: s3:prefix",
    ),
    Probe(
        "a listing of another prefix",
        lambda bench: _listed(bench, prefix="theirs/a"),
        "Service Authorization Reference, Amazon S3: s3:prefix",
        NO_IDENTITY.format("s3:ListBucket"),
    ),
)

PROBES = (*POLICIES, *LIMITS, *RESOURCES, *TRUST, *CONDITIONS)

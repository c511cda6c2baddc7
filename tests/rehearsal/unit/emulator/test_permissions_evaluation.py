"""The decision about a call, as IAM's policy evaluation logic has it: a table of policies and calls."""

from typing import Any

import pytest

from rehearsal.emulator.permissions import action_reference, evaluation
from rehearsal.emulator.permissions.evaluation import (
    Decision,
    Kind,
    Principal,
    Reason,
    Request,
    ResourcePolicy,
    decide,
)
from rehearsal.emulator.permissions.policy import Policy, managed_policy, read

ACCOUNT, OTHER = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"
BUCKET = "arn:aws:s3:::bucket"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"


def policy(*statements: dict[str, Any], name: str = "policy") -> Policy:
    return read(name, {"Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def role(*statements: dict[str, Any], **more: Any) -> Principal:
    return Principal(SESSION, Kind.ROLE, ACCOUNT, ROLE, identity=(policy(*statements),), **more)


def decision(
    principal: Principal,
    action: str,
    resource: str,
    theirs: ResourcePolicy | None = None,
    **context: Any,
) -> Decision:
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    return decide(Request(principal, action, resource, keys), theirs)


def test_implicit_deny() -> None:
    assert decision(role(), "s3:GetObject", f"{BUCKET}/a").reason is Reason.NO_IDENTITY_ALLOW


def test_allowing_statement_is_reported() -> None:
    found = decision(role(allow("ec2:*"), allow("s3:Get*", f"{BUCKET}/*")), "s3:GetObject", f"{BUCKET}/a")
    assert found.allowed
    assert [(item.policy, item.index) for item in found.statements] == [("policy", 1)]


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", f"{BUCKET}/a", True),
        ("S3:getobject", f"{BUCKET}/a", True),
        ("s3:GetObject", f"{BUCKET}/A/b", True),
        ("s3:PutObject", f"{BUCKET}/a", False),
        ("s3:GetObject", "arn:aws:s3:::Bucket/a", False),
        ("s3-outposts:GetObject", f"{BUCKET}/a", False),
    ],
)
def test_action_matching_ignores_case(action: str, resource: str, allowed: bool) -> None:
    assert decision(role(allow("s3:Get*", f"{BUCKET}/*")), action, resource).allowed is allowed


def test_not_action_and_not_resource() -> None:
    statement = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{BUCKET}/secret/*"}
    assert decision(role(statement), "s3:GetObject", f"{BUCKET}/a").allowed
    assert not decision(role(statement), "iam:PassRole", ROLE).allowed
    assert not decision(role(statement), "s3:GetObject", f"{BUCKET}/secret/a").allowed


def test_explicit_deny_wins() -> None:
    anything = allow("*")
    theirs = ResourcePolicy(ACCOUNT, policy(deny("s3:*", Principal="*")))
    denied = (policy(deny("s3:*")),)
    assert decision(role(anything, deny("s3:*")), "s3:GetObject", BUCKET).reason is Reason.DENIED_BY_IDENTITY
    assert decision(role(anything), "s3:GetObject", BUCKET, theirs).reason is Reason.DENIED_BY_RESOURCE
    assert decision(role(anything, boundary=denied), "s3:GetObject", BUCKET).reason is Reason.DENIED_BY_BOUNDARY
    assert decision(role(anything, session=denied), "s3:GetObject", BUCKET).reason is Reason.DENIED_BY_SESSION


def test_boundary_and_session_policies_restrict() -> None:
    narrow = (policy(allow("ec2:*")),)
    assert decision(role(allow("*"), boundary=narrow), "s3:GetObject", BUCKET).reason is Reason.NO_BOUNDARY_ALLOW
    assert decision(role(allow("*"), session=narrow), "s3:GetObject", BUCKET).reason is Reason.NO_SESSION_ALLOW
    assert decision(role(allow("*"), boundary=narrow), "ec2:RunInstances", "*").allowed


@pytest.mark.parametrize(
    ("principal", "owner", "identity", "allowed"),
    [
        ({"AWS": ROLE}, ACCOUNT, False, True),
        ({"AWS": SESSION}, ACCOUNT, False, True),
        ("*", ACCOUNT, False, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ACCOUNT, False, False),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, ACCOUNT, True, True),
        ({"AWS": ROLE}, OTHER, False, False),
        ({"AWS": ROLE}, OTHER, True, True),
        ({"AWS": ACCOUNT}, OTHER, True, True),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, OTHER, True, False),
        ({"Service": "s3.amazonaws.com"}, OTHER, True, False),
    ],
)
def test_same_account_needs_one_policy_cross_account_needs_both(
    principal: Any, owner: str, identity: bool, allowed: bool
) -> None:
    theirs = ResourcePolicy(owner, policy(allow("s3:GetObject", Principal=principal)))
    caller = role(*([allow("s3:GetObject")] if identity else []))
    assert decision(caller, "s3:GetObject", f"{BUCKET}/a", theirs).allowed is allowed


def test_key_policy_must_allow_in_its_own_account() -> None:
    administrator = role(allow("*"))
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    silent = ResourcePolicy(ACCOUNT, (), must_allow=True)
    vouching = ResourcePolicy(ACCOUNT, policy(allow("kms:*", Principal=account)), must_allow=True)
    assert decision(administrator, "kms:Decrypt", KEY, silent).reason is Reason.NO_RESOURCE_ALLOW
    assert decision(administrator, "kms:Decrypt", KEY, vouching).allowed
    assert decision(role(), "kms:Decrypt", KEY, vouching).reason is Reason.NO_IDENTITY_ALLOW


def test_grant_allows_only_the_grantee() -> None:
    grant = policy(allow("kms:Decrypt", Principal={"AWS": ROLE}))
    theirs = ResourcePolicy(ACCOUNT, (), must_allow=True, grants=(grant,))
    assert decision(role(), "kms:Decrypt", KEY, theirs).allowed
    assert not decision(role(), "kms:Encrypt", KEY, theirs).allowed


def test_service_principal_needs_the_resource_policy() -> None:
    service = Principal("events.amazonaws.com", Kind.SERVICE)
    statement = allow(
        "sqs:SendMessage",
        Principal={"Service": "events.amazonaws.com"},
        Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:events:*:{ACCOUNT}:rule/*"}},
    )
    theirs = ResourcePolicy(ACCOUNT, policy(statement))
    queue, rule = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/r"
    assert decision(service, "sqs:SendMessage", queue, theirs, aws__SourceArn=rule).allowed
    assert not decision(service, "sqs:SendMessage", queue, theirs).allowed
    assert decision(service, "sqs:SendMessage", queue).reason is Reason.NO_RESOURCE_ALLOW


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"a:k": ["x", "y"]}}, {"a:k": "y"}, True),
        ({"StringEquals": {"A:K": "x"}}, {"a:k": "x"}, True),
        ({"StringEquals": {"a:k": "x"}}, {}, False),
        ({"StringEqualsIfExists": {"a:k": "x"}}, {}, True),
        ({"StringNotEquals": {"a:k": ["x", "y"]}}, {"a:k": "y"}, False),
        ({"StringNotEquals": {"a:k": "x"}}, {}, True),
        ({"StringLike": {"a:k": "x-*"}}, {"a:k": "x-1"}, True),
        ({"ForAnyValue:StringEquals": {"a:k": ["x"]}}, {"a:k": ["y", "x"]}, True),
        ({"ForAnyValue:StringEquals": {"a:k": ["x"]}}, {}, False),
        ({"ForAllValues:StringEquals": {"a:k": ["x"]}}, {"a:k": ["y", "x"]}, False),
        ({"ForAllValues:StringEquals": {"a:k": ["x"]}}, {}, True),
        ({"Null": {"a:k": "true"}}, {}, True),
        ({"Null": {"a:k": "false"}}, {}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "false"}, True),
        ({"NumericLessThan": {"s3:TlsVersion": 1.2}}, {"s3:TlsVersion": "1.3"}, False),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, {"s3:TlsVersion": "1.1"}, True),
        ({"DateLessThan": {"a:k": "2026-01-01T00:00:00Z"}}, {"a:k": "2025-12-31T00:00:00Z"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, True),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, False),
        ({"ArnLike": {"a:k": "arn:aws:sns:*:1:t"}}, {"a:k": "arn:aws:sns:eu-west-1:1:t"}, True),
        ({"ArnEquals": {"a:k": "arn:aws:sns:r:*:t"}}, {"a:k": "arn:aws:sns:r:1:x:t"}, False),
        ({"StringEquals": {"aws:PrincipalArn": ROLE}}, {}, True),
        ({"ArnLike": {"aws:PrincipalArn": SESSION}}, {}, False),
        ({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, {}, True),
        ({"StringEquals": {"a:k": "${a:missing}"}}, {"a:k": "x"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, Any], holds: bool) -> None:
    caller = role(allow("s3:GetObject", Condition=condition))
    request = Request(caller, "s3:GetObject", f"{BUCKET}/a", context)
    assert decide(request, ResourcePolicy(ACCOUNT)).allowed is holds


def test_missing_policy_variable_matches_nothing() -> None:
    caller = role(allow("s3:GetObject", f"{BUCKET}/${{aws:PrincipalTag/team}}/*"))
    path = f"{BUCKET}/red/a"
    assert decision(caller, "s3:GetObject", path, **{"aws__PrincipalTag/team": "red"}).allowed
    assert not decision(caller, "s3:GetObject", path, **{"aws__PrincipalTag/team": "blue"}).allowed
    assert not decision(caller, "s3:GetObject", path).allowed


def test_unknown_managed_policy_is_undecided() -> None:
    caller = role(unknown_policies=("arn:aws:iam::aws:policy/New",))
    found = decision(caller, "s3:GetObject", BUCKET)
    assert (found.allowed, found.reason) == (True, Reason.UNCHECKED)
    denied = role(deny("s3:*"), unknown_policies=("arn:aws:iam::aws:policy/New",))
    assert not decision(denied, "s3:GetObject", BUCKET).allowed


@pytest.mark.parametrize(
    ("caller", "words"),
    [
        (role(), "because no identity-based policy allows the s3:GetObject action"),
        (role(deny("s3:*")), "with an explicit deny in an identity-based policy"),
        (role(allow("*"), boundary=()), "because no permissions boundary allows the s3:GetObject action"),
    ],
)
def test_denial_message_matches_aws(caller: Principal, words: str) -> None:
    found = evaluation.refusal(decision(caller, "s3:GetObject", f"{BUCKET}/a"))
    assert found == f"User: {SESSION} is not authorized to perform: s3:GetObject on resource: {BUCKET}/a {words}"


@pytest.mark.parametrize(
    ("name", "action", "allowed"),
    [
        ("AdministratorAccess", "iam:CreateRole", True),
        ("ReadOnlyAccess", "cloudformation:GetTemplate", True),
        ("ReadOnlyAccess", "s3:GetObject", True),
        ("ReadOnlyAccess", "secretsmanager:GetSecretValue", False),
        ("ReadOnlyAccess", "s3:PutObject", False),
        ("service-role/AWSLambdaBasicExecutionRole", "logs:PutLogEvents", True),
        ("service-role/AWSLambdaBasicExecutionRole", "s3:GetObject", False),
    ],
)
def test_aws_managed_policies_match_the_published_ones(name: str, action: str, allowed: bool) -> None:
    arn = f"arn:aws:iam::aws:policy/{name}"
    caller = Principal(SESSION, Kind.ROLE, ACCOUNT, ROLE, identity=(read(arn, managed_policy(arn)),))
    assert decision(caller, action, "*").allowed is allowed


def test_unknown_aws_managed_policy_has_no_document() -> None:
    assert managed_policy("arn:aws:iam::aws:policy/NoSuchPolicy") is None


@pytest.mark.parametrize(
    ("action", "resource", "fits"),
    [
        ("ecs:DescribeServices", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/c/s", True),
        ("ecs:DescribeServices", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/c", False),
        ("rds:DescribeDBParameters", f"arn:aws:rds:eu-west-1:{ACCOUNT}:pg:p", True),
        ("s3:NoSuchAction", "*", False),
        ("sts:AssumeRole", ROLE, True),
        # A service that only AWS's own handlers use.
        ("managed-fleets:CreateAutoScalingGroup", ROLE, False),
    ],
)
def test_resource_types_of_an_action(action: str, resource: str, fits: bool) -> None:
    assert action_reference.fits(action, resource) is fits


def test_certain_actions_are_of_the_types_own_service() -> None:
    from rehearsal.emulator.permissions.provisioning import certain_actions

    assert certain_actions("AWS::SNS::Subscription", "create") == ("sns:Subscribe",)
    assert certain_actions("AWS::SNS::Subscription", "delete") == ()
    assert certain_actions("AWS::S3::Bucket", "create")[0] == "s3:CreateBucket"
    assert certain_actions("AWS::AutoScaling::AutoScalingGroup", "create") == (
        "autoscaling:CreateAutoScalingGroup",
        "autoscaling:UpdateAutoScalingGroup",
    )

"""IAM: malformed documents, policies and roles that do not exist, and the quotas of roles.

Sources: IAM API Reference (CreateRole, PutRolePolicy, CreatePolicy, AttachRolePolicy) and "IAM and STS quotas".
"""

from typing import Any

from rehearsal.emulator.internals import here, iam
from rehearsal.emulator.rules import policies
from rehearsal.emulator.rules.refusal import NOT_FOUND, QUOTA, Refusal, service_refusal
from rehearsal.emulator.rules.request import Request, on_both

MANAGED_CHARACTERS = 6144
INLINE_CHARACTERS = 10240
ATTACHED_POLICIES = 10
"""Quotas of a managed policy, of a role's inline policies together, and of policies attached to a role."""


def _malformed(fault: str | None) -> None:
    if fault:
        raise service_refusal(f"{fault} (Error Code: MalformedPolicyDocument)", "Iam")


def _over(quota: str, most: int) -> Refusal:
    return service_refusal(
        f"Cannot exceed quota for {quota}: {most} (Error Code: LimitExceeded)", "Iam", QUOTA, status=409
    )


@on_both("AWS::IAM::Role")
def require_trust(request: Request) -> None:
    """Refuse a trust policy that is malformed."""
    if request.changed("AssumeRolePolicyDocument"):
        _malformed(policies.fault_of_trust_policy(request.properties["AssumeRolePolicyDocument"]))


@on_both("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
def require_inline_policies(request: Request) -> None:
    """Refuse inline policies that are malformed or too long together."""
    documents = [policy.get("PolicyDocument") for policy in request.get("Policies") or []]
    for document in documents:
        _malformed(policies.fault_of_identity_policy(document))
    if sum(policies.size(document) for document in documents) > INLINE_CHARACTERS:
        raise service_refusal(
            f"Maximum policy size of {INLINE_CHARACTERS} bytes exceeded for role (Error Code: LimitExceeded)",
            "Iam",
            QUOTA,
            status=409,
        )


@on_both("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
def require_attached_policies(request: Request) -> None:
    """Refuse attached policies and boundaries of this account that do not exist, and more than the quota."""
    attached = request.get("ManagedPolicyArns") or []
    if len(attached) > ATTACHED_POLICIES:
        raise _over("PoliciesPerRole", ATTACHED_POLICIES)
    boundary = request.get("PermissionsBoundary")
    for arn in [*attached, *([boundary] if boundary else [])]:
        if not _exists(str(arn)):
            raise service_refusal(
                f"Policy {arn} does not exist or is not attachable. (Error Code: NoSuchEntity)",
                "Iam",
                NOT_FOUND,
                status=404,
            )


@on_both("AWS::IAM::ManagedPolicy")
def require_managed_policy(request: Request) -> None:
    """Refuse a managed policy that is malformed or too long."""
    document = request.properties["PolicyDocument"]
    _malformed(policies.fault_of_identity_policy(document))
    if policies.size(document) > MANAGED_CHARACTERS:
        raise _over("PolicySize", MANAGED_CHARACTERS)


@on_both("AWS::IAM::Policy", "AWS::IAM::RolePolicy")
def require_policy(request: Request) -> None:
    """Refuse an inline policy of its own that is malformed, and one that makes its role's policies too long."""
    document = request.properties.get("PolicyDocument")
    _malformed(policies.fault_of_identity_policy(document))
    for name in [*(request.get("Roles") or []), *filter(None, [request.get("RoleName")])]:
        inline: dict[str, Any] = dict((iam._roles.get(name) or {}).get("InlinePolicies", {}))
        inline[request.properties.get("PolicyName", "")] = document
        if sum(policies.size(item) for item in inline.values()) > INLINE_CHARACTERS:
            raise service_refusal(
                f"Maximum policy size of {INLINE_CHARACTERS} bytes exceeded for role {name} "
                "(Error Code: LimitExceeded)",
                "Iam",
                QUOTA,
                status=409,
            )


@on_both("AWS::IAM::InstanceProfile")
def require_profile_roles(request: Request) -> None:
    """Refuse a profile of a role that does not exist."""
    for name in request.get("Roles") or []:
        if name not in iam._roles:
            raise service_refusal(
                f"The role with name {name} cannot be found. (Error Code: NoSuchEntity)", "Iam", NOT_FOUND, status=404
            )


def _exists(arn: str) -> bool:
    account, _ = here()
    return arn in iam._policies or not arn.startswith(f"arn:aws:iam::{account}:policy/")

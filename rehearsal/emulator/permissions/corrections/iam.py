"""IAM: the boundary and the policy of a call (Service Authorization Reference, AWS IAM, condition keys)."""

from dataclasses import replace

from rehearsal.emulator.internals import iam
from rehearsal.emulator.permissions.corrections import ApiCall, Target

SETS_BOUNDARY = (
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
)
HAS_BOUNDARY = (
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePolicy",
)


def complete(call: ApiCall, target: Target) -> Target:
    """Add the boundary that the call sets or its role has, and the policy that it attaches or detaches."""
    found: dict[str, str] = {}
    if call.action in SETS_BOUNDARY:
        found["iam:permissionsboundary"] = call.text("PermissionsBoundary")
    elif call.action in HAS_BOUNDARY:
        found["iam:permissionsboundary"] = _boundary_of(call)
    found["iam:policyarn"] = call.text("PolicyArn")
    return replace(target, context={**target.context, **{key: text for key, text in found.items() if text}})


def _boundary_of(call: ApiCall) -> str:
    role = iam._roles.get_scoped(call.account, None, call.text("RoleName")) or {}
    boundary = role.get("PermissionsBoundary") or ""
    return boundary.get("PermissionsBoundaryArn", "") if isinstance(boundary, dict) else boundary

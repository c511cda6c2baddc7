"""The Allow statements of stacks' roles, each with whether a call has used it."""

from collections.abc import Collection, Iterator
from typing import Any

from rehearsal.emulator.internals import cloudformation, iam
from rehearsal.emulator.permissions import principals
from rehearsal.emulator.permissions.policy import Statement, read

BOOTSTRAP = "CDKToolkit"
"""The stack of `cdk bootstrap`: the grants of its roles belong to the CDK, not to the release."""


def roles() -> dict[str, dict[str, str]]:
    """Return by ARN the stack and the logical id of every role that a stack created."""
    return {
        role["Arn"]: {"stack": stack, "logical_id": logical_id, "role": role["Arn"]}
        for account, stack, logical_id, name in _made()
        if (role := iam._roles.get_scoped(account, None, name))
    }


def _made() -> Iterator[tuple[str, str, str, str]]:
    for key, stack in list(cloudformation._stacks._data.items()):
        for logical_id, resource in list((stack.get("_resources") or {}).items()):
            if resource.get("ResourceType") == "AWS::IAM::Role":
                yield key[0], stack.get("StackName", ""), logical_id, resource.get("PhysicalResourceId", "")


def place_of(arn: str) -> dict[str, str]:
    """Return the stack and the logical id of the resource that an ARN names; empty if no stack created it."""
    names = {arn, arn.partition(":::")[2].partition("/")[0], arn.rpartition(":")[2], arn.rpartition("/")[2]} - {""}
    for _, stack in list(cloudformation._stacks._data.items()):
        for logical_id, resource in list((stack.get("_resources") or {}).items()):
            physical_id = str(resource.get("PhysicalResourceId") or "")
            if physical_id in names or physical_id.rpartition("/")[2] in names:
                return {"stack": stack.get("StackName", ""), "logical_id": logical_id}
    return {"stack": "", "logical_id": ""}


def of_role(role_arn: str, used: Collection[tuple[str, str, int]]) -> list[dict[str, Any]]:
    """Return a role's Allow statements."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name) or {}
    documents = dict(role.get("InlinePolicies") or {})
    documents |= {arn: principals.managed(arn, account) for arn in role.get("AttachedPolicies", [])}
    return [
        _grant(statement, used=(role_arn, policy, statement.index) in used)
        for policy, document in documents.items()
        for statement in read(policy, document)
        if statement.allows
    ]


def _grant(statement: Statement, *, used: bool) -> dict[str, Any]:
    return {
        "policy": statement.policy,
        "index": statement.index,
        "sid": statement.sid,
        "actions": list(statement.actions or [f"all but {action}" for action in statement.not_actions])[:20],
        "resources": list(statement.resources or [f"all but {item}" for item in statement.not_resources])[:20],
        "used": used,
    }

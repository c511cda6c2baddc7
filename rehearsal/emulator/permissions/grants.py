"""The Allow statements of stacks' roles, each with whether a call has used it."""

from collections.abc import Collection, Iterator
from typing import Any

from rehearsal.emulator.internals import cloudformation, iam
from rehearsal.emulator.permissions import principals
from rehearsal.emulator.permissions.policy import Statement, read

BOOTSTRAP = "CDKToolkit"
"""The stack of `cdk bootstrap`: the grants of its roles belong to the CDK, not to the release."""
NOWHERE = {"account": "", "region": "", "stack": "", "logical_id": ""}
"""The place of what no stack created."""


def roles() -> dict[str, dict[str, str]]:
    """Return the place of every role that a stack created, by the role's ARN."""
    return {
        role["Arn"]: {**place, "role": role["Arn"]}
        for place, resource in _created()
        if resource.get("ResourceType") == "AWS::IAM::Role"
        and (role := iam._roles.get_scoped(place["account"], None, resource.get("PhysicalResourceId", "")))
    }


def place_of(arn: str) -> dict[str, str]:
    """Return the account, region, stack and logical id of the resource that an ARN names; empty if no stack made it."""
    names = {arn, arn.partition(":::")[2].partition("/")[0], arn.rpartition(":")[2], arn.rpartition("/")[2]} - {""}
    for place, resource in _created():
        physical_id = str(resource.get("PhysicalResourceId") or "")
        if physical_id in names or physical_id.rpartition("/")[2] in names:
            return place
    return NOWHERE


def _created() -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Yield the stacks' resources, each with its place."""
    for (account, region, _), stack in list(cloudformation._stacks._data.items()):
        for logical_id, resource in list((stack.get("_resources") or {}).items()):
            names = {"account": account, "region": region, "stack": stack.get("StackName", "")}
            yield {**names, "logical_id": logical_id}, resource


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

"""CloudFormation's own calls: it creates, updates and deletes resources with the permissions of the stack's role.

The role is the one that `RoleARN` names, at first or in an earlier operation on the stack; without one it is the caller
(CloudFormation User Guide, "AWS CloudFormation service role"). A provider schema lists all calls that its handlers
may make for any property. Checked here, before the handler starts, are those that are certain: the operation itself,
reading the resource, passing a role, and invoking a custom resource's function.
"""

import contextvars
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from rehearsal.emulator.internals import here, iam, stacks
from rehearsal.emulator.permissions import action_reference, enforcement, evaluation, principals
from rehearsal.emulator.permissions.evaluation import Kind, Principal
from rehearsal.emulator.permissions.service_calls import creation
from rehearsal.emulator.permissions.service_calls.names import NAMINGS, arn_of, generated_name
from rehearsal.emulator.permissions.service_calls.resources import Resource, Resources
from rehearsal.emulator.permissions.service_calls.table import Call

SERVICE = "cloudformation.amazonaws.com"
OPERATIONS = ("CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "ExecuteChangeSet")
VERBS = ("create", "put", "register", "update", "modify", "delete", "deregister", "describe", "get", "list", "head")
PART_OF = {
    "AWS::Backup::RestoreTestingSelection": ("RestoreTestingPlanName", "AWS::Backup::RestoreTestingPlan"),
    "AWS::IAM::Policy": ("Roles", "AWS::IAM::Role"),
    "AWS::Lambda::Permission": ("FunctionName", "AWS::Lambda::Function"),
    "AWS::S3::BucketPolicy": ("Bucket", "AWS::S3::Bucket"),
    "AWS::SQS::QueuePolicy": ("Queues", "AWS::SQS::Queue"),
}
"""Types whose handlers act on another resource: the property that names it, and its type."""
BOUNDED = ("iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy")
"""Actions with the condition key `iam:PermissionsBoundary` that provisioning certainly calls."""
BOOTSTRAP_STACK = "CDKToolkit"
"""An administrator deploys it with their own permissions."""

_deployer: contextvars.ContextVar[Principal | None] = contextvars.ContextVar("deployer", default=None)
_roles: dict[tuple[str, str, str], str] = {}
"""By account, region and stack: the role of its last operation."""


def register() -> None:
    """Check every resource operation of a stack."""
    original_create, original_update, original_delete = (
        stacks._provision_resource,
        stacks._update_resource,
        stacks._delete_resource,
    )

    def create(resource_type: str, logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        _check("create", resource_type, logical_id, "", properties, stack)
        return original_create(resource_type, logical_id, properties, stack)

    def update(
        resource_type: str,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack: str,
        *rest: Any,
        **more: Any,
    ) -> Any:
        if old != new:
            logical_id = more.get("logical_id") or (rest[0] if rest else "") or ""
            _check("update", resource_type, logical_id, physical_id, new, stack)
        return original_update(resource_type, physical_id, old, new, stack, *rest, **more)

    def delete(
        resource_type: str,
        physical_id: str,
        properties: dict[str, Any],
        stack_name: str | None = None,
        logical_id: str | None = None,
    ) -> Any:
        _check("delete", resource_type, logical_id or "", physical_id, properties, stack_name or "")
        return original_delete(resource_type, physical_id, properties, stack_name=stack_name, logical_id=logical_id)

    stacks._provision_resource, stacks._update_resource, stacks._delete_resource = create, update, delete


def begin(caller: Principal, action: str, parameters: Mapping[str, Any]) -> None:
    """Remember whose permissions an operation on a stack uses; called for each allowed request."""
    operation = action.partition(":")[2]
    if operation not in OPERATIONS:
        return
    account, region = here()
    name = _text(parameters, "StackName")
    if name.startswith("arn:"):
        name = name.split("/")[1]
    role = _text(parameters, "RoleARN")
    stack = (account, region, name)
    if role:
        _roles[stack] = role
    elif operation == "CreateStack":
        _roles.pop(stack, None)
    used = _roles.get(stack)
    _deployer.set(_session_of(used) if used else caller)


def _session_of(role_arn: str) -> Principal:
    owner, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return principals.of_role(owner, name, arn=principals.session_arn(owner, name, "AWSCloudFormation"))


def _text(parameters: Mapping[str, Any], name: str) -> str:
    found = parameters.get(name) or ""
    return found[0] if isinstance(found, list) else found


def _check(  # noqa: PLR0917 - a handler's arguments
    operation: str, resource_type: str, logical_id: str, physical_id: str, properties: dict[str, Any], stack: str
) -> None:
    """Check the calls of a resource operation; raise ValueError to fail the resource, as at AWS."""
    deployer = _deployer.get()
    if deployer is None or deployer.kind is Kind.ROOT or stack.startswith(BOOTSTRAP_STACK):
        return
    # Policies may have changed since the operation began, the role's own too.
    deployer = principals.of_role(deployer.account, deployer.role_arn.rpartition("/")[2], arn=deployer.arn)
    account, region = here()
    name = physical_id or _name(resource_type, logical_id, properties, stack)
    resource = Resource(resource_type, logical_id, stack, account, region, name, properties, deployer=deployer.role_arn)
    for call in _calls(operation, resource):
        try:
            enforcement.check(deployer, call.action, call.resource, call.context)
        except enforcement.Refused as refusal:
            raise ValueError(
                f'Resource handler returned message: "{evaluation.refusal(refusal.decision)}" '
                "(HandlerErrorCode: AccessDenied)"
            ) from None


def _calls(operation: str, resource: Resource) -> Iterator[Call]:
    caller = creation.deployer(resource)
    for action in certain_actions(resource.type, operation):
        named = bool(resource.arn) and action_reference.fits(action, resource.arn)
        about = resource.arn if named else _about(action, resource)
        yield Call(caller, action, about, _boundary(about, resource) if action in BOUNDED else {})
    nothing_else = Resources([])
    if operation != "delete" and resource.type in creation.PASSED_ROLES:
        yield from creation.passing_a_role(resource, nothing_else)
    yield from creation.invoking_a_custom_resource(resource, nothing_else)


def _about(action: str, resource: Resource) -> str:
    """Return what an action is about that is not named after the resource: what it is part of, or a new identifier."""
    for value in resource.properties.values():
        for arn in value if isinstance(value, list) else [value]:
            if isinstance(arn, str) and arn.startswith("arn:") and action_reference.fits(action, arn):
                return arn
    if resource.type in PART_OF:
        name, whole = PART_OF[resource.type]
        found = resource.at(name)
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, str) and found:
            return arn_of(whole, found.rpartition("/")[2], account=resource.account, region=resource.region)
    return action_reference.arn_in(resource.account, resource.region, resource.physical_id, action)


def _boundary(role_arn: str, resource: Resource) -> dict[str, str]:
    """Return the condition key with the boundary that a role has, or is about to get."""
    boundary = resource.at("PermissionsBoundary")
    if boundary is None:
        attached = iam._roles.get(role_arn.rpartition("/")[2], {}).get("PermissionsBoundary")
        boundary = attached.get("PermissionsBoundaryArn") if isinstance(attached, dict) else attached
    return {"iam:PermissionsBoundary": boundary} if boundary else {}


def _name(resource_type: str, logical_id: str, properties: dict[str, Any], stack: str) -> str:
    """Return the name that a new resource will have, or one of the form that CloudFormation generates."""
    naming = NAMINGS.get(resource_type)
    given = properties.get(naming.property) if naming else None
    return given if isinstance(given, str) and given else generated_name(resource_type, logical_id, stack)


@cache
def certain_actions(resource_type: str, operation: str) -> tuple[str, ...]:
    """Return the actions that an operation on a resource takes in every case.

    A schema lists more: what any property may take. Certain are those that are named after the type, such as
    `s3:CreateBucket`; where none is, one of the type's own service, or of the one that the handler calls most.
    """
    # Nobody can allow the actions of AWS's internal services.
    handlers = creation.handler_actions(resource_type, operation, "read")
    listed = tuple(action for action in handlers if action_reference.is_known(action))
    noun = resource_type.rpartition("::")[2].lower()
    named = {f"{verb}{ending}" for verb in VERBS for ending in (noun, f"{noun}s")}
    certain = tuple(action for action in listed if action.partition(":")[2].lower() in named)
    if certain or not listed:
        return certain
    services = Counter(action.partition(":")[0] for action in listed)
    own = resource_type.split("::")[1].lower()
    service = own if own in services else services.most_common(1)[0][0]
    if operation != "create":
        return ()
    its = [action for action in listed if action.partition(":")[0] == service]
    return tuple([action for action in its if not action.partition(":")[2].startswith(("Get", "List"))] or its)[:1]

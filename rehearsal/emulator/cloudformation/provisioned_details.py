"""What CloudFormation gives a resource and ministack does not: unique names, a role's boundary, whole tags."""

from typing import Any
from uuid import uuid4

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import Properties, Provisioned, here, iam, provisioners, stacks
from rehearsal.emulator.permissions.service_calls.names import generated_name


def register() -> None:
    """Complete generated names, roles, log groups and the stack's tags of Auto Scaling groups."""
    _name_by_environment()
    providers.register(LogGroup("AWS::Logs::LogGroup"), Role("AWS::IAM::Role"))
    for module in (provisioners, stacks):
        module._with_stack_tags = _with_stack_tags


def _name_by_environment() -> None:
    """Generate other names for a stack of the same name elsewhere, whose roles are in the same account.

    ministack derives a name from the names of stack and resource only, so the second stack would change the first's.
    """
    above = provisioners._physical_name

    def physical_name(stack_name: str, logical_id: str, **options: Any) -> str:
        token = provisioners._NAME_SEED.set("/".join([*here(), provisioners._NAME_SEED.get()]))
        try:
            return above(stack_name, logical_id, **options)
        finally:
            provisioners._NAME_SEED.reset(token)

    provisioners._physical_name = physical_name


SCALING_GROUP = "AWS::AutoScaling::AutoScalingGroup"
_with_any_stack_tags = provisioners._with_stack_tags


def _with_stack_tags(resource_type: str, properties: Properties, *rest: Any) -> Properties:
    """Return the properties with the stack's tags, which have a required member more in Auto Scaling groups."""
    tagged = _with_any_stack_tags(resource_type, properties, *rest)
    if resource_type != SCALING_GROUP:
        return tagged
    own = properties.get("Tags") or []
    tags = [tag if tag in own else {**tag, "PropagateAtLaunch": True} for tag in tagged["Tags"]]
    return {**tagged, "Tags": tags}


class LogGroup(providers.Extension):
    """Log groups with generated names: a new one for each creation, because a retained group keeps its name."""

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        stem = generated_name(self.resource_type, logical_id, stack_name).rpartition("-")[0]
        generated = {"LogGroupName": f"{stem}-{uuid4().hex[:12]}"}
        return super().create(logical_id, {**generated, **properties}, stack_name)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        name = {"LogGroupName": physical_id}
        return super().update(physical_id, {**name, **old}, {**name, **new}, stack_name, logical_id)


class Role(providers.Details):
    """Roles with their permissions boundary. As at AWS, a role fails if its boundary does not exist."""

    def __init__(self, resource_type: str) -> None:
        super().__init__(resource_type, _store_boundary)

    @override
    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        _require_boundary(properties)
        return super().create(logical_id, properties, stack_name)

    @override
    def update(
        self, physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> Provisioned:
        _require_boundary(new)
        return super().update(physical_id, old, new, stack_name, logical_id)


def _require_boundary(properties: Properties) -> None:
    boundary = properties.get("PermissionsBoundary")
    if boundary and not boundary.startswith("arn:aws:iam::aws:") and boundary not in iam._policies:
        raise ValueError(
            f'Resource handler returned message: "Scope ARN: {boundary} does not exist or is not attachable. '
            '(Service: Iam, Status Code: 404)" (HandlerErrorCode: NotFound)'
        )


def _store_boundary(name: str, properties: Properties) -> None:
    if role := iam._roles.get(name):
        role["PermissionsBoundary"] = properties.get("PermissionsBoundary")

"""What CloudFormation gives a resource and ministack does not: a role's permissions boundary, a log group's name."""

from typing import Any
from uuid import uuid4

from rehearsal.emulator.internals import iam, stacks
from rehearsal.emulator.permissions.service_calls.names import generated_name

LOG_GROUP = "AWS::Logs::LogGroup"
ROLE = "AWS::IAM::Role"


def register() -> None:
    """Complete every resource that is created or changed; a boundary that is not there fails its role, as at AWS."""
    create_above, update_above = stacks._provision_resource, stacks._update_resource

    def create(resource_type: str, logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if resource_type == LOG_GROUP:
            # Another one each time: a group that was retained keeps its name.
            stem = generated_name(resource_type, logical_id, stack).rpartition("-")[0]
            properties = {"LogGroupName": f"{stem}-{uuid4().hex[:12]}", **properties}
        if resource_type == ROLE:
            _require_boundary(properties)
        created = create_above(resource_type, logical_id, properties, stack)
        if resource_type == ROLE:
            _keep_boundary(created[0], properties)
        return created

    def update(
        resource_type: str, physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **more: Any
    ) -> Any:
        if resource_type == LOG_GROUP and "LogGroupName" not in old and "LogGroupName" not in new:
            old, new = {"LogGroupName": physical_id, **old}, {"LogGroupName": physical_id, **new}
        if resource_type == ROLE:
            _require_boundary(new)
        updated = update_above(resource_type, physical_id, old, new, *rest, **more)
        if resource_type == ROLE:
            _keep_boundary(updated[0] if isinstance(updated, tuple) else physical_id, new)
        return updated

    stacks._provision_resource, stacks._update_resource = create, update


def _require_boundary(properties: dict[str, Any]) -> None:
    boundary = properties.get("PermissionsBoundary")
    if boundary and not boundary.startswith("arn:aws:iam::aws:") and boundary not in iam._policies:
        raise ValueError(
            f'Resource handler returned message: "Scope ARN: {boundary} does not exist or is not attachable. '
            '(Service: Iam, Status Code: 404)" (HandlerErrorCode: NotFound)'
        )


def _keep_boundary(name: str, properties: dict[str, Any]) -> None:
    if role := iam._roles.get(name):
        role["PermissionsBoundary"] = properties.get("PermissionsBoundary")

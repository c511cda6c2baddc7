"""Deletions that AWS refuses, and the state of a stack after a failed deletion.

- A database or load balancer under deletion protection, a bucket or vault that is not empty, and a subnet group or
  parameter group in use are not deleted: neither by their own API nor by CloudFormation.
- A resource is not deleted before those that depend on it, so a protected database keeps its subnet group.
- A resource that could not be deleted stays in the stack as DELETE_FAILED, after a rollback too; the next deletion
  retries it. After a rollback, ministack would drop it from the stack and leave it in the account.
- `DescribeStackResources` finds the stack of a physical id.

Sources: the RDS, Elastic Load Balancing, S3 and AWS Backup API references; "DeletionPolicy attribute" and "Delete a
stack" in the CloudFormation User Guide. They do not say that CloudFormation leaves the
dependencies of a failed resource alone; this follows from its order of deletion.
"""

from collections.abc import Callable
from typing import Any, Final

from typing_extensions import override

from rehearsal.emulator.cloudformation import providers
from rehearsal.emulator.internals import (
    Properties,
    alb,
    backup,
    cloudformation,
    cloudformation_requests,
    engine,
    here,
    rds,
    s3,
    stacks,
)

Refusal = tuple[str, str]
"""The error's code and message."""

_left: dict[tuple[str, str, str], dict[str, bool]] = {}
"""Resources that the current operation on a stack did not delete; True: AWS refused, False: not tried."""


class _NotTried(Exception):  # noqa: N818 - not an error of AWS's
    """A resource was not deleted because one that depends on it could not be."""


def register() -> None:
    """Refuse these deletions everywhere, and keep undeleted resources in their stack."""
    for resource_type, refusal in REFUSALS.items():
        providers.register(_Protected(resource_type, refusal))
    alb._ACTION_MAP["DeleteLoadBalancer"] = _refusing(
        alb._ACTION_MAP["DeleteLoadBalancer"], "LoadBalancerArn", _protected_load_balancer, alb
    )
    for action, parameter, refusal in (
        ("DeleteDBInstance", "DBInstanceIdentifier", _protected_database),
        ("DeleteDBSubnetGroup", "DBSubnetGroupName", _used_subnet_group),
        ("DeleteDBParameterGroup", "DBParameterGroupName", _used_parameter_group),
    ):
        rds._ACTION_MAP[action] = _refusing(rds._ACTION_MAP[action], parameter, refusal, rds)
    _refuse_full_vaults()
    _keep_undeleted()
    cloudformation_requests._ACTION_HANDLERS["DescribeStackResources"] = _find_by_physical_id(
        cloudformation_requests._ACTION_HANDLERS["DescribeStackResources"]
    )


def _protected_database(name: str) -> Refusal | None:
    if str((rds._instances.get(name) or {}).get("DeletionProtection")).lower() != "true":
        return None
    text = "Cannot delete protected DB Instance, please disable deletion protection and try again."
    return "InvalidParameterCombination", text


def _protected_load_balancer(arn: str) -> Refusal | None:
    attributes = {item["Key"]: item["Value"] for item in alb._lb_attrs.get(arn) or []}
    if attributes.get("deletion_protection.enabled") != "true":
        return None
    return "OperationNotPermitted", f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"


def _full_bucket(name: str) -> Refusal | None:
    bucket = s3._buckets.get(name)
    if bucket is None or not (bucket["objects"] or s3._bucket_has_versions(name)):
        return None
    return "BucketNotEmpty", f"The bucket you tried to delete is not empty: {name}"


def _full_vault(name: str) -> Refusal | None:
    points = [job for job in backup._jobs.values() if job["BackupVaultName"] == name and job["State"] == "COMPLETED"]
    if not points:
        return None
    return "InvalidRequestException", f"Backup vault cannot be deleted (contains {len(points)} recovery points)"


def _used_subnet_group(name: str) -> Refusal | None:
    if all((item.get("DBSubnetGroup") or {}).get("DBSubnetGroupName") != name for item in rds._instances.values()):
        return None
    text = f"Cannot delete the subnet group '{name}' because at least one database instance is still using it."
    return "InvalidDBSubnetGroupStateFault", text


def _used_parameter_group(name: str) -> Refusal | None:
    used = (group for item in rds._instances.values() for group in item.get("DBParameterGroups") or [])
    if all(group.get("DBParameterGroupName") != name for group in used):
        return None
    return "InvalidDBParameterGroupState", f"One or more database instances are still members of this group {name}"


REFUSALS: Final[dict[str, Callable[[str], Refusal | None]]] = {
    "AWS::Backup::BackupVault": _full_vault,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _protected_load_balancer,
    "AWS::RDS::DBInstance": _protected_database,
    "AWS::RDS::DBParameterGroup": _used_parameter_group,
    "AWS::RDS::DBSubnetGroup": _used_subnet_group,
    "AWS::S3::Bucket": _full_bucket,
}
"""By type, a function that returns AWS's refusal to delete a physical id, or None."""


class _Protected(providers.Extension):
    """Refuses deletions that AWS refuses."""

    def __init__(self, resource_type: str, refusal: Callable[[str], Refusal | None]) -> None:
        super().__init__(resource_type)
        self._refusal = refusal

    @override
    def delete(self, physical_id: str, properties: Properties, *rest: Any) -> None:
        if (refused := self._refusal(physical_id)) is not None:
            raise ValueError(f"{refused[1]} (Error Code: {refused[0]})")
        super().delete(physical_id, properties, *rest)


def _refusing(
    above: Callable[[Any], Any], parameter: str, refusal: Callable[[str], Refusal | None], service: Any
) -> Callable[[Any], Any]:
    def answer(request: Any) -> Any:
        refused = refusal(service._p(request, parameter))
        return above(request) if refused is None else service._error(*refused, 400)

    return answer


def _refuse_full_vaults() -> None:
    above = backup._delete_vault

    def delete(name: str) -> Any:
        refused = _full_vault(name)
        return above(name) if refused is None else backup._err(*refused, 400)

    backup._delete_vault = delete


def _keep_undeleted() -> None:
    original_delete = stacks._delete_resource

    def delete(kind: str, physical_id: str, properties: Properties, stack_name: str = "", logical_id: str = "") -> None:
        left = _left.setdefault((*here(), stack_name), {})
        definitions = ((cloudformation._stacks.get(stack_name) or {}).get("_template") or {}).get("Resources", {})
        for failed in left:
            if logical_id in engine._extract_deps(definitions.get(failed, {}), set(definitions)):
                left[logical_id] = False
                raise _NotTried(f"{failed}, which depends on it, could not be deleted")
        try:
            original_delete(kind, physical_id, properties, stack_name, logical_id)
        except Exception:
            left[logical_id] = True
            raise

    stacks._delete_resource = delete
    original_roll_back, original_delete_stack = stacks._roll_back_operation, stacks._delete_stack_async

    async def roll_back(
        name: str, identifier: str, stack: dict[str, Any], operation: dict[str, Any], **rest: Any
    ) -> None:
        _left.pop((*here(), name), None)
        if operation["is_update"]:
            await original_roll_back(name, identifier, stack, operation, **rest)
            return
        stack["_template"], stack["_resolved_params"] = operation["template"], operation["param_values"]
        made = dict(stack["_resources"])
        await original_roll_back(name, identifier, stack, operation, **rest)
        stack["_resources"].update({key: made[key] for key in stack.get("_rollback_failed", {})})
        _explain(stack)

    async def delete_stack(name: str, identifier: str, *arguments: Any, **rest: Any) -> None:
        _left.pop((*here(), name), None)
        await original_delete_stack(name, identifier, *arguments, **rest)
        if (stack := cloudformation._stacks.get(name)) is not None:
            _explain(stack)

    stacks._roll_back_operation = cloudformation_requests._roll_back_operation = roll_back
    stacks._delete_stack_async = cloudformation_requests._delete_stack_async = delete_stack


def _explain(stack: dict[str, Any]) -> None:
    """Report failed deletions in resources, events and the stack's reason; hide those that were not tried."""
    left = _left.pop((*here(), stack["StackName"]), {})
    if not stack["StackStatus"].endswith("_FAILED") or not left:
        return
    events = cloudformation._stack_events[stack["StackId"]]
    untried = {name for name, tried in left.items() if not tried}
    reasons = {
        event["LogicalResourceId"]: event["ResourceStatusReason"]
        for event in events
        if event["ResourceStatus"] == "DELETE_FAILED"
    }
    for name, tried in left.items():
        record = stack["_resources"].get(name)
        if record is not None and tried:
            record.update(ResourceStatus="DELETE_FAILED", ResourceStatusReason=reasons.get(name, ""))
        elif record is not None:
            record.update(ResourceStatus="CREATE_COMPLETE", ResourceStatusReason="")
    failed = sorted(name for name, tried in left.items() if tried)
    stack["StackStatusReason"] = f"The following resource(s) failed to delete: [{', '.join(failed)}]."
    events[:] = [
        event
        for event in events
        if not (event["LogicalResourceId"] in untried and event["ResourceStatus"].startswith("DELETE_"))
    ]
    events[-1]["ResourceStatusReason"] = stack["StackStatusReason"]


def _find_by_physical_id(above: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def answer(request: dict[str, Any]) -> Any:
        physical_id = cloudformation_requests._p(request, "PhysicalResourceId")
        if not physical_id:
            return above(request)
        for stack in cloudformation._stacks.values():
            held = stack.get("_resources", {}).values()
            if any(record.get("PhysicalResourceId") == physical_id for record in held):
                named = {key: value for key, value in request.items() if key != "PhysicalResourceId"}
                return above({**named, "StackName": [stack["StackName"]]})
        return cloudformation_requests._error("ValidationError", f"Stack for {physical_id} does not exist")

    return answer

"""Finds, reads and deletes the deployed stacks of an environment."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud_assembly import Assembly, Stack
from jobs.aws_errors import has_no_stack
from tools.accounts.accounts import Accounts
from tools.accounts.errors import OperationError

LOOK_SECONDS = 5.0
"""Seconds between two polls of an operation in progress."""
DELETED_WITH_OWNER: Final = {"AWS::SecretsManager::RotationSchedule"}
"""Types that are deleted with their owner even if their template retains them."""


def in_all_regions(environment: str, assembly: Assembly) -> list[Stack]:
    """Return the environment's stacks in all its regions; stages of further regions have the region in their name."""
    regions = {stack.region for stack in assembly.stacks}
    # Another environment may be called so.
    elsewhere = {f"{environment}-{region}" for region in regions} - set(assembly.environments)
    names = {environment, *elsewhere}
    return [stack for stack in assembly.stacks if stack.stage and stack.stage.lower() in names]


def stacks_of(environment: str, assembly: Assembly) -> list[Stack]:
    """Return the environment's stacks in all its regions; raises OperationError where there are none."""
    found = in_all_regions(environment, assembly)
    if not found:
        known = ", ".join(dict.fromkeys(stack.stage.lower() for stack in assembly.stacks if stack.stage))
        raise OperationError(
            f"there is no environment {environment}; delivery.toml has {known}. If its table was already removed, run "
            "the same command in a checkout of a commit that has it: git worktree add ../before COMMIT"
        )
    return found


def dependents_first(stacks: list[Stack]) -> list[Stack]:
    """Return the stacks in deletion order: each before the stacks it depends on."""
    left = {stack.name: stack for stack in stacks}
    order: list[Stack] = []
    while left:
        needed = {name for stack in left.values() for name in stack.dependencies}
        free = [stack for stack in left.values() if stack.name not in needed]
        order += free
        for stack in free:
            del left[stack.name]
    return order


def described(accounts: Accounts, stack: Stack) -> dict[str, Any] | None:
    """Return CloudFormation's description of the stack; None if it does not exist."""
    cloudformation = accounts.client("cloudformation", stack.aws_environment, role_arn=stack.lookup_role_arn)
    try:
        [found] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    except ClientError as error:
        if has_no_stack(error):
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def deployed_template(accounts: Accounts, stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the resources of the deployed template, whose deletion policies apply, not the synthesized ones."""
    cloudformation = accounts.client("cloudformation", stack.aws_environment, role_arn=stack.lookup_role_arn)
    body = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    return (json.loads(body) if isinstance(body, str) else body).get("Resources", {})


def present_resources(accounts: Accounts, stack: Stack) -> list[dict[str, Any]]:
    """Return the stack's existing resources, as items of DescribeStackResources."""
    cloudformation = accounts.client("cloudformation", stack.aws_environment, role_arn=stack.lookup_role_arn)
    found = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    return [item for item in found if item.get("PhysicalResourceId") and item["ResourceStatus"] != "DELETE_COMPLETE"]


def outlives(resource: Mapping[str, Any]) -> bool:
    """Return whether the resource is retained when its stack is deleted."""
    kept = resource.get("DeletionPolicy", "Delete").startswith("Retain")
    return kept and resource["Type"] not in DELETED_WITH_OWNER


def unlocking(stack: Stack) -> str:
    """Return the command that disables the stack's termination protection."""
    return (
        f"aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {stack.name}"
    )


def delete(accounts: Accounts, stack: Stack, *, retained: Iterable[str] = ()) -> None:
    """Delete the stack and wait; raises OperationError if it cannot be deleted.

    `retained` are logical ids that CloudFormation retains; AWS accepts them only for a stack in DELETE_FAILED.
    """
    cloudformation = accounts.client("cloudformation", stack.aws_environment, role_arn=stack.deploy_role_arn)
    arguments: dict[str, Any] = {"RoleARN": stack.execution_role_arn} if stack.execution_role_arn else {}
    if retained := list(retained):
        arguments["RetainResources"] = retained
    cloudformation.delete_stack(StackName=stack.name, **arguments)
    while (found := described(accounts, stack)) is not None:
        if found["StackStatus"] == "DELETE_FAILED":
            raise OperationError(
                f"{stack.name} could not be deleted: {found.get('StackStatusReason', 'see its events')}"
            )
        time.sleep(LOOK_SECONDS)

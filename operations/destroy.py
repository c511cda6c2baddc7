"""Takes an environment down: the order, what stands in the way, what stays, and the deletions themselves."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.accounts import Accounts
from operations.assembly import Assembly, Stack
from operations.errors import OperationError

PRODUCTION = "prod"
"""The environment that nobody takes down with one command."""
LOOK_SECONDS = 5.0

COSTS_ON = {
    "AWS::Backup::BackupVault": "every recovery point in it, by the GB",
    "AWS::EC2::EIP": "by the hour",
    "AWS::EC2::NatGateway": "by the hour, and by the GB",
    "AWS::KMS::Key": "by the month; keep it as long as anything is encrypted with it",
    "AWS::Logs::LogGroup": "what is stored, by the GB",
    "AWS::RDS::DBInstance": "by the hour as long as it runs, and its storage and backups",
    "AWS::S3::Bucket": "what is stored, by the GB",
    "AWS::SecretsManager::Secret": "by the month",
}
"""How what may stay goes on to cost (the services' pricing pages); other types cost nothing while nobody uses them."""

STANDS_IN_A_NETWORK = {"AWS::ElastiCache::ReplicationGroup", "AWS::RDS::DBInstance"}
"""Types whose subnets and security groups cannot go before they do."""
GOES_WITH_ITS_OWNER = {"AWS::SecretsManager::RotationSchedule"}
"""Types that are nothing by themselves: kept from being taken back, gone with what they belong to."""


@dataclass(frozen=True)
class Plan:
    """What will be done."""

    deleted: tuple[Stack, ...]
    """Stacks to delete, in this order."""
    kept: Mapping[str, str]
    """Stacks that have to stay, each with what needs it."""
    retained: tuple[tuple[str, str, str], ...]
    """Stack, type and physical id of what outlives its stack."""

    def lines(self) -> Iterator[str]:
        """Yield the plan as it is shown."""
        yield from (f"  delete {stack.name}" for stack in self.deleted)
        yield from (f"  keep   {name}: {reason} is in it, and costs on" for name, reason in self.kept.items())
        for stack, kind, identifier in self.retained:
            costs = COSTS_ON.get(kind)
            yield f"  retain {kind} {identifier} of {stack}" + (f"; costs: {costs}" if costs else "")


def stacks_of(environment: str, assembly: Assembly) -> list[Stack]:
    """Return an environment's stacks; raises OperationError where there are none, or nobody may take them down."""
    if environment == PRODUCTION:
        raise OperationError(
            f"{PRODUCTION} is not taken down by a command. Whoever means it deletes its stacks one by one, in the "
            "order that `make destroy` shows for another environment, after switching their protection off"
        )
    stacks = [stack for stack in assembly.stacks if stack.stage and stack.stage.lower() == environment]
    if not stacks:
        known = ", ".join(dict.fromkeys(stack.stage.lower() for stack in assembly.stacks if stack.stage))
        raise OperationError(
            f"there is no environment {environment}; delivery.toml has {known}. One whose table is gone already is "
            "taken down from a commit that has it: git worktree add ../before COMMIT, and there the same command"
        )
    return stacks


def plan(stacks: list[Stack], accounts: Accounts) -> Plan:
    """Return what taking an environment's stacks down would do; raises OperationError where it cannot be done."""
    deployed = {stack.name: found for stack in stacks if (found := _deployed(accounts, stack)) is not None}
    protected = [name for name, found in deployed.items() if found.get("EnableTerminationProtection")]
    if protected:
        raise OperationError(
            "protected against termination: "
            + ", ".join(protected)
            + ". If it is meant: aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {protected[0]}"
        )
    present = [stack for stack in stacks if stack.name in deployed]
    retained: list[tuple[str, str, str]] = []
    kept: dict[str, str] = {}
    for stack in present:
        template = _template(accounts, stack)
        identifiers = _physical_ids(accounts, stack)
        for logical_id, resource in template.items():
            if logical_id in identifiers and _outlives(resource):
                retained.append((stack.name, resource["Type"], identifiers[logical_id]))
                if resource["Type"] in STANDS_IN_A_NETWORK:
                    for needed in _stacks_needed(template, logical_id):
                        kept.setdefault(needed, f"{resource['Type']} {identifiers[logical_id]}")
    order = [stack for stack in _last_first(present) if stack.name not in kept]
    return Plan(tuple(order), kept, tuple(retained))


def carry_out(agreed: Plan, accounts: Accounts) -> Iterator[str]:
    """Delete stack by stack and yield what has been done; raises OperationError at the first that cannot be deleted."""
    for stack in agreed.deleted:
        began = time.monotonic()
        cloudformation = accounts.client("cloudformation", stack.place, role_arn=stack.deploy_role_arn)
        role = {"RoleARN": stack.execution_role_arn} if stack.execution_role_arn else {}
        cloudformation.delete_stack(StackName=stack.name, **role)
        while (found := _deployed(accounts, stack)) is not None:
            if found["StackStatus"] == "DELETE_FAILED":
                raise OperationError(
                    f"{stack.name} could not be deleted: {found.get('StackStatusReason', 'its events say why')}"
                )
            time.sleep(LOOK_SECONDS)
        yield f"deleted {stack.name} ({time.monotonic() - began:.0f} s)"


def _last_first(stacks: list[Stack]) -> list[Stack]:
    """Return the stacks so that each comes before those it was built on."""
    left = {stack.name: stack for stack in stacks}
    order: list[Stack] = []
    while left:
        needed = {name for stack in left.values() for name in stack.after}
        free = [stack for stack in left.values() if stack.name not in needed]
        order += free
        for stack in free:
            del left[stack.name]
    return order


def _deployed(accounts: Accounts, stack: Stack) -> dict[str, Any] | None:
    cloudformation = accounts.client("cloudformation", stack.place, role_arn=stack.lookup_role_arn)
    try:
        [found] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def _template(accounts: Accounts, stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the resources of the deployed template: its word on deletion holds, not the synthesized one's."""
    cloudformation = accounts.client("cloudformation", stack.place, role_arn=stack.lookup_role_arn)
    body = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    return (json.loads(body) if isinstance(body, str) else body).get("Resources", {})


def _physical_ids(accounts: Accounts, stack: Stack) -> dict[str, str]:
    cloudformation = accounts.client("cloudformation", stack.place, role_arn=stack.lookup_role_arn)
    found = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    return {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for item in found
        if item.get("PhysicalResourceId") and item["ResourceStatus"] != "DELETE_COMPLETE"
    }


def _outlives(resource: Mapping[str, Any]) -> bool:
    kept = resource.get("DeletionPolicy", "Delete").startswith("Retain")
    return kept and resource["Type"] not in GOES_WITH_ITS_OWNER


def _stacks_needed(template: Mapping[str, Any], logical_id: str) -> set[str]:
    """Return the stacks whose outputs a resource is built on, by itself or by way of others in its template."""
    seen: set[str] = set()
    stacks: set[str] = set()

    def follow(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                follow(item)
        elif isinstance(value, dict):
            if isinstance(output := value.get("Fn::GetStackOutput"), dict):
                stacks.add(output["StackName"])
            for key, item in value.items():
                if key == "Ref":
                    visit(item)
                elif key == "Fn::GetAtt":
                    visit(item[0] if isinstance(item, list) else item.partition(".")[0])
                else:
                    follow(item)

    def visit(name: str) -> None:
        if name in template and name not in seen:
            seen.add(name)
            follow(template[name].get("Properties", {}))

    visit(logical_id)
    return stacks

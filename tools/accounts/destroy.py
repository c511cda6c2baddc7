"""Deletes an environment: plans the order and what is retained, then deletes the stacks."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import Assembly, Stack, is_in_further_region
from jobs.aws_errors import explained
from tools.accounts.accounts import Accounts, Unreachable
from tools.accounts.checks.context import CheckContext
from tools.accounts.checks.left_behind import stacks_left_behind
from tools.accounts.deployed_stacks import (
    delete,
    dependents_first,
    deployed_template,
    described,
    in_all_regions,
    outlives,
    present_resources,
    stacks_of,
    unlocking,
)
from tools.accounts.errors import OperationError

PRODUCTION = ("prod", "production")
"""Environments that this program never deletes, nor those whose names begin with one of these and a hyphen: their
further regions, and what `delivery.toml` warns about as production."""

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
"""Continuing charges of retained resources (the services' pricing pages); other types are free while unused."""

BLOCKS_NETWORK_DELETION = {"AWS::ElastiCache::ReplicationGroup", "AWS::RDS::DBInstance"}
"""Types that must be deleted before their subnets and security groups."""


@dataclass(frozen=True)
class Plan:
    """The planned deletion."""

    deleted: tuple[Stack, ...]
    """Stacks to delete, in this order."""
    kept: Mapping[str, str]
    """Stacks that are kept, each with the resource that needs it."""
    retained: tuple[tuple[str, str, str], ...]
    """Stack, type and physical id of each retained resource."""

    def lines(self) -> Iterator[str]:
        """Yield the lines that show the plan."""
        yield from (f"  delete {stack.name} in {stack.account}, {stack.region}" for stack in self.deleted)
        yield from (f"  keep   {name}: {reason} needs it, and is still charged" for name, reason in self.kept.items())
        for stack, kind, identifier in self.retained:
            costs = COSTS_ON.get(kind)
            yield f"  retain {kind} {identifier} of {stack}" + (f"; costs: {costs}" if costs else "")


def stacks_to_destroy(environment: str, assembly: Assembly) -> list[Stack]:
    """Return an environment's stacks; raises OperationError if there are none, or if it is production."""
    if environment in PRODUCTION or environment.startswith(tuple(f"{name}-" for name in PRODUCTION)):
        raise OperationError(
            f"{environment} is production and cannot be deleted with this command. To delete it anyway, disable the "
            "stacks' termination protection and delete them one by one, in the order that `make destroy` shows for "
            "another environment"
        )
    return stacks_of(environment, assembly)


def setting_of(environment: str, assembly: Assembly) -> str:
    """Return what delivers an environment, or a further region of one, in `delivery.toml`."""
    for home in assembly.environments:
        if environment not in assembly.environments and is_in_further_region(environment, home):
            return f"environments.{home}.further_regions.{environment.removeprefix(f'{home}-')}"
    return f"[environments.{environment}]"


def not_released(environment: str, assembly: Assembly, accounts: Accounts, *, again: str) -> Iterator[str]:
    """Yield a line for each region with stacks of the environment that the assembly does not have.

    They are of regions that were removed from `delivery.toml`, or that the environment moved from. `again` is the
    command with other credentials.
    """
    places = dict.fromkeys(stack.aws_environment for stack in in_all_regions(environment, assembly))
    for place in assembly.aws_environments:
        if place.account not in {one.account for one in places}:
            continue
        try:
            for name, stacks, region in stacks_left_behind(CheckContext.of(assembly, accounts, place)):
                own = name == environment or is_in_further_region(name, environment)
                if own and (name == environment or name not in assembly.environments):
                    yield (
                        f"  leave  {', '.join(stacks)} in {place.account}, {region}: not in delivery.toml, so run this "
                        "in a checkout of a commit that has them: git worktree add ../before COMMIT"
                    )
        except (Unreachable, BotoCoreError, ClientError) as error:
            yield f"  Whether more stacks of {environment} are in {place} is not known. {explained(error, again)}"


def plan(stacks: list[Stack], accounts: Accounts) -> Plan:
    """Return the plan for deleting the stacks; raises OperationError if termination protection is enabled."""
    deployed = {stack.name: found for stack in stacks if (found := described(accounts, stack)) is not None}
    protected = [name for name, found in deployed.items() if found.get("EnableTerminationProtection")]
    if protected:
        raise OperationError(
            "termination protection is enabled: "
            + ", ".join(protected)
            + f". To disable it: {unlocking(next(stack for stack in stacks if stack.name == protected[0]))}"
        )
    present = [stack for stack in stacks if stack.name in deployed]
    retained: list[tuple[str, str, str]] = []
    kept: dict[str, str] = {}
    for stack in present:
        template = deployed_template(accounts, stack)
        identifiers = _physical_ids(accounts, stack)
        for logical_id, resource in template.items():
            if logical_id in identifiers and outlives(resource):
                retained.append((stack.name, resource["Type"], identifiers[logical_id]))
                if resource["Type"] in BLOCKS_NETWORK_DELETION:
                    for needed in _stacks_needed(template, logical_id):
                        kept.setdefault(needed, f"{resource['Type']} {identifiers[logical_id]}")
    order = [stack for stack in dependents_first(present) if stack.name not in kept]
    return Plan(tuple(order), kept, tuple(retained))


def carry_out(agreed: Plan, accounts: Accounts) -> Iterator[str]:
    """Delete the stacks and yield each one deleted; stops at the first OperationError."""
    for stack in agreed.deleted:
        began = time.monotonic()
        delete(accounts, stack)
        yield f"deleted {stack.name} ({time.monotonic() - began:.0f} s)"


def _physical_ids(accounts: Accounts, stack: Stack) -> dict[str, str]:
    return {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in present_resources(accounts, stack)}


def _stacks_needed(template: Mapping[str, Any], logical_id: str) -> set[str]:
    """Return the stacks whose outputs a resource uses, directly or through others in its template."""
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

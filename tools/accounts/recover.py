"""Recovers an environment from failed stacks that the pipeline cannot update, and from names that are in use.

Healthy stacks are never touched. A stack whose first creation failed was never in service: it is deleted with all its
resources. If the deletion of a stack that was in service failed, resources with data are kept, and imported into the
new stack if it needs their names.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from cloud_assembly import PIPELINE, Assembly, Stack
from tools.accounts import deployed_stacks
from tools.accounts.accounts import Accounts
from tools.accounts.deployed_stacks import (
    delete,
    dependents_first,
    deployed_template,
    described,
    outlives,
    present_resources,
    unlocking,
)
from tools.accounts.errors import OperationError
from tools.accounts.live_resources import RESOURCE_TYPES, Client, LiveResource, in_order
from tools.accounts.resource_import import ImportedResource, NotImportable, carry_out_import, resources_to_import

SERVING: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
"""States of a healthy stack, which can be updated."""
EMPTY: Final = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
"""States of a stack without resources, which CodePipeline cannot update."""
FAILED: Final = frozenset({"CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""States of a stack with resources, which can only be deleted."""
CLOCK_TOLERANCE: Final = timedelta(minutes=1)
"""How much older than its stack a resource may appear: services' clocks differ, and some round to seconds."""


@dataclass(frozen=True)
class Part:
    """The planned recovery of one stack."""

    stack: Stack
    state: str
    """The stack's state, for people."""
    unprotected: tuple[LiveResource, ...] = ()
    deleted: tuple[LiveResource, ...] = ()
    """Resources deleted before the stack, because they block its deletion."""
    is_deleted: bool = False
    """Whether the stack is deleted."""
    retained: tuple[str, ...] = ()
    """Logical ids that CloudFormation retains."""
    deleted_later: tuple[LiveResource, ...] = ()
    """Resources that this stack or an earlier one retained."""
    imported: tuple[ImportedResource, ...] = ()
    is_continued: bool = False
    """Whether the rollback of an update is continued."""
    kept: tuple[str, ...] = ()
    """Resources that are kept, with reasons."""
    blocked: tuple[str, ...] = ()
    """Problems to fix by hand, and how."""

    @property
    def acts(self) -> bool:
        """Whether the plan changes anything."""
        return bool(self.is_deleted or self.is_continued or self.deleted_later or self.imported)

    @property
    def touches_resources(self) -> bool:
        """Whether resources are changed directly, which the deploy role is not allowed to do."""
        return bool(self.unprotected or self.deleted or self.deleted_later)

    def lines(self) -> Iterator[str]:
        """Yield the lines that show the plan."""
        yield f"{self.stack.name} in {self.stack.aws_environment} {self.state}"
        yield from (f"  unprotect {found.kind} {found.name}" for found in self.unprotected)
        yield from (f"  delete    {found}" for found in self.deleted)
        if self.is_deleted:
            yield "  delete    the stack and its remaining resources"
        yield from (f"  delete    {found}, which would belong to no stack" for found in self.deleted_later)
        yield from (f"  import    {one.found} as {one.logical_id}" for one in self.imported)
        if self.is_continued:
            yield "  continue  the rollback of its update"
        yield from (f"  keep      {text}" for text in self.kept)
        yield from (f"  BLOCKED   {text}" for text in self.blocked)


def plan(stacks: list[Stack], accounts: Accounts) -> list[Part]:
    """Return the plan for each stack to recover, in order of execution.

    Raises Unreachable and botocore's errors, because nothing may be changed if something cannot be read.
    """
    parts = [part for stack in dependents_first(stacks) if (part := _part(accounts, stack)) is not None]
    return [part for part in parts if part.acts or part.blocked]


def carry_out(parts: list[Part], accounts: Accounts) -> Iterator[str]:
    """Carry out the plan and yield each step done; stops at the first OperationError or botocore error."""
    for part in parts:
        yield from _clear(part, accounts)
    # Import in deployment order.
    for part in reversed(parts):
        if part.imported:
            carry_out_import(accounts, part.stack, part.imported)
            yield f"imported {', '.join(str(one.found) for one in part.imported)} into {part.stack.name}"


def retry_command(parts: list[Part], assembly: Assembly) -> str:
    """Return the command that lets the pipeline deploy the recovered stacks again."""
    [(_, pipeline)] = assembly.pipeline.of_type(PIPELINE)
    names = {part.stack.name for part in parts}
    stages = [
        stage["Name"]
        for stage in pipeline["Stages"]
        if any(action["Configuration"].get("StackName") in names for action in stage["Actions"])
    ]
    stage = stages[0] if stages else parts[0].stack.stage
    execution = (
        f"aws codepipeline get-pipeline-state --name {pipeline['Name']} --output text "
        f"--query \"stageStates[?stageName=='{stage}'].latestExecution.pipelineExecutionId\""
    )
    return (
        f"aws codepipeline retry-stage-execution --pipeline-name {pipeline['Name']} --stage-name {stage} "
        f"--retry-mode FAILED_ACTIONS --pipeline-execution-id $({execution})"
    )


def _part(accounts: Accounts, stack: Stack) -> Part | None:
    """Return the plan for the stack; None if it is healthy."""
    found = described(accounts, stack)
    if found is None:
        return _with_leftovers(accounts, Part(stack, "does not exist"))
    status = found["StackStatus"]
    told = found.get("StackStatusReason")
    state = f"is {status}" + (f": {told}" if told else "")
    if status in SERVING:
        return None
    if status == "UPDATE_ROLLBACK_FAILED":
        return Part(stack, state, is_continued=True)
    if status not in EMPTY | FAILED:
        return Part(stack, state, blocked=(_advice(stack, status),))
    if found.get("EnableTerminationProtection"):
        return Part(stack, state, blocked=(f"termination protection is enabled. To disable it: {unlocking(stack)}",))
    deleted = Part(stack, state, is_deleted=True)
    if status == "DELETE_FAILED" and _has_served(accounts, stack):
        deleted = _served(accounts, deleted)
    elif status in FAILED:
        deleted = _never_served(accounts, deleted, since=found["CreationTime"])
    return _with_leftovers(accounts, deleted)


def _advice(stack: Stack, status: str) -> str:
    if status.endswith("_IN_PROGRESS"):
        return "an operation is in progress: wait until it ends, then run this again"
    return (
        f"recover cannot handle this state; roll it back: aws cloudformation rollback-stack --stack-name {stack.name}"
    )


def _never_served(accounts: Accounts, part: Part, *, since: datetime) -> Part:
    """Plan to delete everything that a failed first creation left, including retained resources."""
    stack = part.stack
    template = deployed_template(accounts, stack)
    unprotected: list[LiveResource] = []
    before: list[LiveResource] = []
    after: list[LiveResource] = []
    kept: list[str] = []
    for item in present_resources(accounts, stack):
        definition = template.get(item["LogicalResourceId"], {"Type": item["ResourceType"]})
        kind = RESOURCE_TYPES.get(item["ResourceType"])
        failed = item["ResourceStatus"] == "DELETE_FAILED"
        if not (failed or outlives(definition)):
            continue
        live = kind.find(_reader(accounts, stack), item["PhysicalResourceId"]) if kind else None
        if kind is None:
            if outlives(definition):
                kept.append(f"{item['ResourceType']} {item['PhysicalResourceId']}: its template retains it")
        elif live is None:
            continue
        elif kind.remove is not None and (reason := _reason_to_keep(live, since)):
            kept.append(f"{live}: {reason}")
        else:
            unprotected += [live] if live.protected else []
            if kind.remove is not None:
                (before if kind.blocks else after).append(live)
    return replace(
        part,
        unprotected=tuple(in_order(unprotected)),
        deleted=tuple(in_order(before)),
        deleted_later=tuple(in_order(after)),
        kept=tuple(kept),
    )


def _reason_to_keep(live: LiveResource, since: datetime) -> str:
    if live.locked and live.holds:
        return live.locked
    if live.created is not None and live.created < since - CLOCK_TOLERANCE:
        return "it is older than the stack"
    return ""


def _served(accounts: Accounts, part: Part) -> Part:
    """Plan to finish a failed deletion: blocking resources are deleted if empty, and retained if they have data."""
    stack = part.stack
    unprotected: list[LiveResource] = []
    retained: list[str] = []
    kept: list[str] = []
    for item in present_resources(accounts, stack):
        kind = RESOURCE_TYPES.get(item["ResourceType"])
        if item["ResourceStatus"] != "DELETE_FAILED" or kind is None:
            continue
        live = kind.find(_reader(accounts, stack), item["PhysicalResourceId"])
        if live is not None and live.holds:
            retained.append(item["LogicalResourceId"])
            kept.append(f"{live}: the stack was in service")
        elif live is not None and live.protected:
            unprotected.append(live)
    return replace(part, unprotected=tuple(in_order(unprotected)), retained=tuple(retained), kept=tuple(kept))


def _with_leftovers(accounts: Accounts, part: Part) -> Part:
    """Add to the plan the resources whose names the synthesized stack needs."""
    gone = {found.name for found in (*part.deleted, *part.deleted_later)}
    stack, resources = part.stack, part.stack.resources
    read, owner = _reader(accounts, stack), partial(_owner, accounts, stack)
    deleted, blocked = list(part.deleted_later), list(part.blocked)
    imported: dict[str, ImportedResource] = {}
    for logical_id, resource in resources.items():
        kind = RESOURCE_TYPES.get(resource["Type"])
        name = resource.get("Properties", {}).get(kind.name_property) if kind and kind.name_property else None
        found = kind.find(read, name) if kind and isinstance(name, str) else None
        if kind is None or found is None or found.name in gone:
            continue
        holder = owner(found.name)
        if holder not in (None, stack.name):
            blocked.append(f"{found} belongs to the stack {holder}")
        elif found.kind == "AWS::IAM::Role" and not _is_ours(found, resource):
            blocked.append(f"{found} was not created by an environment of this name; delete it, or rename it")
        elif found.holds and outlives(resource):
            try:
                imports = list(resources_to_import(logical_id, found, resources, client=read, owner=owner))
            except NotImportable as reason:
                blocked.append(str(reason))
            else:
                imported.update({one.logical_id: one for one in imports})
        elif holder == stack.name and not outlives(resource):
            continue
        elif found.holds and found.kind != "AWS::Logs::LogGroup":
            blocked.append(f"{found}: it has data that the new stack would not retain; delete it, or set retain_data")
        elif found.protected or found.locked:
            blocked.append(
                f"{found}: {found.locked or 'deletion protection is enabled; disable it if it can be deleted'}"
            )
        else:
            deleted.append(found)
    return replace(
        part,
        deleted_later=tuple(in_order(deleted)),
        # All or nothing: CloudFormation imports only into a new stack, or one with all other resources.
        imported=() if blocked else tuple(imported.values()),
        blocked=tuple(blocked),
    )


def _is_ours(found: LiveResource, resource: Any) -> bool:
    tags = {item["Key"]: item["Value"] for item in resource.get("Properties", {}).get("Tags", [])}
    return "Environment" in tags and found.tags.get("Environment") == tags["Environment"]


def not_yet_deleted(parts: Sequence[Part], done: Collection[str]) -> list[str]:
    """Return the retained resources that, by the lines `done` of `carry_out`, are not deleted yet."""
    return [str(found) for part in parts for found in part.deleted_later if f"deleted {found}" not in done]


def _clear(part: Part, accounts: Accounts) -> Iterator[str]:
    stack = part.stack
    write: Client = partial(_client, accounts, stack, stack.deploy_role_arn)
    for found in part.unprotected:
        _action(RESOURCE_TYPES[found.kind].unprotect)(write, found)
        yield f"unprotected {found.kind} {found.name}"
    for found in part.deleted:
        _action(RESOURCE_TYPES[found.kind].remove)(write, found)
        yield f"deleted {found}"
    if part.is_continued:
        _continue_rollback(accounts, stack)
        yield f"rolled back the update of {stack.name}"
    if part.is_deleted:
        delete(accounts, stack, retained=part.retained)
        yield f"deleted {stack.name}"
    for found in part.deleted_later:
        _action(RESOURCE_TYPES[found.kind].remove)(write, found)
        yield f"deleted {found}"


def _action(found: Callable[[Client, LiveResource], None] | None) -> Callable[[Client, LiveResource], None]:
    if found is None:
        raise AssertionError("only types with this action are planned")
    return found


def _continue_rollback(accounts: Accounts, stack: Stack) -> None:
    cloudformation = accounts.client("cloudformation", stack.aws_environment, role_arn=stack.deploy_role_arn)
    role = {"RoleARN": stack.execution_role_arn} if stack.execution_role_arn else {}
    cloudformation.continue_update_rollback(StackName=stack.name, **role)
    while (now := described(accounts, stack)) is not None and now["StackStatus"].endswith("_IN_PROGRESS"):
        time.sleep(deployed_stacks.LOOK_SECONDS)
    if now is None or now["StackStatus"] != "UPDATE_ROLLBACK_COMPLETE":
        reason = (now or {}).get("StackStatusReason", "")
        raise OperationError(
            f"{stack.name} cannot be rolled back: {reason} Fix the resources named in its events and run this again, "
            f"or skip them: aws cloudformation continue-update-rollback --stack-name {stack.name} "
            "--resources-to-skip LOGICAL_ID"
        )


def _has_served(accounts: Accounts, stack: Stack) -> bool:
    """Return whether the stack was ever complete, or may have been, if its oldest events are missing."""
    cloudformation = _client(accounts, stack, stack.lookup_role_arn, "cloudformation")
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack.name)
    states = {
        event["ResourceStatus"]
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceType"] == "AWS::CloudFormation::Stack" and event["LogicalResourceId"] == stack.name
    }
    return bool(states & set(SERVING)) or not states & {"CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"}


def _owner(accounts: Accounts, stack: Stack, physical_id: str) -> str | None:
    """Return the stack that has the resource; None if there is none."""
    cloudformation = _client(accounts, stack, stack.lookup_role_arn, "cloudformation")
    try:
        found = cloudformation.describe_stack_resources(PhysicalResourceId=physical_id)["StackResources"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    held = [item for item in found if item.get("PhysicalResourceId") == physical_id]
    gone = ("DELETE_COMPLETE", "DELETE_SKIPPED")
    return next((item["StackName"] for item in held if item["ResourceStatus"] not in gone), None)


def _reader(accounts: Accounts, stack: Stack) -> Client:
    return partial(_client, accounts, stack, stack.lookup_role_arn)


def _client(accounts: Accounts, stack: Stack, role_arn: str | None, service: str) -> Any:
    return accounts.client(service, stack.aws_environment, role_arn=role_arn)

"""Recovers an environment whose deployment left stacks that no pipeline can update, or names that are in use.

A stack that serves is never touched. Of a first creation that failed, everything is deleted: it has never served. Of a
stack that has served and whose deletion failed, what holds data is kept, and imported where its name is needed.
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
"""States in which a stack can be updated: there is nothing to recover."""
EMPTY: Final = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
"""States of a stack that holds nothing, and that CodePipeline does not update."""
FAILED: Final = frozenset({"CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""States of a stack that holds something and can only be deleted."""
SECONDS_OF_DOUBT: Final = timedelta(minutes=1)
"""Clocks of services differ, and some count whole seconds: how much older than its stack a resource of it may look."""


@dataclass(frozen=True)
class Part:
    """What will be done about one stack."""

    stack: Stack
    state: str
    """How the stack is, in words."""
    unprotected: tuple[LiveResource, ...] = ()
    deleted: tuple[LiveResource, ...] = ()
    """Resources that go before the stack, so that it can be deleted."""
    is_deleted: bool = False
    """The stack is deleted."""
    retained: tuple[str, ...] = ()
    """Logical ids that CloudFormation is told to leave alone."""
    deleted_later: tuple[LiveResource, ...] = ()
    """Resources that the stack leaves behind, or that an earlier one has left."""
    imported: tuple[ImportedResource, ...] = ()
    is_continued: bool = False
    """The rollback of an update is continued."""
    kept: tuple[str, ...] = ()
    """What stays, and why."""
    blocked: tuple[str, ...] = ()
    """What only a person can fix, and how."""

    @property
    def acts(self) -> bool:
        """Whether anything is done."""
        return bool(self.is_deleted or self.is_continued or self.deleted_later or self.imported)

    @property
    def touches_resources(self) -> bool:
        """Whether resources are changed by their own API, which the role that deploys may not do."""
        return bool(self.unprotected or self.deleted or self.deleted_later)

    def lines(self) -> Iterator[str]:
        """Yield the part as it is shown."""
        yield f"{self.stack.name} in {self.stack.aws_environment} {self.state}"
        yield from (f"  unprotect {found.kind} {found.name}" for found in self.unprotected)
        yield from (f"  delete    {found}" for found in self.deleted)
        if self.is_deleted:
            yield "  delete    the stack, with what it still holds"
        yield from (f"  delete    {found}, which no stack would hold" for found in self.deleted_later)
        yield from (f"  import    {one.found} as {one.logical_id}" for one in self.imported)
        if self.is_continued:
            yield "  continue  the rollback of its update"
        yield from (f"  keep      {text}" for text in self.kept)
        yield from (f"  BLOCKED   {text}" for text in self.blocked)


def plan(stacks: list[Stack], accounts: Accounts) -> list[Part]:
    """Return what recovering the stacks would do, in the order in which it is done; nothing for what serves.

    Raises what botocore raises, and Unreachable: where something cannot be read, nothing may be done.
    """
    parts = [part for stack in dependents_first(stacks) if (part := _part(accounts, stack)) is not None]
    return [part for part in parts if part.acts or part.blocked]


def carry_out(parts: list[Part], accounts: Accounts) -> Iterator[str]:
    """Do it and yield what has been done; raises OperationError, and what botocore raises, where it ends."""
    for part in parts:
        yield from _clear(part, accounts)
    # What a stack is built on is imported before it.
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
    """Return what is done about the stack; None for one that serves."""
    found = described(accounts, stack)
    if found is None:
        return _with_leftovers(accounts, Part(stack, "is not there"))
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
    """Delete everything that a first creation has left: CloudFormation would retain what its template retains."""
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
    if live.created is not None and live.created < since - SECONDS_OF_DOUBT:
        return "it is older than the stack"
    return ""


def _served(accounts: Accounts, part: Part) -> Part:
    """Finish a deletion that failed: what is in its way goes if it holds nothing, and is retained otherwise."""
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
    """Add what is done about names that the synthesized stack needs, and that are still in use by then."""
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
            blocked.append(f"{found}: it holds data that its new stack would not keep; delete it, or set retain_data")
        elif found.protected or found.locked:
            blocked.append(
                f"{found}: {found.locked or 'deletion protection is enabled; disable it if it can be deleted'}"
            )
        else:
            deleted.append(found)
    return replace(
        part,
        deleted_later=tuple(in_order(deleted)),
        # All or nothing: CloudFormation imports into a stack that is new, or that has all the rest already.
        imported=() if blocked else tuple(imported.values()),
        blocked=tuple(blocked),
    )


def _is_ours(found: LiveResource, resource: Any) -> bool:
    tags = {item["Key"]: item["Value"] for item in resource.get("Properties", {}).get("Tags", [])}
    return "Environment" in tags and found.tags.get("Environment") == tags["Environment"]


def not_yet_deleted(parts: Sequence[Part], done: Collection[str]) -> list[str]:
    """Return what the lines `done` of `carry_out` do not say is deleted, of what outlives its stack until then."""
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
        raise AssertionError("only types that can be let go are planned")
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
            f"{stack.name} cannot be rolled back: {reason} Fix what its events name, and run this again; or give up "
            f"those resources: aws cloudformation continue-update-rollback --stack-name {stack.name} "
            "--resources-to-skip LOGICAL_ID"
        )


def _has_served(accounts: Accounts, stack: Stack) -> bool:
    """Return whether the stack was ever complete, or may have been: its history may have lost its beginning."""
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
    """Return the stack that holds the resource; None if none does."""
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

"""Plans the recovery: which stacks are deleted or rolled back, and which of their resources."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cloud_assembly import Stack
from tools.accounts.accounts import Accounts
from tools.accounts.deployed_stacks import (
    dependents_first,
    deployed_template,
    described,
    outlives,
    present_resources,
    unlocking,
)
from tools.accounts.live_resources import RESOURCE_TYPES, LiveResource, in_order
from tools.accounts.recovery.clients import client, reader
from tools.accounts.recovery.leftovers import with_leftovers
from tools.accounts.recovery.part import Part

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


def plan(stacks: list[Stack], accounts: Accounts) -> list[Part]:
    """Return the plan for each stack to recover, in order of execution.

    Raises Unreachable and botocore's errors, because nothing may be changed if something cannot be read.
    """
    parts = [part for stack in dependents_first(stacks) if (part := _part(accounts, stack)) is not None]
    return [part for part in parts if part.acts or part.blocked]


def _part(accounts: Accounts, stack: Stack) -> Part | None:
    """Return the plan for the stack; None if it is healthy."""
    found = described(accounts, stack)
    if found is None:
        return with_leftovers(accounts, Part(stack, "does not exist"))
    status = found["StackStatus"]
    reason = found.get("StackStatusReason")
    state = f"is {status}" + (f": {reason}" if reason else "")
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
    return with_leftovers(accounts, deleted)


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
        live = kind.find(reader(accounts, stack), item["PhysicalResourceId"]) if kind else None
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
        live = kind.find(reader(accounts, stack), item["PhysicalResourceId"])
        if live is not None and live.holds:
            retained.append(item["LogicalResourceId"])
            kept.append(f"{live}: the stack was in service")
        elif live is not None and live.protected:
            unprotected.append(live)
    return replace(part, unprotected=tuple(in_order(unprotected)), retained=tuple(retained), kept=tuple(kept))


def _has_served(accounts: Accounts, stack: Stack) -> bool:
    """Return whether the stack was ever complete, or may have been, if its oldest events are missing."""
    cloudformation = client(accounts, stack, stack.lookup_role_arn, "cloudformation")
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack.name)
    states = {
        event["ResourceStatus"]
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceType"] == "AWS::CloudFormation::Stack" and event["LogicalResourceId"] == stack.name
    }
    return bool(states & set(SERVING)) or not states & {"CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"}

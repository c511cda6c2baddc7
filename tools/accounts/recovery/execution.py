"""Carries out a planned recovery."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from cloud_assembly import PIPELINE, Assembly, Stack
from tools.accounts import deployed_stacks
from tools.accounts.accounts import Accounts
from tools.accounts.deployed_stacks import delete, described
from tools.accounts.errors import OperationError
from tools.accounts.live_resources import RESOURCE_TYPES, Client, LiveResource
from tools.accounts.recovery.clients import client
from tools.accounts.recovery.part import Part
from tools.accounts.resource_import import carry_out_import


def carry_out(parts: list[Part], accounts: Accounts) -> Iterator[str]:
    """Carry out the plan and yield each step done; stops at the first OperationError or botocore error."""
    for part in parts:
        yield from _clear(part, accounts)
    # Import in deployment order.
    for part in reversed(parts):
        if part.imported:
            carry_out_import(accounts, part.stack, part.imported)
            yield f"imported {', '.join(str(one.found) for one in part.imported)} into {part.stack.name}"


def not_yet_deleted(parts: Sequence[Part], done: Collection[str]) -> list[str]:
    """Return the retained resources that, by the lines `done` of `carry_out`, are not deleted yet."""
    return [str(found) for part in parts for found in part.deleted_later if f"deleted {found}" not in done]


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


def _clear(part: Part, accounts: Accounts) -> Iterator[str]:
    stack = part.stack
    write: Client = partial(client, accounts, stack, stack.deploy_role_arn)
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

"""CloudFormation: every action mode, in the environment's account, with the roles of the definition."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.exceptions import ClientError

from rehearsal.actions import artifacts
from rehearsal.actions.run import ActionFailed, ActionNotEmulated, Deployed, Outcome, Run, failed
from rehearsal.actions.secrets import secret_values
from rehearsal.actions.stack import Stack
from rehearsal.engine.action_details import Effect
from rehearsal.engine.cloud import Forbidden

TEMPLATE_MODES = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_REPLACE")
"""Modes that take a template."""
DEPLOYING_MODES = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_EXECUTE")
"""Modes that create or update the stack."""


def execute(run: Run) -> Outcome:
    """Carry out the action's mode on its stack."""
    mode = run.configuration["ActionMode"]
    modes: dict[str, Callable[[Stack], None]] = {
        "CREATE_UPDATE": _create_or_update,
        "REPLACE_ON_FAILURE": _replace_on_failure,
        "DELETE_ONLY": _delete,
        "CHANGE_SET_REPLACE": _replace_change_set,
        "CHANGE_SET_EXECUTE": _execute_change_set,
    }
    if mode not in modes:
        raise ActionNotEmulated(f"the rehearsal does not support the action mode {mode}")
    if run.fail_on_purpose and mode not in TEMPLATE_MODES:
        raise ActionFailed("made to fail by --fail")
    try:
        stack = Stack(run)
        modes[mode](stack)
        if mode not in DEPLOYING_MODES:
            return Outcome()
        run.context.cloud.check_service_calls(stack.name, stack.aws_environment, run.configuration.get("RoleArn", ""))
        outputs, resources = stack.outputs(), stack.resources()
        _write_output_file(run, outputs)
        run.details.secrets |= secret_values(run.context.cloud, stack.aws_environment)
        workloads = run.context.workloads.start(stack.name, stack.aws_environment)
    except ClientError as error:
        message = error.response["Error"].get("Message", str(error))
        raise failed(message) from None
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    return Outcome(
        variables=outputs, deployed=Deployed(stack.name, stack.aws_environment, outputs, workloads, resources)
    )


def _write_output_file(run: Run, outputs: Mapping[str, str]) -> None:
    """Write the stack's outputs into the output artifact, as a file of the configured name."""
    name = run.configuration.get("OutputFileName")
    if not name or not run.action.outputs:
        return
    artifacts.write_outputs(run)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outputs.json"
        file.write_text(json.dumps(outputs))
        run.context.artifacts.pack(run.action.outputs[0], {name: file})


def _create_or_update(stack: Stack) -> None:
    existing = stack.describe()
    arguments = stack.arguments()
    stack.remember_events()
    if existing is None or existing["StackStatus"] == "REVIEW_IN_PROGRESS":
        stack.record_all(Effect.ADDED)
        stack.client.create_stack(**arguments)
        stack.require(stack.wait_for("create"), "CREATE_COMPLETE")
        return
    stack.preview(arguments)
    try:
        stack.client.update_stack(**arguments)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            stack.wait_for("no changes")
            return
        raise
    stack.require(stack.wait_for("update"), "UPDATE_COMPLETE")


def _replace_on_failure(stack: Stack) -> None:
    existing = stack.describe()
    failed = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
    if existing and existing["StackStatus"] in failed:
        _delete(stack)
    _create_or_update(stack)


def _delete(stack: Stack) -> None:
    if stack.describe() is not None:
        stack.record_all(Effect.REMOVED)
        stack.client.delete_stack(StackName=stack.name, **stack.service_role())
        stack.require(stack.wait_for("delete"), "DELETE_COMPLETE")


def _replace_change_set(stack: Stack) -> None:
    name = stack.change_set_name
    existing = stack.describe()
    is_new = existing is None or existing["StackStatus"] == "REVIEW_IN_PROGRESS"
    if existing is not None:
        stack.client.delete_change_set(StackName=stack.name, ChangeSetName=name)
    stack.client.create_change_set(
        **stack.arguments(), ChangeSetName=name, ChangeSetType="CREATE" if is_new else "UPDATE"
    )
    found = stack.described_change_set(name)
    stack.record_changes(found["Changes"])
    reason = found.get("StatusReason", "")
    if found["Status"] == "FAILED" and "didn't contain changes" not in reason and "No updates" not in reason:
        raise ActionFailed(f"the change set of {stack.name} failed: {reason}")


def _execute_change_set(stack: Stack) -> None:
    name = stack.change_set_name
    found = stack.client.describe_change_set(StackName=stack.name, ChangeSetName=name)
    stack.record_changes(found["Changes"])
    if found["Status"] == "FAILED":
        stack.wait_for("no changes")
        return
    stack.remember_events()
    stack.client.execute_change_set(StackName=stack.name, ChangeSetName=name)
    stack.require(stack.wait_for("change set"), "CREATE_COMPLETE", "UPDATE_COMPLETE")

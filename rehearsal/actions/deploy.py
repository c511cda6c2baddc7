"""CloudFormation: every action mode, in the environment's account, with the roles of the definition."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.actions import artifacts
from rehearsal.actions.consumers import consumers
from rehearsal.actions.denial import grant
from rehearsal.actions.run import ActionFailed, ActionNotEmulated, Deployed, Outcome, Resource, Run
from rehearsal.actions.secrets import secret_values
from rehearsal.engine.action_details import ChangeSet, Effect, ResourceChange
from rehearsal.engine.cloud import Forbidden
from rehearsal.errors import NOT_EMULATED

POLL_SECONDS = 0.1
SILENCE_SECONDS = 120
"""How long a stack may go without an event; the emulator needs seconds where AWS needs minutes."""
FAILURE_TYPE = "AWS::Rehearsal::Failure"
"""The emulator's resource type that cannot be created, with which `--fail` makes a stack roll back."""

PREVIEW = "rehearsal-preview"
"""A change set that is only read, never executed."""

TEMPLATE_MODES = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_REPLACE")
"""Modes that take a template."""
DEPLOYING_MODES = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "CHANGE_SET_EXECUTE")
"""Modes that create or update the stack."""


def execute(run: Run) -> Outcome:
    """Carry out the action's mode on its stack."""
    mode = run.configuration["ActionMode"]
    modes: dict[str, Callable[[_Stack], None]] = {
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
        stack = _Stack(run)
        modes[mode](stack)
        if mode not in DEPLOYING_MODES:
            return Outcome()
        run.context.cloud.check_service_calls(stack.name, stack.place, run.configuration.get("RoleArn", ""))
        outputs, resources = stack.outputs(), stack.resources()
        run.details.secrets |= secret_values(run.context.cloud, stack.place)
        fake_tasks = run.context.workloads.start(stack.name, stack.place)
    except ClientError as error:
        message = error.response["Error"].get("Message", str(error))
        raise (ActionNotEmulated if NOT_EMULATED in message else ActionFailed)(message) from None
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    return Outcome(variables=outputs, deployed=Deployed(stack.name, stack.place, outputs, fake_tasks, resources))


class _Stack:
    """The stack of one action."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._context = run.context
        self.name = run.configuration["StackName"]
        region = run.action.region or self._context.home.region
        caller = self._context.pipeline_credentials()
        cloud = self._context.cloud
        credentials = (
            cloud.assume(run.action.role_arn, caller, region, self._session()) if run.action.role_arn else caller
        )
        account = (run.action.role_arn or self._context.definition.role_arn).split(":")[4]
        self.place = AwsEnvironment(account, region)
        self.client = cloud.client("cloudformation", region, credentials)
        """Calls CloudFormation as the action's role, like CodePipeline."""
        self.observer = cloud.in_account("cloudformation", self.place)
        """Calls it as the account, for calls that CodePipeline would not make."""
        artifacts.read_inputs(run)
        self._seen_events: set[str] = set()

    def _session(self) -> str:
        return self._context.execution_id

    def describe(self, client: Any = None) -> dict[str, Any] | None:
        try:
            return (client or self.client).describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def outputs(self) -> dict[str, str]:
        stack = self.describe(self.observer) or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def resources(self) -> tuple[Resource, ...]:
        found = self.observer.describe_stack_resources(StackName=self.name)["StackResources"]
        return tuple(
            Resource(item["LogicalResourceId"], item["ResourceType"], item.get("PhysicalResourceId", ""))
            for item in found
            if not item["ResourceStatus"].startswith("DELETE")
        )

    def arguments(self) -> dict[str, Any]:
        """Return the common arguments of CreateStack, UpdateStack and CreateChangeSet."""
        configuration = self._run.configuration
        arguments: dict[str, Any] = {
            "StackName": self.name,
            "TemplateURL": self._upload(self._template()),
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in self._parameters().items()],
            "Tags": [{"Key": key, "Value": value} for key, value in self._template_configuration("Tags").items()],
            "Capabilities": [item for item in configuration.get("Capabilities", "").split(",") if item],
        }
        if role := configuration.get("RoleArn"):
            arguments["RoleARN"] = role
        return arguments

    def wait_for(self, operation: str) -> str:
        """Wait until the stack's operation has ended, logging its events; return the final status."""
        last_event = time.monotonic()
        while True:
            stack = self.describe(self.observer)
            if self._show_events():
                last_event = time.monotonic()
            if time.monotonic() - last_event > SILENCE_SECONDS:
                raise ActionNotEmulated(
                    f"{NOT_EMULATED}: {self.name} had no event for {SILENCE_SECONDS} s; see the emulator's log, "
                    "set-up-emulated_AWS.log"
                )
            status = "DELETE_COMPLETE" if stack is None else stack["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                self._run.log(f"{self.name} {status} ({operation})")
                return status
            time.sleep(POLL_SECONDS)

    def described_change_set(self, name: str, client: Any = None) -> dict[str, Any]:
        """Wait until the change set has been created or has failed, and return it."""
        deadline = time.monotonic() + SILENCE_SECONDS
        while True:
            found = (client or self.client).describe_change_set(StackName=self.name, ChangeSetName=name)
            if not found["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
                return found
            if time.monotonic() > deadline:
                raise ActionFailed(f"the change set of {self.name} is not ready after {SILENCE_SECONDS} s")
            time.sleep(POLL_SECONDS)

    def preview(self, arguments: dict[str, Any]) -> None:
        """Record what an update will do to the resources, according to a change set."""
        self.observer.create_change_set(**arguments, ChangeSetName=PREVIEW, ChangeSetType="UPDATE")
        self.record_changes(self.described_change_set(PREVIEW, self.observer)["Changes"])
        self.observer.delete_change_set(StackName=self.name, ChangeSetName=PREVIEW)

    def record_changes(self, changes: list[dict[str, Any]]) -> None:
        """Record the changes of a change set."""
        self._record(_resource_change(change["ResourceChange"]) for change in changes)

    def record_all(self, effect: Effect) -> None:
        """Record that the operation adds or removes every resource."""
        if effect is Effect.REMOVED:
            self._record(ResourceChange(item.logical_id, item.resource_type, effect) for item in self.resources())
            return
        resources = json.loads(self._template())["Resources"]
        self._record(ResourceChange(name, resource["Type"], effect) for name, resource in resources.items())

    def _record(self, changes: Iterable[ResourceChange]) -> None:
        recorded = tuple(changes)
        replaced = {change.logical_id for change in recorded if change.effect is Effect.REPLACED}
        affected = consumers(self.name, self._templates(), replaced) if replaced else ()
        self._run.details.change_set = ChangeSet(self.name, recorded, affected)
        for one in affected:
            self._run.log(f"affected by the replacement of {one.replaced}: {one.stack} {one.logical_id}")

    def _templates(self) -> dict[str, dict[str, Any]]:
        """Return this stack's new template and those of the other stacks in its account and region."""
        client = self._context.cloud.in_account("cloudformation", self.place)
        found: dict[str, dict[str, Any]] = {}
        for page in client.get_paginator("describe_stacks").paginate():
            for summary in page["Stacks"]:
                body = client.get_template(StackName=summary["StackName"])["TemplateBody"]
                # boto3 parses JSON only; the bootstrap stack's template is YAML and stays a string.
                if isinstance(body, dict):
                    found[summary["StackName"]] = body
        if "TemplatePath" in self._run.configuration:
            return {**found, self.name: json.loads(self._template())}
        # A change set that is executed was read when it was made; its references are seldom others than before.
        return found

    def require(self, status: str, *accepted: str) -> None:
        if status not in accepted:
            cause = self._first_failure() or "no reason given"
            failed = ActionNotEmulated if NOT_EMULATED in cause else ActionFailed
            raise failed(f"{self.name} is {status}: {cause}{grant(cause)}")

    def remember_events(self) -> None:
        """Take the events so far as seen, so that only this operation's are shown."""
        self._seen_events.update(event["EventId"] for event in self._events())

    def _events(self) -> list[dict[str, Any]]:
        try:
            return list(reversed(self.observer.describe_stack_events(StackName=self.name)["StackEvents"]))
        except ClientError:
            return []

    def _show_events(self) -> int:
        new = [event for event in self._events() if event["EventId"] not in self._seen_events]
        for event in new:
            self._seen_events.add(event["EventId"])
            reason = event.get("ResourceStatusReason", "")
            line = f"{event['ResourceStatus']} {event['ResourceType']} {event['LogicalResourceId']} {reason}"
            self._run.log(line.rstrip())
        return len(new)

    def _first_failure(self) -> str:
        """Return the first failure of the latest operation, which caused the others."""
        failures: list[str] = []
        for event in reversed(self._events()):
            if event["ResourceStatus"].endswith("_FAILED"):
                failures.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}")
            if event["LogicalResourceId"] == self.name and event["ResourceStatus"] in (
                "CREATE_IN_PROGRESS",
                "UPDATE_IN_PROGRESS",
            ):
                break
        found = [*failures[-1:], *self._validation_errors()]
        return "; ".join(found)

    def _validation_errors(self) -> list[str]:
        """Return the errors of CloudFormation's validation, which are not among the stack's events."""
        try:
            events = self.client.describe_events(StackName=self.name)["OperationEvents"]
        except ClientError:
            return []
        return [event["ValidationStatusReason"] for event in events if event.get("ValidationStatusReason")]

    def _template(self) -> str:
        text = self._context.artifacts.read(self._run.configuration["TemplatePath"])
        return _with_failure(text) if self._run.fail_on_purpose else text

    def _parameters(self) -> dict[str, str]:
        return {
            **self._template_configuration("Parameters"),
            **json.loads(self._run.configuration.get("ParameterOverrides", "{}")),
        }

    def _template_configuration(self, part: str) -> dict[str, str]:
        location = self._run.configuration.get("TemplateConfiguration")
        return json.loads(self._context.artifacts.read(location)).get(part, {}) if location else {}

    def _upload(self, template: str) -> str:
        """Upload the template to S3, because an inline one may have only 51,200 bytes; return its URL."""
        context = self._context
        bucket, key = context.definition.artifact_bucket, f"{context.execution_id}/{self.name}.template.json"
        context.cloud.in_account("s3", context.home).put_object(Bucket=bucket, Key=key, Body=template.encode())
        return f"https://s3.{context.home.region}.amazonaws.com/{bucket}/{key}"


def _create_or_update(stack: _Stack) -> None:
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


def _replace_on_failure(stack: _Stack) -> None:
    existing = stack.describe()
    failed = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
    if existing and existing["StackStatus"] in failed:
        _delete(stack)
    _create_or_update(stack)


def _delete(stack: _Stack) -> None:
    if stack.describe() is not None:
        stack.record_all(Effect.REMOVED)
        stack.client.delete_stack(StackName=stack.name)
        stack.require(stack.wait_for("delete"), "DELETE_COMPLETE")


def _replace_change_set(stack: _Stack) -> None:
    name = stack._run.configuration["ChangeSetName"]
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


def _execute_change_set(stack: _Stack) -> None:
    name = stack._run.configuration["ChangeSetName"]
    found = stack.client.describe_change_set(StackName=stack.name, ChangeSetName=name)
    stack.record_changes(found["Changes"])
    if found["Status"] == "FAILED":
        stack.wait_for("no changes")
        return
    stack.remember_events()
    stack.client.execute_change_set(StackName=stack.name, ChangeSetName=name)
    stack.require(stack.wait_for("change set"), "CREATE_COMPLETE", "UPDATE_COMPLETE")


def _resource_change(change: dict[str, Any]) -> ResourceChange:
    effects = {"Add": Effect.ADDED, "Remove": Effect.REMOVED}
    changed = Effect.REPLACED if change.get("Replacement") == "True" else Effect.CHANGED
    details = (detail["Target"] for detail in change.get("Details", []))
    names = (target.get("Name") or target["Attribute"] for target in details)
    return ResourceChange(
        change["LogicalResourceId"],
        change["ResourceType"],
        effects.get(change["Action"], changed),
        tuple(dict.fromkeys(names)),
    )


def _with_failure(template: str) -> str:
    """Add a resource that fails after all others were created, so that CloudFormation rolls back everything."""
    document = json.loads(template)
    resources = document["Resources"]
    unconditional = [name for name, resource in resources.items() if "Condition" not in resource]
    resources["MadeToFail"] = {"Type": FAILURE_TYPE, "DependsOn": unconditional}
    return json.dumps(document)

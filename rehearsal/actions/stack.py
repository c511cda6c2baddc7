"""The stack of a CloudFormation action: its calls, events and change sets."""

import json
import time
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly.references import consumers
from rehearsal.actions import artifacts, parameters
from rehearsal.actions.denial import grant
from rehearsal.actions.run import ActionFailed, ActionNotEmulated, Resource, Run, failed
from rehearsal.engine.action_details import ChangeSet, Consumer, Effect, ResourceChange
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import GapKind

POLL_SECONDS = 0.1
SILENCE_SECONDS = 120
"""How long a stack may go without an event; the emulator needs seconds where AWS needs minutes."""
FAILURE_TYPE = "AWS::Rehearsal::Failure"
"""The emulator's resource type that cannot be created, with which `--fail` makes a stack roll back."""

STACK_POLICY = "the stack policy of its template configuration is not applied: it may refuse a later update"
PREVIEW = "rehearsal-preview"
"""A change set that is only read, never executed."""


class Stack:
    """The stack of one action."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._context = run.context
        self.name = run.configuration["StackName"]
        cloud = self._context.cloud
        self.aws_environment = run.aws_environment
        self.client = cloud.client("cloudformation", run.aws_environment.region, run.credentials())
        """Calls CloudFormation as the action's role, like CodePipeline."""
        self.observer = cloud.in_account("cloudformation", self.aws_environment)
        """Calls it as the account, for calls that CodePipeline would not make."""
        artifacts.read_inputs(run)
        self._seen_events: set[str] = set()

    @property
    def change_set_name(self) -> str:
        """The name of the action's change set."""
        return self._run.configuration["ChangeSetName"]

    def describe(self, client: Any = None) -> dict[str, Any] | None:
        """Return CloudFormation's description of the stack; None if it does not exist."""
        try:
            return (client or self.client).describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def outputs(self) -> dict[str, str]:
        """Return the outputs by key."""
        stack = self.describe(self.observer) or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def resources(self) -> tuple[Resource, ...]:
        """Return the resources that have not been deleted."""
        found = self.observer.describe_stack_resources(StackName=self.name)["StackResources"]
        return tuple(
            Resource(item["LogicalResourceId"], item["ResourceType"], item.get("PhysicalResourceId", ""))
            for item in found
            if not item["ResourceStatus"].startswith("DELETE")
        )

    def arguments(self) -> dict[str, Any]:
        """Return the common arguments of CreateStack, UpdateStack and CreateChangeSet."""
        configuration = self._run.configuration
        if parameters.stack_policy(self._run):
            self._run.note_gap(GapKind.EMULATOR, STACK_POLICY)
        arguments: dict[str, Any] = {
            "StackName": self.name,
            "TemplateURL": self._upload(self._template()),
            "Parameters": [
                {"ParameterKey": k, "ParameterValue": v} for k, v in parameters.parameters(self._run).items()
            ],
            "Tags": [
                {"Key": key, "Value": value}
                for key, value in parameters.template_configuration(self._run, "Tags").items()
            ],
            "Capabilities": [item for item in configuration.get("Capabilities", "").split(",") if item],
        }
        return arguments | self.service_role()

    def service_role(self) -> dict[str, str]:
        """Return the argument that names the role CloudFormation assumes; empty without one."""
        role = self._run.configuration.get("RoleArn")
        return {"RoleARN": role} if role else {}

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
        resources = _parsed(self._template())["Resources"]
        self._record(ResourceChange(name, resource["Type"], effect) for name, resource in resources.items())

    def _record(self, changes: Iterable[ResourceChange]) -> None:
        recorded = tuple(changes)
        replaced = {change.logical_id for change in recorded if change.effect is Effect.REPLACED}
        found = consumers(self._templates(), {self.name: replaced}) if replaced else ()
        affected = tuple(dict.fromkeys(Consumer(one.stack, one.logical_id, one.source) for one in found))
        self._run.details.change_set = ChangeSet(self.name, recorded, affected)
        for one in affected:
            self._run.log(f"affected by the replacement of {one.replaced}: {one.stack} {one.logical_id}")

    def _templates(self) -> dict[str, dict[str, Any]]:
        """Return this stack's new template and those of the other stacks in its account and region."""
        client = self._context.cloud.in_account("cloudformation", self.aws_environment)
        found: dict[str, dict[str, Any]] = {}
        for page in client.get_paginator("describe_stacks").paginate():
            for summary in page["Stacks"]:
                body = client.get_template(StackName=summary["StackName"])["TemplateBody"]
                # boto3 parses JSON only; the bootstrap stack's template is YAML and stays a string.
                if isinstance(body, dict):
                    found[summary["StackName"]] = body
        if "TemplatePath" in self._run.configuration:
            return {**found, self.name: _parsed(self._template())}
        # This action has no template: it executes a change set, which rarely changes what the stack refers to.
        return found

    def require(self, status: str, *accepted: str) -> None:
        """Raise ActionFailed, or ActionNotEmulated, with the first failure unless `status` is an accepted one."""
        if status not in accepted:
            cause = self._first_failure() or "no reason given"
            remedy = grant(cause) if self._run.context.limits_cloudformation else ""
            raise failed(f"{self.name} is {status}: {cause}{remedy}")

    def remember_events(self) -> None:
        """Mark the events so far as seen, so that only the next operation's are logged."""
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

    def _upload(self, template: str) -> str:
        """Upload the template to S3, because an inline one may have only 51,200 bytes; return its URL."""
        context, place = self._context, self.aws_environment
        # Actions on stacks of the same name in other accounts and regions run at the same time.
        key = f"{context.execution_id}/{place.account}/{place.region}/{self.name}.template.json"
        bucket = context.definition.artifact_bucket
        context.cloud.in_account("s3", context.home).put_object(Bucket=bucket, Key=key, Body=template.encode())
        return f"https://s3.{context.home.region}.amazonaws.com/{bucket}/{key}"


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


def _parsed(template: str) -> dict[str, Any]:
    """Return a template's content; without resources if it is YAML, whose short functions only CloudFormation reads."""
    try:
        return json.loads(template)
    except ValueError:
        return {"Resources": {}}


def _with_failure(template: str) -> str:
    """Add a resource that fails after all others were created, so that CloudFormation rolls back everything."""
    document = _parsed(template)
    resources = document["Resources"]
    if not resources:
        raise ActionFailed("made to fail by --fail")
    unconditional = [name for name, resource in resources.items() if "Condition" not in resource]
    resources["MadeToFail"] = {"Type": FAILURE_TYPE, "DependsOn": unconditional}
    return json.dumps(document)

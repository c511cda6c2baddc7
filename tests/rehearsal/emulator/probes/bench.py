"""Runs probes: deploys templates and makes calls in empty accounts."""

import itertools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud

_numbers = itertools.count(800000000001)
LONGEST_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """The emulator's answer to one operation."""

    accepted: bool
    words: str = ""
    """The error's message, or the reasons of the failed events."""


@dataclass
class Bench:
    """Two accounts, and the last answer in them."""

    cloud: Cloud
    home: AwsEnvironment = field(default_factory=lambda: AwsEnvironment(str(next(_numbers)), "eu-west-1"))
    stranger: str = field(default_factory=lambda: str(next(_numbers)))
    """The other account."""

    def place(self, *, region: str = "eu-west-1", account: str | None = None) -> AwsEnvironment:
        """Return an account and region; by default those at home."""
        return AwsEnvironment(account or self.home.account, region)

    def client(self, service: str, place: AwsEnvironment | None = None) -> Any:
        """Return a client with the account's root credentials."""
        return self.cloud.in_account(service, place or self.home)

    def deploy(self, stack: str = "one", place: AwsEnvironment | None = None, /, **resources: dict[str, Any]) -> Answer:
        """Create or update a stack of these resources."""
        return self.template({"Resources": resources}, stack=stack, place=place)

    def template(
        self, document: Any, *, stack: str = "one", place: AwsEnvironment | None = None, **arguments: Any
    ) -> Answer:
        """Create or update a stack from a whole template."""
        client = self.client("cloudformation", place)
        body = document if isinstance(document, str) else json.dumps(document)
        arguments = {"Capabilities": ["CAPABILITY_NAMED_IAM"], **arguments}
        exists = self.status(stack, place) is not None
        operation = client.update_stack if exists else client.create_stack
        before = len(self._events(client, stack)) if exists else 0
        try:
            operation(StackName=stack, TemplateBody=body, **arguments)
        except ClientError as error:
            return Answer(accepted=False, words=error.response["Error"]["Message"])
        return self.settled(stack, place, before)

    def settled(self, stack: str = "one", place: AwsEnvironment | None = None, before: int = 0) -> Answer:
        """Wait for the end of the current operation and return its result."""
        client = self.client("cloudformation", place)
        deadline = time.monotonic() + LONGEST_SECONDS
        while (status := self.status(stack, place)) and status.endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                return Answer(accepted=False, words=f"{status} after {LONGEST_SECONDS} s")
            time.sleep(0.02)
        if status in (None, "CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return Answer(accepted=True)
        events = self._events(client, stack)
        new = events[: len(events) - before]
        reasons = [event.get("ResourceStatusReason", "") for event in new if event["ResourceStatus"].endswith("FAILED")]
        return Answer(accepted=False, words=" | ".join([str(status), *reasons, *self._validation(client, stack)]))

    def delete(self, stack: str = "one", place: AwsEnvironment | None = None) -> Answer:
        """Delete a stack."""
        client = self.client("cloudformation", place)
        before = len(self._events(client, stack))
        try:
            client.delete_stack(StackName=stack)
        except ClientError as error:
            return Answer(accepted=False, words=error.response["Error"]["Message"])
        return self.settled(stack, place, before)

    def call(self, service: str, operation: str, **arguments: Any) -> Answer:
        """Call an API in the home account."""
        try:
            getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            found = error.response["Error"]
            return Answer(accepted=False, words=f"{found.get('Code', '')}: {found.get('Message', '')}")
        return Answer(accepted=True)

    def both(self, first: dict[str, Any], second: dict[str, Any], **where: AwsEnvironment) -> Answer:
        """Deploy one stack, then another; return the second's answer."""
        prepared = self.deploy("one", **first)
        if not prepared.accepted:
            return Answer(accepted=False, words=f"the first stack was refused: {prepared.words}")
        return self.deploy("two", where.get("place"), **second)

    def changed(self, first: dict[str, Any], second: dict[str, Any]) -> Answer:
        """Deploy a stack, then update it; return the update's answer."""
        prepared = self.deploy(**first)
        if not prepared.accepted:
            return Answer(accepted=False, words=f"the first template was refused: {prepared.words}")
        return self.deploy(**second)

    def replaced(self, first: dict[str, Any], second: dict[str, Any], resource: str) -> Answer:
        """Deploy a stack and look at an update's change set: accepted if it says that the resource is not replaced."""
        prepared = self.deploy(**first)
        if not prepared.accepted:
            return Answer(accepted=False, words=f"the first template was refused: {prepared.words}")
        client = self.client("cloudformation")
        client.create_change_set(
            StackName="one",
            ChangeSetName="look",
            TemplateBody=json.dumps({"Resources": second}),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            found = client.describe_change_set(StackName="one", ChangeSetName="look")
            if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS") or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        changes = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in found["Changes"]}
        output = changes.get(resource, {}).get("Replacement", "none")
        return Answer(accepted=output in ("False", "none"), words=f"Replacement {output}")

    def status(self, stack: str, place: AwsEnvironment | None = None) -> str | None:
        """Return a stack's state; None if there is none."""
        try:
            return self.client("cloudformation", place).describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except ClientError:
            return None

    def _events(self, client: Any, stack: str) -> list[dict[str, Any]]:
        try:
            return client.describe_stack_events(StackName=stack)["StackEvents"]
        except ClientError:
            return []

    def _validation(self, client: Any, stack: str) -> list[str]:
        """Return the errors found before the deployment, to which a stack's events only refer."""
        try:
            events = client.describe_events(StackName=stack)["OperationEvents"]
        except (ClientError, AttributeError):
            return []
        return [event["ValidationStatusReason"] for event in events if event.get("ValidationStatusReason")]


@dataclass(frozen=True)
class Probe:
    """One question to AWS, and its documented answer."""

    name: str
    ask: Callable[[Bench], Answer]
    source: str
    """Where AWS documents it."""
    refused: str | None = None
    """A pattern of AWS's error message; None: AWS accepts."""

    def passes(self, answer: Answer) -> bool:
        """Return whether the emulator answered as AWS does."""
        if self.refused is None:
            return answer.accepted
        return not answer.accepted and re.search(self.refused, answer.words) is not None

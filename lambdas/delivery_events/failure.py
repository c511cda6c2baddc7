"""Why an action failed: the message of the program that failed, or the first failed resource of its stack."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from . import build_log, program_messages
from .clients import NotReadable
from .denial import grant
from .execution import Action, DeployedStack
from .free_text import one_line

NO_REASON: Final = "CodePipeline reported no reason"
LONGEST_LINE: Final = 300
MOST_FINDINGS: Final = 10
LONGEST_ACCEPTANCE: Final = 8_000
"""Characters."""
CANCELLED: Final = re.compile(r"Resource (creation|update) cancelled")
"""The reason of a resource that CloudFormation gave up because another failed."""
MOST_LINES: Final = 20_000
"""Of a log, from its beginning; longer than any log of the pipeline's builds."""


class Clients(Protocol):
    """boto3 clients by account."""

    def home(self, service: str) -> Any:
        """Return a boto3 client in the pipeline's own account and region."""
        ...

    def environment(self, service: str, stack: DeployedStack) -> Any:
        """Return a boto3 client that may read a stack and its environment; raise NotReadable."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why an action failed."""

    lines: tuple[str, ...]
    """One, or one for each finding that stops the delivery."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses of the log, the review or the stack."""
    acceptance: str = ""
    """Tables for `delivery.toml` that accept what a review found."""
    command: str = ""
    """The command that fixes what a review found."""
    is_creation: bool = False
    """Whether the failed stack was being created."""


def reason(action: Action, clients: Clients) -> Reason:
    """Return why the action failed, from its log or stack events; CodePipeline's summary if they cannot be read."""
    found = Reason(lines=(), links={"Stack": _console(action.stack)} if action.stack else {})
    summary = action.summary or NO_REASON
    try:
        if action.provider == "CodeBuild":
            found = _of_build(action, clients)
        elif action.stack:
            found = _of_stack(action, action.stack, found, clients)
    except NotReadable as error:
        summary = f"{summary}. Details unavailable: {error}; the environment's first deployment creates it"
    # A notice without the reason is better than none.
    except (BotoCoreError, ClientError) as error:
        summary = f"{summary}. Details unavailable: {error}"
    except (KeyError, IndexError):
        summary = f"{summary}. Details unavailable: the log or the stack's events are incomplete"
    return replace(found, lines=tuple(one_line(line, LONGEST_LINE) + grant(line) for line in found.lines or (summary,)))


def _of_build(action: Action, clients: Clients) -> Reason:
    builds = clients.home("codebuild").batch_get_builds(ids=[action.external_id])["builds"]
    if not builds:
        message = action.summary or NO_REASON
        return Reason(lines=(f"{message}. Details unavailable: CodeBuild has no build {action.external_id}",))
    [build] = builds
    logs = build["logs"]
    # A build that could not start has no log.
    log = _lines(clients.home("logs"), logs["groupName"], logs["streamName"]) if "streamName" in logs else []
    found = build_log.findings(log)
    most = found[:MOST_FINDINGS]
    if len(found) > len(most):
        most.append(f"and {len(found) - len(most)} more: see the review")
    line = program_messages.failing_line(log) or _message_of_phase(build)
    return Reason(
        lines=tuple(most) or ((line,) if line else ()),
        links={
            name: address
            for name, address in (
                ("Review", action.variables.get("REVIEW") or build_log.review_page(log)),
                ("Log", logs.get("deepLink", "")),
            )
            if address
        },
        acceptance=build_log.acceptance(log, most=LONGEST_ACCEPTANCE),
        command=build_log.command(log),
    )


def _message_of_phase(build: Mapping[str, Any]) -> str:
    """Return CodeBuild's own message; that a command failed is none."""
    contexts = [context for phase in build.get("phases", []) for context in phase.get("contexts", [])]
    messages = (one.get("message", "") for one in contexts if one.get("statusCode") != "COMMAND_EXECUTION_ERROR")
    return next((message for message in messages if message), "")


def _lines(client: Any, group: str, stream: str) -> Sequence[str]:
    lines: list[str] = []
    token: dict[str, str] = {}
    while len(lines) < MOST_LINES:
        page = client.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        lines += [event["message"].rstrip("\n") for event in page["events"]]
        # The end is where the token does not change (CloudWatch Logs API Reference, "GetLogEvents").
        if token.get("nextToken") == page["nextForwardToken"] or not page["events"]:
            break
        token = {"nextToken": page["nextForwardToken"]}
    return lines


def _of_stack(action: Action, stack: DeployedStack, found: Reason, clients: Clients) -> Reason:
    """Return the first resource that failed in the operation that the action began, and why."""
    failures: list[str] = []
    client = clients.environment("cloudformation", stack)
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack.name)
    # Newest first. Events before the action belong to an earlier operation: CloudFormation may have refused this one.
    for event in (event for page in pages for event in page["StackEvents"]):
        if action.started and event.get("Timestamp", action.started) < action.started:
            break
        status, why = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        if status.endswith("_FAILED") and not CANCELLED.search(why):
            failures.append(f"{event['LogicalResourceId']}: {why or status}")
        if status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS") and event["LogicalResourceId"] == stack.name:
            return replace(found, lines=tuple(failures[-1:]), is_creation=status.startswith("CREATE"))
    return replace(found, lines=tuple(failures[-1:]))


def _console(stack: DeployedStack) -> str:
    return (
        f"https://{stack.region}.console.aws.amazon.com/cloudformation/home?region={stack.region}"
        f"#/stacks?filteringText={stack.name}"
    )

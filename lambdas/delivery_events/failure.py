"""Why an action failed: the message of the program that failed, or the first failed resource of its stack."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from .build_log import acceptance, failing_line, findings
from .clients import NotReadable
from .denial import grant
from .execution import Action, DeployedStack

LONGEST_LINE = 300
MOST_LINES = 20_000
"""Of a log, from its beginning; longer than any log of the pipeline's builds."""


class Clients(Protocol):
    """boto3 clients by account."""

    def home(self, service: str) -> Any:
        """Return a boto3 client in the pipeline's own account and region."""
        ...

    def environment(self, service: str, stack: DeployedStack) -> Any:
        """Return a boto3 client that may read a stack and its environment; raise NotReadable."""
        ...


@dataclass(frozen=True)
class Reason:
    """Why an action failed, and a link to its log or stack."""

    line: str
    link: str = ""
    more_findings: tuple[str, ...] = ()
    """What else stops the delivery, if a review stopped it."""
    acceptance: str = ""
    """Tables for `delivery.toml` that accept what a review found."""


def reason(action: Action, clients: Clients) -> Reason:
    """Return why the action failed, from its log or stack events; CodePipeline's summary if they cannot be read."""
    found = Reason("", _console(action.stack) if action.stack else "")
    summary = action.summary or "CodePipeline reported no reason"
    try:
        if action.provider == "CodeBuild":
            found = _of_build(action, clients)
        elif action.stack:
            found = Reason(_first_failure(action.stack, clients), found.link)
    except NotReadable as error:
        summary = f"{summary}. Details unavailable: {error}; the environment's first deployment creates it"
    except (BotoCoreError, ClientError, KeyError, IndexError):
        # A notice without the reason is better than none.
        summary = f"{summary}. Details unavailable: log or stack events cannot be read"
    line = (found.line or summary).strip()
    shortened = line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
    return replace(found, line=shortened + grant(line))


def _of_build(action: Action, clients: Clients) -> Reason:
    [build] = clients.home("codebuild").batch_get_builds(ids=[action.external_id])["builds"]
    logs = build["logs"]
    lines = _lines(clients.home("logs"), logs["groupName"], logs["streamName"])
    stops = [one for one in findings(lines) if f"stops: {one}" != failing_line(lines)]
    return Reason(failing_line(lines), logs.get("deepLink", ""), tuple(stops), acceptance(lines))


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


def _first_failure(stack: DeployedStack, clients: Clients) -> str:
    """Return the first resource that failed in the stack's last operation, and why."""
    failures: list[str] = []
    client = clients.environment("cloudformation", stack)
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack.name)
    for event in (event for page in pages for event in page["StackEvents"]):
        if event["ResourceStatus"].endswith("_FAILED"):
            failures.append(
                f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', event['ResourceStatus'])}"
            )
        # Events come newest first; this one began the operation.
        began = event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        if began and event["LogicalResourceId"] == stack.name:
            break
    return failures[-1] if failures else ""


def _console(stack: DeployedStack) -> str:
    return (
        f"https://{stack.region}.console.aws.amazon.com/cloudformation/home?region={stack.region}"
        f"#/stacks?filteringText={stack.name}"
    )

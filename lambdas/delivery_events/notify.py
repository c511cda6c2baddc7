"""The function that tells people what a delivery does: one notice for each event that is worth one."""

import json
import os
from collections.abc import Mapping
from typing import Any

from .clients import Accounts
from .deduplication import Claims
from .execution import read
from .failure import Clients
from .notice import Kind, Notice
from .notice_builder import NoticeBuilder

CLAIMS = "notifications"
"""Where in the artifact store it is noted that a notice went out."""


def handler(event: Mapping[str, Any], _context: object) -> str:
    """Work on an event, as Lambda hands it over."""
    return publish_notice(event, Accounts(os.environ), os.environ)


def publish_notice(event: Mapping[str, Any], clients: Clients, variables: Mapping[str, str]) -> str:
    """Publish the notice about an event, once; return what was done. What AWS refuses is raised, for another try."""
    detail = event["detail"]
    builder = NoticeBuilder(
        execution=read(clients.home("codepipeline"), detail["pipeline"], detail["execution-id"]),
        environments=json.loads(variables["ENVIRONMENTS"]),
        deployments=json.loads(variables["DEPLOYMENTS"]),
        region=event["region"],
        clients=clients,
    )
    notice = builder.notice(event)
    if notice is None:
        return "nothing to tell"
    claims = Claims(clients.home("s3"), variables["BUCKET"], CLAIMS)
    name = _name(detail, notice)
    if not claims.acquire(name):
        return f"told before: {name}"
    topic = variables["APPROVAL_TOPIC" if notice.kind is Kind.WAITING else "DELIVERY_TOPIC"]
    try:
        clients.home("sns").publish(
            TopicArn=topic, Subject=notice.subject, Message=notice.as_message(), MessageStructure="json"
        )
    except BaseException:
        claims.release(name)
        raise
    return f"told: {name}"


def _name(detail: Mapping[str, Any], notice: Notice) -> str:
    """Return what an event and its duplicates have in common; a stage that is retried has something new to tell."""
    attempt = int(detail.get("pipeline-execution-attempt", 1))
    return f"{detail['execution-id']}/{detail['stage']}/{notice.kind.replace(' ', '-')}-{attempt}"

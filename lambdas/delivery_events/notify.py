"""The notifier Lambda: publishes a notice for each event of a delivery that people need to know of."""

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
from .outcome import Stages

CLAIMS = "notifications"
"""The folder of the artifact store that records which notices were sent."""


def handler(event: Mapping[str, Any], _context: object) -> str:
    """Lambda's entry point."""
    return publish_notice(event, Accounts(os.environ), os.environ)


def publish_notice(event: Mapping[str, Any], clients: Clients, variables: Mapping[str, str]) -> str:
    """Publish the notice about an event once, and return what was done. Errors are raised, so that Lambda retries."""
    detail = event["detail"]
    builder = NoticeBuilder(
        execution=read(clients.home("codepipeline"), detail["pipeline"], detail["execution-id"]),
        stages=Stages(
            environments=json.loads(variables["ENVIRONMENTS"]), deployments=json.loads(variables["DEPLOYMENTS"])
        ),
        region=event["region"],
        clients=clients,
    )
    notice = builder.notice(event)
    if notice is None:
        return "no notice for this event"
    claims = Claims(clients.home("s3"), variables["BUCKET"], CLAIMS)
    name = _name(detail, notice)
    if not claims.acquire(name):
        return f"already sent: {name}"
    topic = variables["APPROVAL_TOPIC" if notice.kind is Kind.WAITING else "DELIVERY_TOPIC"]
    try:
        clients.home("sns").publish(
            TopicArn=topic, Subject=notice.subject, Message=notice.as_message(), MessageStructure="json"
        )
    except BaseException:
        claims.release(name)
        raise
    return f"sent: {name}"


def _name(detail: Mapping[str, Any], notice: Notice) -> str:
    """Return a name that duplicates of the event share; each retry of a stage has another."""
    attempt = int(detail.get("pipeline-execution-attempt", 1))
    return f"{detail['execution-id']}/{detail.get('stage', 'pipeline')}/{notice.kind.replace(' ', '-')}-{attempt}"

"""The Lambda function: an event says only that there is news; what is news is read from CodePipeline.

What has been told is in a table. So an event may come twice, late, or after the next one, and one that is lost is made
good by the next. `ENVIRONMENTS` and `TABLE_NAME` are its environment variables.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3

from .embedded_metric import line
from .figures import figures
from .history import Environment, read
from .published_figures import PublishedFigures

FINAL = ("SUCCEEDED", "SUPERSEDED")
"""States of an execution that nothing follows. In others it may be run again."""


class NotYetKnownError(Exception):
    """CodePipeline's history is behind its events. Lambda calls again, a minute later."""


def handle(event: Mapping[str, Any], _context: object) -> None:
    """Publish what is new about the event's execution."""
    environments = [
        Environment(name=name, stage=stage, last_action=last)
        for name, stage, last in json.loads(os.environ["ENVIRONMENTS"])
    ]
    published = PublishedFigures(_client("dynamodb"), os.environ["TABLE_NAME"])
    publish(event["detail"], _client("codepipeline"), published, environments, now=datetime.now(UTC))


def publish(
    detail: Mapping[str, Any],
    codepipeline: Any,
    published: PublishedFigures,
    environments: Sequence[Environment],
    *,
    now: datetime,
) -> None:
    """Print every figure of an execution that is final and has not been printed.

    Raises NotYetKnownError when the event says of the execution what the history does not.
    """
    pipeline, execution_id = detail["pipeline"], detail["execution-id"]
    history = read(codepipeline, pipeline, execution_id, environments)
    if not history:
        print(f"execution {execution_id} is older than what is looked at")
        return
    [execution] = [one for one in history if one.id == execution_id]
    if "stage" not in detail and detail["state"] in FINAL and not execution.is_over:
        raise NotYetKnownError(f"execution {execution_id} is {detail['state']}, and {execution.status} in the history")
    names = published.names_of(execution_id)
    for figure in figures(history, execution_id, environments):
        if figure.name not in names and published.claim(figure, now=now):
            print(line(figure, pipeline=pipeline))


@cache
def _client(service: str) -> Any:
    # boto3's overloads know each service by a literal name only.
    session: Any = boto3.Session()
    return session.client(service)

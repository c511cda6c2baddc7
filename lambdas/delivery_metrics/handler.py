"""The Lambda function: on each event it reads CodePipeline's history and publishes the figures that are new.

A table holds the names of published figures, so events may be duplicated, late or out of order, and the next event
makes up for a lost one. Environment variables: `ENVIRONMENTS` and `TABLE_NAME`.
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
from .history import MOST_EXECUTIONS, Environment, read
from .published_figures import PublishedFigures

FINAL = ("SUCCEEDED", "SUPERSEDED")
"""States of an execution that are final; from others it may be retried."""


class NotYetKnownError(Exception):
    """CodePipeline's history is behind its events. Lambda retries after a minute."""


def handle(event: Mapping[str, Any], _context: object) -> None:
    """Publish the new figures of the event's execution."""
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
    """Print every final figure of the execution that has not been published.

    Raises NotYetKnownError when the event is ahead of the history.
    """
    pipeline, execution_id = detail["pipeline"], detail["execution-id"]
    history = read(codepipeline, pipeline, execution_id, environments)
    if not history:
        print(f"execution {execution_id} is not among the last {MOST_EXECUTIONS}: nothing published")
        return
    [execution] = [one for one in history if one.id == execution_id]
    if "stage" not in detail and detail["state"] in FINAL and not execution.is_over:
        raise NotYetKnownError(
            f"CodePipeline lists execution {execution_id} as {execution.status}, the event as {detail['state']}"
        )
    names = published.names_of(execution_id)
    for figure in figures(history, execution_id, environments):
        if figure.name not in names and published.claim(figure, now=now):
            print(line(figure, pipeline=pipeline))


@cache
def _client(service: str) -> Any:
    # boto3's overloads know each service by a literal name only.
    session: Any = boto3.Session()
    return session.client(service)

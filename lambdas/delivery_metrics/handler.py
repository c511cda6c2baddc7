"""The Lambda function: on each event and once a day it publishes the figures that the history has and the table lacks.

An event only says that something has changed. What is published follows from CodePipeline's history, so events may be
lost, duplicated, late or out of order: the next event of any run, or the next day, makes up for them. A table holds the
names of published figures. Environment variables: `ENVIRONMENTS`, `PIPELINE`, `TABLE_NAME` and `WATCHED`.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3

from .embedded_metric import OLDEST, line
from .environment_figures import EnvironmentFigures
from .figures import Figure, execution_figures
from .history import Environment, Execution, History, read
from .incidents import CONFIG, Incident, Watched, read_incidents
from .outcomes import outcomes
from .published_figures import PublishedFigures

PATIENCE = timedelta(hours=1)
"""How old an event may be and still be expected to come before the history. Lambda's retries take three minutes."""
ENDED = ("Succeeded", "Failed", "Abandoned")


class NotYetKnownError(Exception):
    """CodePipeline's history is behind its events. Lambda retries after a minute, and once more after two."""


def handle(event: Mapping[str, Any], _context: object) -> None:
    """Publish the figures that are missing."""
    environments = [Environment(**one) for one in json.loads(os.environ["ENVIRONMENTS"])]
    watched = [Watched(**one) for one in json.loads(os.environ["WATCHED"])]
    now = datetime.now(UTC)
    session = _session()
    publish(
        event,
        _client("codepipeline"),
        PublishedFigures(_client("dynamodb"), os.environ["TABLE_NAME"]),
        environments,
        pipeline=os.environ["PIPELINE"],
        region=session.region_name,
        incidents=lambda: read_incidents(session, watched, now=now),
        now=now,
    )


def publish(
    event: Mapping[str, Any],
    codepipeline: Any,
    published: PublishedFigures,
    environments: Sequence[Environment],
    *,
    pipeline: str,
    region: str,
    now: datetime,
    incidents: Callable[[], Sequence[Incident]],
) -> None:
    """Print every final figure that has not been published, oldest first.

    `incidents` reads those of the last environment; before its first release there is nothing to read. Raises
    NotYetKnownError, after printing the others, when the event is ahead of the history.
    """
    detail: Mapping[str, str] = event.get("detail", {})
    execution_id = detail.get("execution-id")
    history = read(
        codepipeline,
        pipeline,
        environments,
        settled_until=published.settled_until,
        execution_id=execution_id,
    )
    is_released = any(environments[-1].released_by(one) for one in history.executions)
    found = figures(history, environments, incidents() if is_released else ())
    missing = [one for one in found if now - one.time < OLDEST]
    names = {subject: published.names_of(subject) for subject in dict.fromkeys(one.subject for one in missing)}
    for figure in missing:
        if figure.name not in names[figure.subject] and published.claim(figure, now=now):
            print(line(figure, pipeline=pipeline, region=region, now=now))
    if until := history.settled_until(environments):
        published.settle(until)
    if execution_id and _is_ahead(event, history.find(execution_id), now=now):
        raise NotYetKnownError(f"CodePipeline's history does not show this yet: {json.dumps(detail)}")


def figures(history: History, environments: Sequence[Environment], incidents: Sequence[Incident]) -> list[Figure]:
    """Return the final figures of the executions that may lack some, oldest first."""
    found: list[Figure] = []
    of_environments = [
        EnvironmentFigures(
            history.executions,
            environment,
            outcomes(history.executions, environment, incidents if environment is environments[-1] else ()),
            way=environments if environment is environments[-1] else (),
        )
        for environment in environments
    ]
    for execution in history.incomplete:
        found.extend(execution_figures(history.executions, execution))
        for one in of_environments:
            found.extend(one.of(execution))
    once = {(one.subject, one.name): one for one in reversed(found)}
    return sorted(once.values(), key=lambda one: (one.time, one.execution.start))


def _is_ahead(event: Mapping[str, Any], execution: Execution | None, *, now: datetime) -> bool:
    """Return whether an event tells of an end that the history does not have.

    After a retry the history is ahead of the event.
    """
    reported = datetime.fromisoformat(event["time"])
    if now - reported > PATIENCE:
        return False
    if execution is None:
        return True
    if any(action.start >= reported for action in execution.actions):
        return False
    stage = event["detail"].get("stage")
    if stage is None:
        return not execution.is_over
    return any(action.status not in ENDED for action in execution.of_stage(stage))


@cache
def _session() -> Any:
    # boto3's overloads know each service by a literal name only.
    return boto3.Session()


@cache
def _client(service: str) -> Any:
    return _session().client(service, config=CONFIG)

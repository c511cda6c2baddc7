"""When an environment's deployments succeeded and failed, which change failed, and what restored service."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .attempts import attempts
from .history import Environment, Execution
from .incidents import WINDOW, Incident


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A moment at which an environment became good or bad."""

    time: datetime
    is_good: bool
    execution_id: str
    """The execution that did it; of an incident the release that it followed."""
    change_id: str = ""
    """The change that this is the failure of; empty where it is none."""
    because: str = ""
    """Why a change failed after its deployment had ended."""
    is_recovery: bool = False
    """Whether an incident ended by itself."""


def outcomes(
    history: Iterable[Execution], environment: Environment, incidents: Iterable[Incident] = ()
) -> list[Outcome]:
    """Return the outcomes of an environment, oldest first."""
    deployments = [one for one in history if any(one.of_stage(stage) for stage in environment.stages)]
    found: list[Outcome] = []
    for execution in deployments:
        found.extend(_of_deployment(execution, environment))
    found.sort(key=_order)
    for rollback in (one for one in deployments if one.is_rollback):
        undone = _undone(rollback, deployments, environment)
        known = [one for one in found if one.execution_id == undone and one.time < rollback.start]
        if undone and (not known or known[-1].is_good):
            found.append(
                Outcome(
                    time=rollback.start,
                    is_good=False,
                    execution_id=rollback.id,
                    change_id=undone,
                    because="rolled back",
                )
            )
            found.sort(key=_order)
    for incident in incidents:
        found.extend(_of_incident(incident, deployments, environment, found))
        found.sort(key=_order)
    return found


def failing_since(found: Sequence[Outcome], time: datetime) -> datetime | None:
    """Return since when the environment had been failing just before `time`; None if it had not."""
    since: datetime | None = None
    for outcome in found:
        if outcome.time >= time:
            break
        since = None if outcome.is_good else since or outcome.time
    return since


def _of_deployment(execution: Execution, environment: Environment) -> Iterable[Outcome]:
    change = "" if execution.is_rollback else execution.id
    for stage in environment.stages:
        for attempt in attempts(execution.of_stage(stage)):
            if attempt.failed_at:
                yield Outcome(time=attempt.failed_at, is_good=False, execution_id=execution.id, change_id=change)
    if released := environment.released_by(execution):
        yield Outcome(time=released, is_good=True, execution_id=execution.id)


def _undone(rollback: Execution, deployments: Sequence[Execution], environment: Environment) -> str:
    """Return the change that a rollback undoes: the one that was deployed last before it.

    That one may have passed, failed, or been stopped. After a rollback that passed it is the release that this one
    returned to.
    """
    before = [
        (start, one)
        for one in deployments
        if one.id != rollback.id
        for start in (_begin(one, environment),)
        if start < rollback.start
    ]
    if not before:
        return ""
    _, last = max(before, key=lambda pair: (pair[0], pair[1].id))
    if not last.is_rollback:
        return last.id
    released = environment.released_by(last)
    return last.target if released and released < rollback.start else ""


def _begin(execution: Execution, environment: Environment) -> datetime:
    """Return when an execution first deployed to an environment."""
    return min(action.start for stage in environment.stages for action in execution.of_stage(stage))


def _of_incident(
    incident: Incident, deployments: Sequence[Execution], environment: Environment, found: Sequence[Outcome]
) -> Iterable[Outcome]:
    """Return the failure of the release that an incident follows, and the recovery.

    An incident during a deployment is for the deployment's tests and bake to judge. After a rollback, no release is
    to blame.
    """
    before = [one for one in found if one.time <= incident.start]
    if not before or not before[-1].is_good:
        return
    [release] = [one for one in deployments if one.id == before[-1].execution_id]
    released = environment.released_by(release)
    if release.is_rollback or released is None or incident.start - released > WINDOW:
        return
    if any(_is_deploying(one, environment, incident.start) for one in deployments):
        return
    yield Outcome(
        time=incident.start,
        is_good=False,
        execution_id=release.id,
        change_id=release.id,
        because=f"alarm {incident.alarm}",
    )
    if incident.end:
        yield Outcome(time=incident.end, is_good=True, execution_id=release.id, is_recovery=True)


def _is_deploying(execution: Execution, environment: Environment, time: datetime) -> bool:
    """Return whether a deployment was under way, also between the waves of its regions."""
    if time < _begin(execution, environment):
        return False
    ended = environment.released_by(execution)
    if ended is None and execution.is_over:
        ended = max(action.end for stage in environment.stages for action in execution.of_stage(stage))
    return ended is None or time < ended


def _order(outcome: Outcome) -> tuple[datetime, bool]:
    return outcome.time, outcome.is_good

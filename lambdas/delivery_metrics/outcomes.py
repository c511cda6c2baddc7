"""When an environment was well, and when it was not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .attempts import attempts
from .history import Environment, Execution


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became known of an environment at a moment."""

    time: datetime
    is_good: bool
    execution_id: str
    is_manual_rollback: bool = False
    """Whether it is a rollback that somebody began while all seemed well: the release before it was not."""


def outcomes(history: Iterable[Execution], environment: Environment) -> list[Outcome]:
    """Return what became known of an environment, in the order of time."""
    found: list[Outcome] = []
    rollbacks: list[Execution] = []
    for execution in history:
        actions = execution.of_stage(environment.stage)
        found.extend(
            Outcome(time=attempt.failed_at, is_good=False, execution_id=execution.id)
            for attempt in attempts(actions)
            if attempt.failed_at
        )
        if released := environment.released_by(execution):
            found.append(Outcome(time=released, is_good=True, execution_id=execution.id))
        if actions and execution.is_rollback:
            rollbacks.append(execution)
    found.sort(key=_order)
    for rollback in rollbacks:
        before = [one for one in found if one.time < rollback.start]
        if before and before[-1].is_good:
            found.append(Outcome(time=rollback.start, is_good=False, execution_id=rollback.id, is_manual_rollback=True))
            found.sort(key=_order)
    return found


def failing_since(found: Sequence[Outcome], time: datetime) -> datetime | None:
    """Return since when an environment had not been well just before `time`; None when it was, or nothing is known."""
    since: datetime | None = None
    for outcome in found:
        if outcome.time >= time:
            break
        since = None if outcome.is_good else since or outcome.time
    return since


def _order(outcome: Outcome) -> tuple[datetime, bool]:
    return outcome.time, outcome.is_good

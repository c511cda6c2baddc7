"""When an environment's deployments succeeded and failed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .attempts import attempts
from .history import Environment, Execution


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a deployment to an environment."""

    time: datetime
    is_good: bool
    execution_id: str
    is_manual_rollback: bool = False
    """Whether somebody rolled a successful release back: that release counts as failed."""


def outcomes(history: Iterable[Execution], environment: Environment) -> list[Outcome]:
    """Return the outcomes of deployments to an environment, oldest first."""
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
    """Return since when the environment had been failing just before `time`; None if it had not."""
    since: datetime | None = None
    for outcome in found:
        if outcome.time >= time:
            break
        since = None if outcome.is_good else since or outcome.time
    return since


def _order(outcome: Outcome) -> tuple[datetime, bool]:
    return outcome.time, outcome.is_good

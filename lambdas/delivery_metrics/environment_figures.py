"""The figures of an environment: its changes, releases, lead times, and what runs there."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from .attempts import Attempt, attempts
from .figures import Figure, seconds
from .history import Environment, Execution
from .outcomes import Outcome, failing_since
from .phases import phases

LATEST_COUNT = timedelta(days=13)
"""How much later a change may fail and still be counted as failed when it was made: CloudWatch takes metrics of the
last two weeks."""


class EnvironmentFigures:
    """The figures of executions in one environment, from the history and the environment's outcomes."""

    def __init__(
        self,
        executions: Sequence[Execution],
        environment: Environment,
        outcomes: Sequence[Outcome],
        *,
        way: Sequence[Environment],
    ) -> None:
        """`way` are the environments on the way to this one, itself included; empty: lead times have no phases."""
        self._executions = executions
        self._environment = environment
        self._outcomes = outcomes
        self._way = way

    def of(self, execution: Execution) -> Iterator[Figure]:
        """Yield the figures of an execution that are final now."""
        yield from self._changes(execution)
        yield from self._restored(execution)
        yield from self._running(execution)
        released = self._environment.released_by(execution)
        if released and execution.is_rollback:
            yield self._figure(execution, "rollback", released, {"Rollbacks": 1, "ReleasedAt": released.timestamp()})
        elif released:
            yield from self._release(execution, released)

    def _figure(
        self,
        execution: Execution,
        name: str,
        time: datetime,
        values: dict[str, float],
        *,
        counts_at: datetime | None = None,
        of_commit: str = "",
        phase: str = "",
        **details: str,
    ) -> Figure:
        dimensions = {"Environment": self._environment.name, **({"Phase": phase} if phase else {})}
        return Figure(
            execution=execution,
            name=f"{name}/{self._environment.name}",
            time=time,
            values=values,
            dimensions=dimensions,
            counts_at=counts_at,
            of_commit=of_commit,
            details=details,
        )

    def _changes(self, execution: Execution) -> Iterator[Figure]:
        """Yield the execution as a change, and the change that it rolls back, which may be older than the others."""
        touched = [one.change_id for one in self._outcomes if one.execution_id == execution.id]
        ids = [*touched, "" if execution.is_rollback else execution.id]
        for change in (one for one in self._executions if one.id in ids):
            yield from self._change(change)

    def _change(self, change: Execution) -> Iterator[Figure]:
        own = [one for one in self._outcomes if change.id in (one.execution_id, one.change_id)]
        if own:
            yield self._figure(change, "change", own[0].time, {"Changes": 1})
        failed = [one for one in own if one.change_id == change.id]
        if failed:
            # Counted together with the change, so that a week never has more failed changes than changes.
            is_recent = failed[0].time - own[0].time < LATEST_COUNT
            yield self._figure(
                change,
                "failed-change",
                failed[0].time,
                {"FailedChanges": 1},
                counts_at=own[0].time if is_recent else None,
                because=failed[0].because or "deployment failed",
            )

    def _restored(self, execution: Execution) -> Iterator[Figure]:
        own = [one for one in self._outcomes if one.is_good and one.execution_id == execution.id]
        for good in own:
            if since := failing_since(self._outcomes, good.time):
                name = f"recovered-{good.time:%Y%m%dT%H%M%S}" if good.is_recovery else "restored"
                yield self._figure(execution, name, good.time, {"RestoreTime": seconds(since, good.time)})

    def _release(self, execution: Execution, time: datetime) -> Iterator[Figure]:
        """Yield the figures of a release: itself, and the lead time of every commit that it is the first to contain.

        A release contains every commit since the release before, also of executions that were superseded or failed.
        A commit has one lead time: that of its first release, even if it is released again much later.
        """
        standard = [one for one in self._executions if not one.is_rollback]
        released = [(at, one) for one in standard if (at := self._environment.released_by(one)) and at < time]
        last = max(released, key=lambda pair: pair[0], default=None)
        known = {one.commit for one in standard if last and one.start <= last[1].start}
        brought: dict[str, Execution] = {}
        for one in standard:
            if one.start <= execution.start and one.commit not in known:
                brought.setdefault(one.commit, one)
        for commit, one in brought.items():
            lead = {"LeadTime": seconds(one.committed or one.start, time)}
            yield self._figure(execution, "lead-time", time, lead, of_commit=commit, title=one.title)
        values = {"Releases": 1, "ReleasedAt": time.timestamp()}
        if last:
            values["CycleTime"] = seconds(last[0], time)
        yield self._figure(execution, "release", time, values)
        if execution.commit in brought:
            for phase, spent in phases(execution, self._way, released=time).items():
                name = f"phase-{phase.lower().replace(' ', '-')}"
                values = {"PhaseTime": spent}
                yield self._figure(execution, name, time, values, of_commit=execution.commit, phase=phase)

    def _running(self, execution: Execution) -> Iterator[Figure]:
        """Yield a line for every attempt at a stage that has ended: the last one says what runs there."""
        for stage, last_actions in self._environment.stages.items():
            for attempt in attempts(execution.of_stage(stage)):
                if result := _result(attempt, last_actions):
                    time = attempt.end
                    result = f"rollback {result}" if execution.is_rollback else result
                    yield self._figure(execution, f"running/{attempt.id}", time, {}, stage=stage, result=result)


def _result(attempt: Attempt, last_actions: Sequence[str]) -> str:
    """Return how an attempt ended; empty while it runs."""
    status = {action.name: action.status for action in attempt.actions}
    if all(status.get(name) == "Succeeded" for name in last_actions):
        return "passed"
    if not attempt.is_over:
        return ""
    return "failed" if attempt.failed_at else "stopped"

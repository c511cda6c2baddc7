"""The figures of an execution, computed from the history around it.

A figure depends on nothing that happens after its time, so that it is the same whenever it is computed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .attempts import attempts
from .history import Action, Environment, Execution
from .outcomes import failing_since, outcomes


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Values that became final at one moment. Its execution and its `name` are its identity."""

    execution: Execution
    name: str
    time: datetime
    values: Mapping[str, float | list[float]]
    """By metric; durations are in seconds."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """Besides the pipeline's own dimension."""


def figures(history: Sequence[Execution], execution_id: str, environments: Sequence[Environment]) -> list[Figure]:
    """Return the figures of an execution that are final now."""
    [execution] = [one for one in history if one.id == execution_id]
    found = [*_of_actions(execution), *_of_stages(execution), *_of_pipeline(history, execution)]
    for environment in environments:
        found.extend(_of_environment(history, execution, environment))
    return found


def _of_actions(execution: Execution) -> Iterator[Figure]:
    for action in execution.actions:
        if action.status != "InProgress":
            values = {"Duration": _seconds(action.start, action.end)}
            if action.status == "Failed":
                values["Rejections" if action.is_approval else "Failures"] = 1
            yield Figure(
                execution=execution,
                name=f"action/{action.id}",
                time=action.end,
                values=values,
                dimensions={"Stage": action.stage, "Action": action.name},
            )


def _of_stages(execution: Execution) -> Iterator[Figure]:
    free_since = execution.start
    for stage in dict.fromkeys(action.stage for action in execution.actions):
        actions = execution.of_stage(stage)
        begin = actions[0].start
        yield Figure(
            execution=execution,
            name=f"queue/{stage}",
            time=begin,
            values={"QueueTime": _seconds(free_since, begin)},
            dimensions={"Stage": stage},
        )
        free_since = max(action.end for action in actions)
        moved_on = execution.is_over or execution.actions[-1].stage != stage
        for attempt in attempts(actions):
            if attempt.is_over or moved_on:
                values = {"Duration": _seconds(attempt.start, attempt.end)}
                if attempt.failed_at:
                    values["Failures"] = 1
                yield Figure(
                    execution=execution,
                    name=f"stage/{attempt.id}",
                    time=attempt.end,
                    values=values,
                    dimensions={"Stage": stage},
                )


def _of_pipeline(history: Sequence[Execution], execution: Execution) -> Iterator[Figure]:
    if first := _first_failure(execution.actions):
        yield Figure(
            execution=execution,
            name="failure",
            time=first,
            values={"Failures": 1, "FeedbackTime": _seconds(execution.start, first)},
        )
    if not execution.is_over or not execution.actions:
        return
    end = max(action.end for action in execution.actions)
    if execution.status in ("Superseded", "Stopped"):
        yield Figure(execution=execution, name=execution.status.lower(), time=end, values={execution.status: 1})
    if execution.status == "Succeeded" and not execution.is_rollback:
        values: dict[str, float | list[float]] = {"Successes": 1}
        earlier = [one for one in history if one.id != execution.id and not one.is_rollback]
        successes = [_end(one) for one in earlier if one.status == "Succeeded" and _end(one) < end]
        if successes:
            values["CycleTime"] = _seconds(max(successes), end)
        failures = [time for one in [*earlier, execution] if (time := _first_failure(one.actions)) and time < end]
        red = [time for time in failures if not successes or time > max(successes)]
        if red:
            values["RestoreTime"] = _seconds(min(red), end)
        yield Figure(execution=execution, name="success", time=end, values=values)


def _of_environment(history: Sequence[Execution], execution: Execution, environment: Environment) -> Iterator[Figure]:
    dimensions = {"Environment": environment.name}
    all_outcomes = outcomes(history, environment)
    own = [one for one in all_outcomes if one.execution_id == execution.id]
    if own and not execution.is_rollback:
        yield Figure(
            execution=execution,
            name=f"change/{environment.name}",
            time=own[0].time,
            values={"Changes": 1},
            dimensions=dimensions,
        )
    failed = [one for one in own if not one.is_good]
    manual_rollback = next((one for one in failed if one.is_manual_rollback), None)
    if manual_rollback or (failed and not execution.is_rollback):
        yield Figure(
            execution=execution,
            name=f"failed-change/{environment.name}",
            time=(manual_rollback or failed[0]).time,
            values={"FailedChanges": 1},
            dimensions=dimensions,
        )
    good = next((one for one in own if one.is_good), None)
    if good is None:
        return
    if since := failing_since(all_outcomes, good.time):
        yield Figure(
            execution=execution,
            name=f"restored/{environment.name}",
            time=good.time,
            values={"RestoreTime": _seconds(since, good.time)},
            dimensions=dimensions,
        )
    if not execution.is_rollback:
        yield _release(history, execution, environment, good.time)


def _release(history: Sequence[Execution], execution: Execution, environment: Environment, time: datetime) -> Figure:
    """Return the figure of a release: its lead times and the time since the release before.

    A release contains every commit since the release before, also of executions that were superseded or failed.
    """
    standard = [one for one in history if not one.is_rollback]
    released = [(at, one) for one in standard if (at := environment.released_by(one)) and at < time]
    values: dict[str, float | list[float]] = {"Releases": 1, "ReleasedAt": time.timestamp()}
    last = max(released, key=lambda pair: pair[0], default=None)
    known = {one.commit for _, one in released}
    brought: dict[str, datetime] = {}
    for one in standard:
        is_newer = last is None or one.start > last[1].start
        if is_newer and one.start <= execution.start and one.commit not in known:
            brought.setdefault(one.commit, one.committed or one.start)
    if brought:
        values["LeadTime"] = [_seconds(since, time) for since in brought.values()]
    if last:
        values["CycleTime"] = _seconds(last[0], time)
    return Figure(
        execution=execution,
        name=f"release/{environment.name}",
        time=time,
        values=values,
        dimensions={"Environment": environment.name},
    )


def _first_failure(actions: Sequence[Action]) -> datetime | None:
    return min((action.end for action in actions if action.failed), default=None)


def _end(execution: Execution) -> datetime:
    return max((action.end for action in execution.actions), default=execution.start)


def _seconds(since: datetime, until: datetime) -> float:
    # An author's clock may be ahead.
    return max(0.0, (until - since).total_seconds())

"""The figures of an execution, computed from the history around it.

A figure depends on nothing that happens after its time, so that it is the same whenever it is computed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .attempts import attempts
from .history import Action, Execution


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Values that became final at one moment. Its `subject` and its `name` are its identity."""

    execution: Execution
    name: str
    time: datetime
    values: Mapping[str, float]
    """By metric; durations are in seconds. A figure without values is only a line of the log."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """Besides the pipeline's own dimension."""
    counts_at: datetime | None = None
    """The time at which its metrics count, if it is an earlier one."""
    of_commit: str = ""
    """The commit that it is a figure of; empty: the execution's."""
    details: Mapping[str, str] = field(default_factory=dict)
    """More columns of the log's line."""

    @property
    def subject(self) -> str:
        """The execution or the commit that it is a figure of."""
        return f"commit {self.of_commit}" if self.of_commit else self.execution.id


def execution_figures(executions: Sequence[Execution], execution: Execution) -> Iterator[Figure]:
    """Yield the figures of an execution, its stages and its actions that are final now."""
    yield from _of_actions(execution)
    yield from _of_stages(execution)
    yield from _of_pipeline(executions, execution)


def seconds(since: datetime, until: datetime) -> float:
    """Return the seconds between two moments; 0 if the first is later, as an author's clock may be ahead."""
    return max(0.0, (until - since).total_seconds())


def _of_actions(execution: Execution) -> Iterator[Figure]:
    for action in execution.actions:
        if action.status != "InProgress":
            values = {"Duration": seconds(action.start, action.end)}
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
            values={"QueueTime": seconds(free_since, begin)},
            dimensions={"Stage": stage},
        )
        free_since = max(action.end for action in actions)
        moved_on = execution.is_over or execution.actions[-1].stage != stage
        for attempt in attempts(actions):
            if attempt.is_over or moved_on:
                values = {"Duration": seconds(attempt.start, attempt.end)}
                if attempt.failed_at:
                    values["Failures"] = 1
                yield Figure(
                    execution=execution,
                    name=f"stage/{attempt.id}",
                    time=attempt.end,
                    values=values,
                    dimensions={"Stage": stage},
                )


def _of_pipeline(executions: Sequence[Execution], execution: Execution) -> Iterator[Figure]:
    if first := _first_failure(execution.actions):
        yield Figure(
            execution=execution,
            name="failure",
            time=first,
            values={"Failures": 1, "FeedbackTime": seconds(execution.start, first)},
        )
    # The status of a run that was stopped and then resumed no longer says so; its actions do.
    abandoned = min((action.end for action in execution.actions if action.status == "Abandoned"), default=None)
    if abandoned or (execution.status == "Stopped" and execution.actions):
        yield Figure(execution=execution, name="stopped", time=abandoned or execution.end, values={"Stopped": 1})
    if not execution.is_over or not execution.actions:
        return
    end = execution.end
    if execution.status == "Superseded":
        yield Figure(execution=execution, name="superseded", time=end, values={"Superseded": 1})
    if execution.status == "Succeeded" and not execution.is_rollback:
        values: dict[str, float] = {"Successes": 1}
        earlier = [one for one in executions if one.id != execution.id and not one.is_rollback]
        successes = [one.end for one in earlier if one.status == "Succeeded" and one.end < end]
        if successes:
            values["CycleTime"] = seconds(max(successes), end)
        failures = [time for one in [*earlier, execution] if (time := _first_failure(one.actions)) and time < end]
        red = [time for time in failures if not successes or time > max(successes)]
        if red:
            values["RestoreTime"] = seconds(min(red), end)
        yield Figure(execution=execution, name="success", time=end, values=values)


def _first_failure(actions: Sequence[Action]) -> datetime | None:
    return min((action.end for action in actions if action.failed), default=None)

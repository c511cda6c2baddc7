"""What the pipeline's history says for the page: what runs where, what waits, and the delivery figures.

The definitions are those of the dashboard: the history is read, and outcomes and phases are found, by the code of the
metrics' function.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from lambdas.delivery_metrics.attempts import attempts
from lambdas.delivery_metrics.embedded_metric import run_address
from lambdas.delivery_metrics.environment_figures import EnvironmentFigures
from lambdas.delivery_metrics.figures import Figure
from lambdas.delivery_metrics.history import Action, Environment, Execution, read
from lambdas.delivery_metrics.outcomes import outcomes

REVIEW, APPROVAL = "Review", "Approval"
"""How the names of an environment's stages before its deployments end."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a stage of an environment runs."""

    environment: str
    stage: str
    result: str
    """`passed`, `failed` or `stopped`, also of a rollback; or `deploying`."""
    since: datetime
    execution: Execution


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A commit that an environment does not have yet."""

    environment: str
    execution: Execution
    since: datetime
    """When it had reached the environment before, or its run began."""
    where: str
    """What it waits for, or what became of its run."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release of the last environment."""

    execution: Execution
    time: datetime
    lead_time: float | None
    """The longest of its commits, in seconds; None if all had been released before."""
    phases: Mapping[str, float]
    """Seconds of each phase of its own commit's lead time."""


class NoEnvironmentsError(Exception):
    """The pipeline has no stage that this project names as an environment's."""


class Delivery:
    """A pipeline's executions since a moment, and what follows from them; raises NoEnvironmentsError."""

    def __init__(self, codepipeline: Any, pipeline: str, *, region: str, since: datetime) -> None:
        self.pipeline = pipeline
        self.since = since
        self._region = region
        self.environments = environments_of(codepipeline.get_pipeline(name=pipeline)["pipeline"])
        if not self.environments:
            raise NoEnvironmentsError(f"the pipeline {pipeline} has no environments: no stage ends with {REVIEW}")
        history = read(codepipeline, pipeline, self.environments, settled_until=since, execution_id=None)
        self._executions = history.executions
        last = self.environments[-1]
        of_last = EnvironmentFigures(self._executions, last, outcomes(self._executions, last), way=self.environments)
        found = [figure for one in self._executions for figure in of_last.of(one) if figure.time >= since]
        once: dict[tuple[str, str], Figure] = {}
        for figure in found:
            once.setdefault((figure.subject, figure.name), figure)
        self._figures = list(once.values())

    def address(self, execution: Execution) -> str:
        """Return where the console shows an execution."""
        return run_address(self.pipeline, execution.id, region=self._region)

    def running(self) -> list[Running]:
        """Return what each stage that deploys runs, as far as the history goes back."""
        found: dict[str, Running] = {}
        for environment in self.environments:
            for execution in self._executions:
                for one in _of_stages(environment, execution):
                    if one.stage not in found or found[one.stage].since < one.since:
                        found[one.stage] = one
        return list(found.values())

    def waiting(self) -> list[Waiting]:
        """Return the commits that reached an environment, or the pipeline, and not the environment after it."""
        found: list[Waiting] = []
        before: Environment | None = None
        for environment in self.environments:
            current = self._current(environment)
            for execution in self._executions:
                if execution.is_rollback or (current and execution.start <= current.start):
                    continue
                reached = before.released_by(execution) if before else execution.start
                if reached:
                    where = "rolled back" if environment.released_by(execution) else self._state(execution)
                    found.append(Waiting(environment=environment.name, execution=execution, since=reached, where=where))
            before = environment
        return found

    def releases(self) -> list[Release]:
        """Return the releases of the last environment, newest first."""
        found: list[Release] = []
        for figure in self._named("release"):
            own = [one for one in self._figures if one.execution is figure.execution]
            leads = [one.values["LeadTime"] for one in own if "LeadTime" in one.values]
            phases = {one.dimensions["Phase"]: one.values["PhaseTime"] for one in own if "PhaseTime" in one.values}
            longest = max(leads, default=None)
            found.append(Release(execution=figure.execution, time=figure.time, lead_time=longest, phases=phases))
        return sorted(found, key=lambda one: one.time, reverse=True)

    def failures(self) -> list[Figure]:
        """Return the failed changes of the last environment, newest first."""
        return sorted(self._named("failed-change"), key=lambda one: one.time, reverse=True)

    def changes(self) -> int:
        """Return the number of changes of the last environment."""
        return len(self._named("change"))

    def lead_times(self) -> list[float]:
        """Return the lead time of every commit, in seconds."""
        return [figure.values["LeadTime"] for figure in self._figures if "LeadTime" in figure.values]

    def times_to_restore(self) -> list[float]:
        """Return the times to restore, in seconds."""
        return [figure.values["RestoreTime"] for figure in self._figures if "RestoreTime" in figure.values]

    def _named(self, name: str) -> list[Figure]:
        return [figure for figure in self._figures if figure.name.partition("/")[0] == name]

    def _current(self, environment: Environment) -> Execution | None:
        """Return the execution whose commit an environment runs; of a rollback the one that it returned to."""
        passed = [(at, one) for one in self._executions if (at := environment.released_by(one))]
        if not passed:
            return None
        _, last = max(passed, key=lambda pair: pair[0])
        return next((one for one in self._executions if one.id == last.target), last)

    def _state(self, execution: Execution) -> str:
        if execution.is_over:
            failed = [action for action in execution.actions if action.status in ("Failed", "Abandoned")]
            end = f" in {failed[-1].stage}" if failed else ""
            return f"{execution.status.lower()}{end}"
        return _doing(execution.actions)


def _of_stages(environment: Environment, execution: Execution) -> Iterator[Running]:
    for stage, last_actions in environment.stages.items():
        for attempt in attempts(execution.of_stage(stage)):
            status = {action.name: action.status for action in attempt.actions}
            result = "deploying"
            if all(status.get(name) == "Succeeded" for name in last_actions):
                result = "passed"
            elif attempt.is_over:
                result = "failed" if attempt.failed_at else "stopped"
            kind = "rollback " if execution.is_rollback else ""
            yield Running(
                environment=environment.name,
                stage=stage,
                result=f"{kind}{result}",
                since=attempt.start if result == "deploying" else attempt.end,
                execution=execution,
            )


def _doing(actions: Sequence[Action]) -> str:
    running = [action for action in actions if action.status == "InProgress"]
    for action in running:
        if action.is_approval:
            return f"waiting for approval in {action.stage}"
    if running:
        return f"running in {running[-1].stage}"
    return f"waiting after {actions[-1].stage}" if actions else "starting"


def environments_of(definition: Mapping[str, Any]) -> list[Environment]:
    """Return the environments of a pipeline's definition, by the names that this project gives to stages.

    An environment begins with its review. An approval may follow, and every stage up to the next review deploys it.
    """
    found: list[dict[str, Any]] = []
    for stage in definition["stages"]:
        name = stage["name"]
        if name.endswith(REVIEW):
            found.append({"name": name.removesuffix(REVIEW).lower(), "entry": [name], "stages": {}})
        elif found and name.endswith(APPROVAL):
            found[-1]["entry"].append(name)
        elif found:
            found[-1]["stages"][name] = _last_actions(stage["actions"])
    return [Environment(**one) for one in found if one["stages"]]


def _last_actions(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    last = max(actions, key=lambda action: action.get("runOrder", 1))["name"].rpartition(".")[2]
    return [action["name"] for action in actions if action["name"].rpartition(".")[2] == last]


def middle(values: Sequence[float]) -> timedelta | None:
    """Return the median of seconds; None without any."""
    return timedelta(seconds=median(values)) if values else None

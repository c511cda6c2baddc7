"""The successful runs of each stage, to which a rollback returns."""

from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.actions.run import Context
from rehearsal.engine.definition import Definition

Namespaces = Mapping[str, Mapping[str, str]]


class RollbackUnavailable(Exception):  # noqa: N818 - a state of the stage
    """A stage has no execution to roll back to; the text says why."""


@dataclass(frozen=True)
class SuccessfulRun:
    """The artifacts and variables of a stage that succeeded."""

    context: Context
    namespaces: Namespaces


class History:
    """The successful runs of each stage, across the releases of a rehearsal."""

    def __init__(self) -> None:
        self._runs: dict[str, list[SuccessfulRun]] = {}

    def record(self, stage: str, context: Context, namespaces: Namespaces) -> None:
        """Record a successful run."""
        run = SuccessfulRun(context, {name: dict(values) for name, values in namespaces.items()})
        self._runs.setdefault(stage, []).append(run)

    def last_success(self, stage: str, current: Definition) -> SuccessfulRun:
        """Return the run to roll the stage back to; raises RollbackUnavailable if there is none.

        CodePipeline rolls back only to executions of the same pipeline structure (User Guide, "Stage rollback").
        """
        if stage not in self._runs:
            raise RollbackUnavailable("cannot roll back: this stage has not succeeded before")
        run = self._runs[stage][-1]
        if run.context.definition.version != current.version:
            raise RollbackUnavailable("cannot roll back: the pipeline has changed since the last successful execution")
        return run

    def success(self, stage: str, execution_id: str) -> SuccessfulRun:
        """Return the stage's successful run in that execution; raises RollbackUnavailable if there is none."""
        for run in self._runs.get(stage, ()):
            if run.context.execution_id == execution_id:
                return run
        raise RollbackUnavailable(f"cannot roll back: execution {execution_id} has not succeeded in {stage}")

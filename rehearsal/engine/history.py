"""The last successful run of each stage, to which a rollback returns."""

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
    """The last successful run of each stage, across the releases of a rehearsal."""

    def __init__(self) -> None:
        self._runs: dict[str, SuccessfulRun] = {}

    def record(self, stage: str, context: Context, namespaces: Namespaces) -> None:
        """Record a successful run."""
        self._runs[stage] = SuccessfulRun(context, {name: dict(values) for name, values in namespaces.items()})

    def last_success(self, stage: str, current: Definition) -> SuccessfulRun:
        """Return the run to roll the stage back to; raises RollbackUnavailable if there is none.

        CodePipeline rolls back only to executions of the same pipeline structure (User Guide, "Stage rollback").
        """
        run = self._runs.get(stage)
        if run is None:
            raise RollbackUnavailable("cannot roll back: this stage has not succeeded before")
        if run.context.definition.version != current.version:
            raise RollbackUnavailable("cannot roll back: the pipeline has changed since the last successful execution")
        return run

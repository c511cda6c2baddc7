"""What each stage was last left with by an execution that got through it: where a rollback leads."""

from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.actions.run import Context
from rehearsal.engine.definition import Definition

Namespaces = Mapping[str, Mapping[str, str]]


class RollbackUnavailable(Exception):  # noqa: N818 - a state of the stage, and the reason a person reads
    """There is nothing a stage could be rolled back to."""


@dataclass(frozen=True)
class SuccessfulRun:
    """A stage that succeeded: with which artifacts and variables."""

    context: Context
    namespaces: Namespaces


class History:
    """The last good run of each stage, over all releases of a rehearsal."""

    def __init__(self) -> None:
        self._runs: dict[str, SuccessfulRun] = {}

    def keep(self, stage: str, context: Context, namespaces: Namespaces) -> None:
        """Remember that the stage has succeeded so."""
        self._runs[stage] = SuccessfulRun(context, {name: dict(values) for name, values in namespaces.items()})

    def before(self, stage: str, current: Definition) -> SuccessfulRun:
        """Return the run to roll the stage back to; raises RollbackUnavailable if there is none.

        It goes back only to an execution of the present structure (CodePipeline User Guide, "Stage rollback").
        """
        run = self._runs.get(stage)
        if run is None:
            raise RollbackUnavailable("no earlier execution to roll back to")
        if run.context.definition.version != current.version:
            raise RollbackUnavailable("cannot roll back: the pipeline itself has changed since the last good execution")
        return run

"""What each stage was last left with by an execution that got through it: where a rollback leads."""

from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.actions.run import Context
from rehearsal.engine.definition import Definition

Namespaces = Mapping[str, Mapping[str, str]]


class NoWayBack(Exception):  # noqa: N818 - a state of the stage, and the reason a person reads
    """There is nothing a stage could be rolled back to."""


@dataclass(frozen=True)
class GoodRun:
    """A stage that succeeded: with which artifacts and variables."""

    context: Context
    namespaces: Namespaces


class History:
    """The last good run of each stage, over all releases of a rehearsal."""

    def __init__(self) -> None:
        self._runs: dict[str, GoodRun] = {}

    def keep(self, stage: str, context: Context, namespaces: Namespaces) -> None:
        """Remember that the stage has succeeded so."""
        self._runs[stage] = GoodRun(context, {name: dict(values) for name, values in namespaces.items()})

    def before(self, stage: str, current: Definition) -> GoodRun:
        """Return the run to roll the stage back to; raise NoWayBack, as CodePipeline refuses, if there is none.

        It goes back only to an execution of the present structure (CodePipeline User Guide, "Stage rollback").
        """
        run = self._runs.get(stage)
        if run is None:
            raise NoWayBack("no earlier execution to roll back to")
        if run.context.definition.version != current.version:
            raise NoWayBack("cannot roll back: the pipeline itself has changed since the last good execution")
        return run

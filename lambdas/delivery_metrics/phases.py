"""Where a release's lead time was spent."""

from collections.abc import Sequence
from datetime import datetime

from .figures import seconds
from .history import Action, Environment, Execution

BEFORE = "Before the run"
BUILD = "Build"
APPROVAL = "Approval"


def phases(execution: Execution, way: Sequence[Environment], *, released: datetime) -> dict[str, float]:
    """Return the seconds of each phase of a release's lead time; they add up to it.

    The phases are: before the run, from the commit's date to the start of its run; the build, up to the last action
    before the first environment; each environment's review, deployment, tests and bake; all approvals. Waiting before
    a stage belongs to the phase of that stage.
    """
    if not way:
        return {}
    begin = execution.committed or execution.start
    spent = {BEFORE: seconds(begin, execution.start)}
    before = execution.start
    for action in sorted(execution.actions, key=lambda one: one.end):
        end = min(action.end, released)
        if action.end > before:
            phase = _phase(action, way)
            spent[phase] = spent.get(phase, 0.0) + seconds(before, end)
            before = end
    return spent


def _phase(action: Action, way: Sequence[Environment]) -> str:
    if action.is_approval:
        return APPROVAL
    name = next((one.name for one in way if action.stage in (*one.stages, *one.entry)), "")
    return name.capitalize() or BUILD

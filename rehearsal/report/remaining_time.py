"""How much longer a rehearsal probably takes: from the durations of the last one, or typical ones."""

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from rehearsal.report.progress import ActionProgress, Progress, StageProgress, Status

FILE = "durations.json"
"""In the rehearsal's output folder: seconds by action."""
SET_UP_SECONDS = 12.0
DELIVERY_SECONDS = 70.0
"""Set-up and a whole delivery of this project on two cores, before its actions are known."""
BUILD_STAGE, BUILD_SECONDS = "Build", 45.0
"""The stage of CDK Pipelines that synthesizes, and how long that takes here."""
TYPICAL_SECONDS = {"CodeBuild": 4.0, "CloudFormation": 0.7, "Manual": 0.0}
"""By provider, on two cores."""
OTHER_SECONDS = 0.3
SPEEDS = (0.25, 4.0)
"""A machine is assumed to be at most four times as fast, or as slow, as expected."""


def read(folder: Path) -> dict[str, float]:
    """Return the durations that `write` has left, or none."""
    try:
        found = json.loads((folder / FILE).read_text())
        return {str(name): float(seconds) for name, seconds in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write(folder: Path, progress: Progress) -> None:
    """Keep the durations of actions that succeeded for the next rehearsal; a folder that is full is no error."""
    durations = read(folder)
    ended = (action for action in _begun(progress) if action.status is Status.SUCCEEDED)
    durations |= {action.full_name: round(action.seconds, 1) for action in ended}
    new = folder / f"{FILE}.{os.getpid()}"
    with contextlib.suppress(OSError):
        new.write_text(json.dumps(durations, indent=1) + "\n")
        new.replace(folder / FILE)


def remaining_seconds(progress: Progress, earlier: Mapping[str, float]) -> float:
    """Return the expected seconds to the end, without the time that a person takes to approve."""
    factor = _slowness(progress, earlier)
    further = max(0, len(progress.deliveries) - progress.delivery)
    if progress.stages:
        delivery = sum(_stage_seconds(stage.actions, earlier) for stage in progress.stages)
        left = sum(_stage_left(stage, earlier, factor) for stage in progress.stages)
        return left + further * delivery * factor
    set_up = max(0.0, SET_UP_SECONDS * factor - progress.set_up.seconds)
    return set_up + (further + 1) * _known_delivery(earlier) * factor


def in_words(seconds: float) -> str:
    """Return a rounded duration."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 95:
        return f"{round(seconds / 10) * 10} s"
    return f"{round(seconds / 60)} min"


def _expected(action: ActionProgress, earlier: Mapping[str, float]) -> float:
    if action.full_name in earlier:
        return earlier[action.full_name]
    if action.stage == BUILD_STAGE:
        return BUILD_SECONDS
    return TYPICAL_SECONDS.get(action.provider, OTHER_SECONDS)


def _slowness(progress: Progress, earlier: Mapping[str, float]) -> float:
    """Return how much longer the actions took so far than expected; 1 before there is enough to compare.

    An action that is running counts once it takes longer than expected.
    """
    expected = taken = 0.0
    for action in _begun(progress):
        wanted = _expected(action, earlier)
        if action.status is Status.SUCCEEDED or action.seconds > wanted:
            expected += wanted
            taken += action.seconds
    least, most = SPEEDS
    return min(most, max(least, taken / expected)) if expected >= 5 else 1.0


def _begun(progress: Progress) -> Iterable[ActionProgress]:
    """Yield the actions that ran or are running, without approvals, which wait for a person."""
    for stage in chain(*progress.superseded, progress.stages):
        for action in stage.actions:
            if action.status in (Status.SUCCEEDED, Status.RUNNING) and action.provider != "Manual":
                yield action


def _stage_left(stage: StageProgress, earlier: Mapping[str, float], factor: float) -> float:
    if stage.status.is_final:
        return 0.0
    left: dict[int, float] = {}
    for action in stage.actions:
        seconds = 0.0 if action.status.is_final else _expected(action, earlier) * factor - action.seconds
        left[action.run_order] = max(left.get(action.run_order, 0.0), seconds)
    return sum(left.values())


def _stage_seconds(actions: Iterable[ActionProgress], earlier: Mapping[str, float]) -> float:
    longest: dict[int, float] = {}
    for action in actions:
        longest[action.run_order] = max(longest.get(action.run_order, 0.0), _expected(action, earlier))
    return sum(longest.values())


def _known_delivery(earlier: Mapping[str, float]) -> float:
    """Return a whole delivery's seconds before its stages are known."""
    builds = sum(seconds for name, seconds in earlier.items() if name.startswith(f"{BUILD_STAGE}/"))
    return DELIVERY_SECONDS if not builds else DELIVERY_SECONDS - BUILD_SECONDS + builds

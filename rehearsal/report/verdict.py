"""What a rehearsal proves and what it does not, as lines for the screen and the reports."""

from collections.abc import Iterable
from itertools import chain

from rehearsal.report.environments import describe_tasks, environments
from rehearsal.report.permissions import Permissions
from rehearsal.report.progress import ActionProgress, Progress, Status, Verdict

MOST_NAMES = 6
"""Names in one line; more are counted."""
BUILD, STACK = "CodeBuild", "CloudFormation"
EMULATED = (
    "That AWS does the same: it is an emulator, in which operations take no time, few quotas apply, networks let "
    "everything through, pushes start nothing, no alarm is evaluated, and instances, databases and caches do not run"
)


def proves(progress: Progress) -> list[str]:
    """Return what succeeded, in the order of the pipeline."""
    done = [action for action in _actions(progress) if action.status is Status.SUCCEEDED]
    builds = [action.full_name for action in done if action.provider == BUILD]
    stacks = {f"{one.deployed.name} in {one.deployed.aws_environment}" for one in done if one.deployed}
    others = [action.full_name for action in done if action.provider not in (BUILD, STACK)]
    tests = sum(test.outcome == "passed" for action in done for test in action.details.tests)
    lines = [
        "The pipeline updates itself and starts again" if progress.restarts else "",
        f"{_counted(len(builds), 'build')} succeeded: {_names(builds)}" if builds else "",
        f"{_counted(len(stacks), 'stack')} deployed: {_names(sorted(stacks))}" if stacks else "",
        f"Other actions that succeeded: {_names(others)}" if others else "",
        f"{_counted(tests, 'test')} passed in the builds" if tests else "",
    ]
    found = progress.permissions
    if found and found["mode"] != Permissions.OFF and found["evaluated"] and not found["refused"]:
        lines.append(f"The deployed policies allow the {found['evaluated']:,} calls that were made")
    return [line for line in lines if line]


def does_not_prove(progress: Progress) -> list[str]:
    """Return every gap, then what did not run, was replaced or is only emulated."""
    waiting = [action.full_name for action in _actions(progress) if action.status is Status.WAITING]
    overrides = ", ".join(f"{name}={value}" for name, value in progress.effective_overrides().items())
    found = progress.permissions
    lines = [f"{gap}{', accepted' if gap.kind in progress.accepted else ''}" for gap in progress.gaps]
    passed_over = [action.full_name for action in _actions(progress) if action.passed_over]
    lines += [
        f"That the release is why it failed: {_names(passed_over)} was not rehearsed"
        if progress.verdict is Verdict.FAILED and passed_over
        else "",
        f"Actions that were not reached: {_names(waiting)}" if waiting else "",
        f"Permissions: AWS refuses {_counted(len(found['refused']), 'call')} made here (--permissions report)"
        if found and found["mode"] == Permissions.REPORT and found["refused"]
        else "",
        "Permissions: they were not checked" if found and found["mode"] == Permissions.OFF else "",
        f"Permissions: {_counted(len(found['unchecked']), 'call')} not checked" if found and found["unchecked"] else "",
        f"Builds with the variables as they are; overridden: {overrides}" if overrides else "",
        f"Resources that were recorded and do nothing: {_names(progress.recorded_types)}"
        if progress.recorded_types
        else "",
        *(f"Functions in their own runtime: {text}: {_names(names)}" for text, names in progress.runtimes.items()),
        f"Services: their tasks were {tasks}" if (tasks := describe_tasks(environments(progress))) != "none" else "",
        EMULATED,
    ]
    return [line for line in lines if line]


def _actions(progress: Progress) -> Iterable[ActionProgress]:
    """Return the actions of the latest execution."""
    return chain.from_iterable(stage.actions for stage in progress.stages)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown

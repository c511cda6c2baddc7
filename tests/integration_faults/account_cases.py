"""Cases of an account: what is wrong in it, and the check that must notice or bear it.

What the emulator can be brought into, it is brought into. It plays no target health, image digests, rollouts and states
that pass, so there its answers are altered on their way: `tests/integration_faults/altered_answers.py`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from tests.integration_faults.environment_under_test import EnvironmentUnderTest
from tests.integration_faults.matrix import Recorder

Cause: TypeAlias = Callable[[EnvironmentUnderTest], AbstractContextManager[object]]
Check: TypeAlias = Callable[[EnvironmentUnderTest], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One cause and the verdict it must lead to."""

    cause: Cause
    check: Check
    healthy: Check
    """The check, told what the pipeline tells it."""
    message: str
    """What a red verdict must say; nothing where the verdict must be green."""

    def turns_red(self, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
        """Hold the check to a red verdict while the fault lasts, and to green ones before it and after it."""
        recorder.green(lambda: self.healthy(dev))
        with self.cause(dev):
            text = recorder.red(lambda: self.check(dev), message=self.message)
        assert "  aws " in text.partition("\n  next ")[2], "a command to look further"
        self.healthy(dev)

    def stays_green(self, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
        """Hold the check to a green verdict all the while."""
        with self.cause(dev):
            recorder.green(lambda: self.check(dev))


def no_change(_: EnvironmentUnderTest) -> AbstractContextManager[None]:
    """Play nothing: it is asked for something else."""
    return nullcontext()


def fault(name: str, *, caught_by: str, cause: Cause, check: Check, message: str, healthy: Check | None = None) -> Any:
    """Describe a fault: `check` is red while `cause` lasts, and `healthy`, usually the same check, green otherwise."""
    case = Case(cause=cause, check=check, healthy=healthy or check, message=message)
    return pytest.param(case, id=name.replace(" ", "-"), marks=pytest.mark.fault(name, caught_by=caught_by))


def tolerated(name: str, *, by: str, cause: Cause, check: Check) -> Any:
    """Describe what `check` must bear."""
    case = Case(cause=cause, check=check, healthy=check, message="")
    return pytest.param(case, id=name.replace(" ", "-"), marks=pytest.mark.tolerated(name, by=by))

"""Faults in an account, and the check that must detect or tolerate each.

Where the emulator supports a state, a test brings it about. It does not support target health, image digests, rollouts
and transient states; for these, `tests/integration_faults/altered_answers.py` changes its responses.
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
    """A cause and the result it must have."""

    cause: Cause
    check: Check
    healthy: Check
    """The check with the variables that the pipeline sets."""
    message: str
    """Expected in the failure's message; empty if the check must pass."""

    def turns_red(self, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
        """Assert that the check fails during the fault, and passes before and after it."""
        recorder.green(lambda: self.healthy(dev))
        with self.cause(dev):
            text = recorder.red(lambda: self.check(dev), message=self.message)
        assert "  aws " in text.partition("\n  next ")[2], "a command to look further"
        self.healthy(dev)

    def stays_green(self, dev: EnvironmentUnderTest, recorder: Recorder) -> None:
        """Assert that the check passes meanwhile."""
        with self.cause(dev):
            recorder.green(lambda: self.check(dev))


def no_change(_: EnvironmentUnderTest) -> AbstractContextManager[None]:
    """Change nothing: the check's variables differ."""
    return nullcontext()


def fault(name: str, *, caught_by: str, cause: Cause, check: Check, message: str, healthy: Check | None = None) -> Any:
    """Describe a fault: `check` fails during `cause`; `healthy`, usually the same check, passes otherwise."""
    case = Case(cause=cause, check=check, healthy=healthy or check, message=message)
    return pytest.param(case, id=name.replace(" ", "-"), marks=pytest.mark.fault(name, caught_by=caught_by))


def tolerated(name: str, *, by: str, cause: Cause, check: Check) -> Any:
    """Describe a circumstance that `check` must tolerate."""
    case = Case(cause=cause, check=check, healthy=check, message="")
    return pytest.param(case, id=name.replace(" ", "-"), marks=pytest.mark.tolerated(name, by=by))

"""Which failures are the release's, and which say nothing about it."""

import pytest

from rehearsal.actions.run import ActionFailed, ActionNotEmulated, failed
from rehearsal.engine.emulator_setup import SetupFailed
from rehearsal.errors import NOT_EMULATED, PLACEHOLDER
from rehearsal.gaps import GapKind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The stack already exists", None),
        (f"{NOT_EMULATED}: glue:CreateJob", GapKind.EMULATOR),
        (f"The topic {PLACEHOLDER} does not exist", GapKind.GIVEN),
        # Whatever the placeholder stands for, the role may not do it.
        (f"User: build is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::{PLACEHOLDER}/a", None),
    ],
)
def test_failure_for_a_placeholder_or_the_emulator_is_a_gap(message: str, kind: GapKind | None) -> None:
    failure = failed(message)
    assert isinstance(failure, ActionFailed) is (kind is None)
    assert (failure.kind if isinstance(failure, ActionNotEmulated) else None) is kind
    assert SetupFailed(message).is_gap is (kind is not None)

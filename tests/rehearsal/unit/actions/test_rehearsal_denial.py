"""A rehearsal says of a denial what the delivery's notice says of it."""

from pathlib import Path

import lambdas.delivery_events.denial
import rehearsal.actions.denial


def test_both_copies_are_equal_and_stand_alone() -> None:
    one, other = (Path(module.__file__) for module in (lambdas.delivery_events.denial, rehearsal.actions.denial))
    assert one.read_text() == other.read_text()

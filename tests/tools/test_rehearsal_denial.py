"""A rehearsal says of a denial what the delivery's notice says of it."""

from pathlib import Path

import lambdas.delivery_events.denial
import rehearsal.actions.denial


def test_both_stand_alone_and_are_the_same() -> None:
    one, other = (Path(module.__file__) for module in (lambdas.delivery_events.denial, rehearsal.actions.denial))
    assert one.read_text() == other.read_text()

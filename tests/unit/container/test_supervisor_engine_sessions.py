"""Sessions ended by the server are distinguished from those that a pool has closed."""

import pytest

from supervisor.engine_sessions import LossDetector, Sessions

# Observations for each second: the engine's server processes, and the server's count of lost sessions.
COURSES = {
    "nothing happens": ([({1, 2}, 5), ({1, 2}, 5), ({1, 2}, 5)], None),
    "a pool opens and closes sessions": ([({1}, 5), ({1, 2}, 5), ({2}, 5), ({2, 3}, 5)], None),
    "somebody else's session is ended": ([({1, 2}, 5), ({1, 2}, 6), ({1, 2}, 7)], None),
    "one of the engine's is ended": ([({1, 2}, 5), ({1}, 6)], 1),
    "it is ended and opened again at once": ([({1, 2}, 5), ({1, 3}, 6)], 1),
    "the count comes late": ([({1, 2}, 5), ({1}, 5), ({1}, 6)], 2),
    "the count comes first": ([({1, 2}, 5), ({1, 2}, 6), ({1}, 6)], 2),
    "a pool closes one long after another loss": ([({1, 2}, 5), ({1, 2}, 6), *[({1, 2}, 6)] * 3, ({1}, 6)], None),
    "the server counts from the beginning again": ([({1, 2}, 5), ({1}, 0)], None),
    "what was lost before the first look": ([({1}, 6), ({1}, 6)], None),
}


@pytest.mark.parametrize(("course", "expected"), COURSES.values(), ids=list(COURSES))
def test_session_loss_is_detected_at_once(course: list[tuple[set[int], int]], expected: int | None) -> None:
    detector = LossDetector()
    lost = [
        second
        for second, (processes, losses) in enumerate(course)
        if detector.lost(Sessions(frozenset(processes), losses), at=float(second))
    ]
    assert lost[:1] == ([] if expected is None else [expected])

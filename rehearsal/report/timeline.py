"""Why a rehearsal took as long as it did: critical path, idle time, parallelism."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Span:
    """When an action ran, in seconds since the rehearsal started."""

    key: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.end - self.start


def critical_path(spans: Sequence[Span]) -> list[Span]:
    """Return the actions that determined the total time, first to last.

    Follows them backwards from the action that ended last: each waited for the one that ended last before it started.
    """
    path: list[Span] = []
    found = max(spans, key=_end, default=None)
    while found is not None:
        path.append(found)
        current = found
        # `not in path`, because an action without duration ends where it starts and would follow itself.
        earlier = [span for span in spans if span.end <= current.start and span not in path]
        found = max(earlier, key=_end, default=None)
    return path[::-1]


def idle_seconds(path: Sequence[Span]) -> float:
    """Return the time between the path's actions."""
    return sum(later.start - earlier.end for earlier, later in pairwise(path))


def waits(groups: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Return how long each action waited for the slowest of its group after it had ended."""
    return {span.key: max(map(_end, group)) - span.end for group in groups for span in group}


def parallelism(spans: Sequence[Span]) -> int:
    """Return the largest number of actions that ran at once."""
    # Ends sort before starts: actions that only touch did not run at once.
    moments = sorted([(span.start, 1) for span in spans] + [(span.end, -1) for span in spans])
    most = running = 0
    for _, change in moments:
        running += change
        most = max(most, running)
    return most


def _end(span: Span) -> float:
    return span.end

"""What decided how long a rehearsal took: its critical path, its waiting, its parallelism."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Span:
    """An action that has run, in seconds since the rehearsal began."""

    key: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start


def critical_path(spans: Sequence[Span]) -> list[Span]:
    """Return the chain of actions that nothing was shortened without, first to last.

    It is followed backwards from the action that ended last. Each had to wait for the one that ended last before it
    began; where nothing had ended before, the path begins.
    """
    path: list[Span] = []
    found = max(spans, key=_end, default=None)
    while found is not None:
        path.append(found)
        begun = found
        # What takes no time may begin and end where another does; by its place in the list no one follows itself.
        earlier = [span for span in spans if span.end <= begun.start and span not in path]
        found = max(earlier, key=_end, default=None)
    return path[::-1]


def idle_seconds(path: Sequence[Span]) -> float:
    """Return the time between the path's actions, in which none of them ran."""
    return sum(later.start - earlier.end for earlier, later in pairwise(path))


def waits(groups: Sequence[Sequence[Span]]) -> dict[str, float]:
    """Return how long each action's result waited for the slowest of those that ran side by side with it."""
    return {span.key: max(map(_end, group)) - span.end for group in groups for span in group}


def parallelism(spans: Sequence[Span]) -> int:
    """Return how many actions ran at once, at most."""
    # Where one ends as another begins they did not run at once.
    moments = sorted([(span.start, 1) for span in spans] + [(span.end, -1) for span in spans])
    most = running = 0
    for _, change in moments:
        running += change
        most = max(most, running)
    return most


def _end(span: Span) -> float:
    return span.end

"""The attempts at a stage."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .history import Action


@dataclass(frozen=True)
class Attempt:
    """The actions that ran between the start of a stage, or its retry, and its end."""

    actions: Sequence[Action]

    @property
    def id(self) -> str:
        """The action that began it."""
        return self.actions[0].id

    @property
    def start(self) -> datetime:
        """When its first action began."""
        return self.actions[0].start

    @property
    def end(self) -> datetime:
        """When its last action ended."""
        return max(action.end for action in self.actions)

    @property
    def failed_at(self) -> datetime | None:
        """When the first of its actions failed."""
        return min((action.end for action in self.actions if action.failed), default=None)

    @property
    def is_over(self) -> bool:
        """Whether it has ended without success. Success shows only when a later stage starts."""
        ended = all(action.status != "InProgress" for action in self.actions)
        return ended and any(action.status in ("Failed", "Abandoned") for action in self.actions)


def attempts(actions: Iterable[Action]) -> Iterator[Attempt]:
    """Split a stage's actions into attempts: an action that appears again begins the next one."""
    current: list[Action] = []
    for action in actions:
        if any(one.name == action.name for one in current):
            yield Attempt(tuple(current))
            current = []
        current.append(action)
    if current:
        yield Attempt(tuple(current))

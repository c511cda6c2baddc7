"""Waiting for a state: look, back off, look again, until the state holds or the deadline has passed."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

LEAST_LOOK_SECONDS = 1.0
"""What a look may take even when the deadline has passed, so that every check looks at least once."""


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment; they never go backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment; they never go backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


SYSTEM_CLOCK = SystemClock()


@dataclass(frozen=True)
class Observation:
    """What one look saw."""

    fault: str | None
    """What was wrong, in words that are equal for equal faults (they are counted by it); None: the wanted state."""
    text: str
    """The look in one line."""
    details: tuple[str, ...] = ()
    """More lines, worth showing of the last look."""
    look_further: tuple[str, ...] = ()
    """Commands and pages that show more of this very fault."""
    final: bool = False
    """Whether waiting longer cannot change what was seen."""
    unforgivable: bool = False
    """Whether this fault, seen after the wanted state, is flapping without more ado."""
    subject: str = ""
    """Which of several things asked this is about."""


@dataclass
class History:
    """All looks of one check: enough to say what was seen, how often and for how long."""

    wanted_in_a_row: int
    forgiven_breaks: int = 0
    looks: int = 0
    streak: int = 0
    longest_streak: int = 0
    breaks: int = 0
    """How often the wanted state was seen and then lost."""
    flapping: bool = False
    """Whether it was lost more often, or in another way, than is forgiven."""
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    last: deque[tuple[float, Observation]] = field(default_factory=lambda: deque(maxlen=4))
    """The newest looks, each with the seconds since the first."""

    @property
    def reached(self) -> bool:
        """Whether the state held as often in a row as wanted."""
        return self.streak >= self.wanted_in_a_row

    def add(self, observation: Observation, at: float) -> None:
        """Take one more look into account."""
        self.looks += 1
        self.last.append((at, observation))
        if observation.fault is None:
            self.streak += 1
            self.longest_streak = max(self.longest_streak, self.streak)
            return
        self.faults[observation.fault] += 1
        if self.streak or self.breaks:
            self.flapping |= observation.unforgivable
        self.breaks += self.streak > 0
        self.flapping |= self.breaks > self.forgiven_breaks
        self.streak = 0


class Patience:
    """One deadline for all that a run waits for, counted from its start; pauses grow and are spread by chance.

    A shared deadline keeps the verdict on a dead environment near the deadline however many checks there are.
    """

    def __init__(
        self,
        *,
        deadline_seconds: float,
        first_pause: float = 0.5,
        longest_pause: float = 5.0,
        pause_in_streak: float = 0.1,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.deadline_seconds = deadline_seconds
        self._clock = clock
        self._end = clock.now() + deadline_seconds
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._pause_in_streak = pause_in_streak

    def remaining(self) -> float:
        """Seconds until the deadline; 0 when it has passed."""
        return max(0.0, self._end - self._clock.now())

    def look_limit(self, most: float) -> float:
        """Seconds the next look may take: at most `most`, and no longer than the deadline allows."""
        return min(most, max(self.remaining(), LEAST_LOOK_SECONDS))

    def at_most(self, seconds: float) -> "Patience":
        """Return a patience for what comes soon or not at all, once there is an environment that answers.

        It ends `seconds` from now, be it after the deadline: an application that was up only just in time is judged
        like any other. It is never longer than the deadline as a whole.
        """
        return Patience(
            deadline_seconds=min(seconds, self.deadline_seconds),
            first_pause=self._first_pause,
            longest_pause=self._longest_pause,
            pause_in_streak=self._pause_in_streak,
            clock=self._clock,
        )

    def until(self, look: Callable[[], Observation], *, in_a_row: int = 1, forgiven_breaks: int = 0) -> History:
        """Look until the state has held `in_a_row` times, the deadline has passed, or more looks are of no use.

        They are of no use when the state was lost more than `forgiven_breaks` times, when it was lost in a way that is
        not to be forgiven, or when a look was final. A streak that has begun may end after the deadline: each of its
        looks is short then.
        """
        history = History(wanted_in_a_row=in_a_row, forgiven_breaks=forgiven_breaks)
        start = self._clock.now()
        pause = self._first_pause
        while True:
            at = self._clock.now() - start
            observation = look()
            history.add(observation, at)
            history.seconds = self._clock.now() - start
            if history.reached or observation.final or history.flapping:
                return history
            if history.streak:
                pause = self._first_pause
                self._clock.sleep(self._pause_in_streak)
                continue
            if not self.remaining():
                return history
            self._clock.sleep(min(self.remaining(), pause * random.uniform(0.5, 1.0)))  # noqa: S311  # spreads load, hides nothing
            pause = min(2 * pause, self._longest_pause)

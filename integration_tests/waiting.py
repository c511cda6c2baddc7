"""Polls until the wanted state is reached or the deadline has passed, with a growing pause between probes."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

MIN_PROBE_SECONDS = 1.0
"""Time allowed for a probe that starts after the deadline, so that every check probes at least once."""


class Clock(Protocol):
    """A monotonic clock; tests replace it."""

    def now(self) -> float:
        """Return seconds since an arbitrary start."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


SYSTEM_CLOCK = SystemClock()


@dataclass(frozen=True)
class ProbeResult:
    """The result of one probe."""

    fault: str | None
    """What is wrong, in equal words for equal faults, because they are counted; None for the wanted state."""
    text: str
    """The result in one line."""
    details: tuple[str, ...] = ()
    """More lines, shown for the last probe only."""
    next_steps: tuple[str, ...] = ()
    """Commands and pages that help with this fault."""
    final: bool = False
    """Whether more probes cannot change the result."""
    always_flapping: bool = False
    """Whether this fault counts as flapping even the first time it follows the wanted state."""
    breaks_streak: bool = True
    """Whether this fault counts as a break of the wanted state, rather than as a state that is still being reached."""
    subject: str = ""
    """The path or resource that the result is about, if the probe covers several."""


@dataclass
class History:
    """All probes of one check: what they saw, how often and for how long."""

    required_streak: int
    allowed_breaks: int = 0
    probes: int = 0
    streak: int = 0
    longest_streak: int = 0
    breaks: int = 0
    """How often the wanted state was lost again."""
    flapping: bool = False
    """Whether it was lost more often than allowed, or through a fault that is never allowed."""
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    last: deque[tuple[float, ProbeResult]] = field(default_factory=lambda: deque(maxlen=4))
    """The latest results, each with the seconds since the first probe."""

    @property
    def reached(self) -> bool:
        """Whether the wanted state was seen often enough in a row."""
        return self.streak >= self.required_streak

    def add(self, result: ProbeResult, at: float) -> None:
        """Record a result."""
        self.probes += 1
        self.last.append((at, result))
        if result.fault is None:
            self.streak += 1
            self.longest_streak = max(self.longest_streak, self.streak)
            return
        self.faults[result.fault] += 1
        if self.longest_streak:
            self.flapping |= result.always_flapping
        self.breaks += self.streak > 0 and result.breaks_streak
        self.flapping |= self.breaks > self.allowed_breaks
        self.streak = 0


class Deadline:
    """One deadline shared by all checks of a run. Pauses between probes grow, with jitter.

    Because it is shared, a dead environment fails soon after the deadline, however many checks there are.
    """

    def __init__(
        self,
        *,
        seconds: float,
        first_pause: float = 0.5,
        longest_pause: float = 5.0,
        pause_in_streak: float = 0.1,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock.now() + seconds
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._pause_in_streak = pause_in_streak

    def remaining(self) -> float:
        """Seconds until the deadline; 0 after it."""
        return max(0.0, self._end - self._clock.now())

    def probe_timeout(self, most: float) -> float:
        """Seconds the next probe may take: at most `most`, and no longer than the deadline allows."""
        return min(most, max(self.remaining(), MIN_PROBE_SECONDS))

    def capped(self, seconds: float) -> "Deadline":
        """Return a deadline `seconds` from now, for a check that only starts once the application responses.

        It may end after this one, so that an application that came up just in time is tested like any other. It is
        never longer than the whole of this one.
        """
        return Deadline(
            seconds=min(seconds, self.seconds),
            first_pause=self._first_pause,
            longest_pause=self._longest_pause,
            pause_in_streak=self._pause_in_streak,
            clock=self._clock,
        )

    def poll(self, probe: Callable[[], ProbeResult], *, consecutive: int = 1, allowed_breaks: int = 0) -> History:
        """Probe until the wanted state was seen `consecutive` times in a row, or the deadline has passed.

        Stops early on flapping and on a final result. A streak may end after the deadline, with short probes.
        """
        history = History(required_streak=consecutive, allowed_breaks=allowed_breaks)
        start = self._clock.now()
        pause = self._first_pause
        while True:
            at = self._clock.now() - start
            result = probe()
            history.add(result, at)
            history.seconds = self._clock.now() - start
            if history.reached or result.final or history.flapping:
                return history
            if history.streak:
                pause = self._first_pause
                self._clock.sleep(self._pause_in_streak)
                continue
            if not self.remaining():
                return history
            self._clock.sleep(min(self.remaining(), pause * random.uniform(0.5, 1.0)))  # noqa: S311  # jitter
            pause = min(2 * pause, self._longest_pause)

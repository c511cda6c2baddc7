"""A clock that only moves when it is read or slept on, so that a slow machine cannot exceed a test's deadline."""


class FakeClock:
    """Moves by the seconds slept, and by `tick` seconds at each reading."""

    def __init__(self, *, tick: float = 0.0) -> None:
        self._now = 0.0
        self._tick = tick

    def now(self) -> float:
        self._now += self._tick
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

"""A clock that stands still until somebody waits, so that a busy machine cannot use up a test's deadline."""


class FakeClock:
    """Moves by what is slept, and by `tick` seconds whenever it is read."""

    def __init__(self, *, tick: float = 0.0) -> None:
        self._now = 0.0
        self._tick = tick

    def now(self) -> float:
        self._now += self._tick
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds

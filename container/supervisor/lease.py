"""A leader's lease: when it expires, the engine is killed.

A thread of its own watches it, so that neither a loop that hangs nor a task that was frozen for an hour keeps an engine
alive: when the task goes on, the thread is due at once and kills.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

from supervisor import timings


def now() -> float:
    """Return seconds of a clock that cannot be set and that continues during suspend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """Expires `timings.LEASE` seconds after the last answered heartbeat was sent, unless renewed."""

    def __init__(self, *, sent_at: float, on_loss: Callable[[], None]) -> None:
        """Start a lease with a heartbeat `sent_at`; `on_loss` is called once from the watching thread."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._deadline = sent_at + timings.LEASE
        self._renewed_at = sent_at
        self._on_loss = on_loss
        self._ended = False
        self._lost = False
        self._engine: int | None = None
        self._thread = threading.Thread(target=self._watch, name="lease", daemon=True)
        self._thread.start()

    @property
    def valid(self) -> bool:
        """Whether the lease is valid."""
        with self._lock:
            return not self._lost and not self._ended and now() < self._deadline

    @property
    def age(self) -> float:
        """Seconds since the last answered heartbeat was sent."""
        with self._lock:
            return now() - self._renewed_at

    def renew(self, *, sent_at: float) -> None:
        """Renew: a heartbeat sent then was answered. An expired lease stays expired."""
        with self._lock:
            if not self._lost and now() < self._deadline:
                self._deadline = sent_at + timings.LEASE
                self._renewed_at = sent_at

    def revoke(self) -> None:
        """Lose the lease at once: the lock is known to be gone."""
        with self._lock:
            self._deadline = min(self._deadline, now())
        self._wake.set()

    def guard(self, process_id: int) -> None:
        """Kill the process with that id when the lease expires, or at once if it has."""
        try:
            descriptor = os.pidfd_open(process_id)
        except ProcessLookupError:
            return
        with self._lock:
            self._forget_engine()
            self._engine = descriptor
            lost = self._lost
        if lost:
            self._signal(signal.SIGKILL)

    def engine_has_ended(self) -> None:
        """Forget the engine."""
        with self._lock:
            self._forget_engine()

    def end(self) -> None:
        """Stop watching: the engine has ended and the lock is being released."""
        with self._lock:
            self._ended = True
            self._forget_engine()
        self._wake.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            with self._lock:
                if self._ended:
                    return
                remaining = self._deadline - now()
                if remaining <= 0:
                    self._lost = True
                    overdue = -remaining
                    break
            self._wake.wait(remaining)
            self._wake.clear()
        self._signal(signal.SIGTERM if overdue < timings.KILL_GRACE else signal.SIGKILL)
        self._on_loss()
        time.sleep(max(0.0, timings.KILL_GRACE - overdue))
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._engine is not None:
                try:
                    signal.pidfd_send_signal(self._engine, number)
                except ProcessLookupError:
                    self._forget_engine()

    def _forget_engine(self) -> None:
        if self._engine is not None:
            os.close(self._engine)
            self._engine = None

"""Virtual time for the supervisor's loops and threads.

Every loop and every lease's thread is a real thread, but only one of them runs at a time: whatever would wait hands
over to the scheduler, which moves the clock to the next thing that is due. So the supervisor's code runs unchanged,
always in the same order, and an hour takes as long as what happens in it.
"""

import asyncio
import heapq
import itertools
import math
import selectors
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from typing_extensions import override

STEPS_AT_ONCE: Final = 5_000
"""Steps without progress of the clock after which the supervisor is taken to be in an endless loop."""


def _taken() -> threading.Lock:
    """Return a lock that one thread waits for and another releases."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class AbandonedError(SystemExit):
    """Ends a thread whose world has ended."""


class Host:
    """What the threads of one machine share: whether they run, and a clock of their own."""

    def __init__(self, scheduler: "Scheduler", *, clock_offset: float) -> None:
        self.scheduler = scheduler
        self.clock_offset = clock_offset
        self.frozen = False

    @property
    def clock(self) -> float:
        """Seconds since this machine was started."""
        return self.scheduler.now + self.clock_offset


class SimulatedThread:
    """A thread that runs when the scheduler says so. Has the interface of `threading.Thread` that a lease needs."""

    def __init__(self, host: Host, target: Callable[[], object]) -> None:
        self.host = host
        self.hung = False
        self.finished = False
        self.wakes_at = math.inf
        self.order = 0
        self._scheduler = host.scheduler
        self._turn = _taken()
        self._thread = threading.Thread(target=self._run, args=(target,), daemon=True)

    def start(self) -> None:
        """Let it run from now on."""
        self._scheduler.threads.append(self)
        self.wake()
        self._thread.start()

    def join(self) -> None:
        """Wait, on a simulated thread, until this one has finished."""
        while not self.finished:
            self._scheduler.block(self._scheduler.now + 0.01)

    def wake(self) -> None:
        """Make it due now."""
        if self.wakes_at > self._scheduler.now:
            self.wakes_at = self._scheduler.now
            self.order = next(self._scheduler.orders)

    def resume(self) -> None:
        """Let it run until it waits or ends; called by the scheduler."""
        self._turn.release()
        self._scheduler.returned.acquire()

    def pause(self, until: float) -> None:
        """Hand over to the scheduler; called on this thread."""
        self.wakes_at = until
        self.order = next(self._scheduler.orders)
        self._scheduler.returned.release()
        self._turn.acquire()
        if self._scheduler.abandoned:
            raise AbandonedError

    def _run(self, target: Callable[[], object]) -> None:
        self._turn.acquire()
        try:
            if not self._scheduler.abandoned:
                target()
        except AbandonedError:
            pass
        except BaseException as error:  # noqa: BLE001 - it must end the test, not only this thread
            self._scheduler.failures.append(error)
        finally:
            self.finished = True
            self._scheduler.threads.remove(self)
            self._scheduler.returned.release()


class Scheduler:
    """The clock, and what is due when."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.orders = itertools.count()
        self.threads: list[SimulatedThread] = []
        self.failures: list[BaseException] = []
        self.returned = _taken()
        self.abandoned = False
        self.host: Host | None = None
        """The machine whose code is running."""
        self.thread: SimulatedThread | None = None
        self.after_step: Callable[[], None] = lambda: None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call a function of the simulated world; it must not wait."""
        heapq.heappush(self._timers, (self.now + seconds, next(self.orders), call))

    def block(self, until: float) -> None:
        """Wait on the running simulated thread."""
        if self.thread is None:
            raise RuntimeError("only a simulated thread can wait")
        self.thread.pause(until)

    def sleep(self, seconds: float) -> None:
        """Wait on the running simulated thread for some time."""
        self.block(self.now + seconds)

    def run(self, seconds: float, *, until: Callable[[], object] = lambda: False) -> bool:
        """Let time pass; end earlier, with True, once `until` holds."""
        end = self.now + seconds
        steps = 0
        while not until():
            self._raise_failure()
            thread = min(self._runnable(), key=lambda thread: (thread.wakes_at, thread.order), default=None)
            due = min(thread.wakes_at if thread else math.inf, self._timers[0][0] if self._timers else math.inf)
            if due > end:
                self.now = end
                return False
            steps = steps + 1 if due <= self.now else 0
            if steps > STEPS_AT_ONCE:
                raise AssertionError("the supervisor is in an endless loop")
            self.now = max(self.now, due)
            if thread is not None and (not self._timers or (thread.wakes_at, thread.order) < self._timers[0][:2]):
                self.thread, self.host = thread, thread.host
                thread.resume()
                self.thread, self.host = None, None
            else:
                heapq.heappop(self._timers)[2]()
            self.after_step()
        self._raise_failure()
        return True

    def abandon(self) -> None:
        """End all threads, wherever they wait."""
        self.abandoned = True
        for thread in list(self.threads):
            while not thread.finished:
                thread.resume()

    def _raise_failure(self) -> None:
        if self.failures:
            raise self.failures[0]

    def _runnable(self) -> list[SimulatedThread]:
        return [thread for thread in self.threads if not thread.host.frozen and not thread.hung]


class SimulatedLock:
    """`threading.Lock`, on simulated threads or on the test's."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._held = False

    def __enter__(self) -> None:
        while self._held:
            self._scheduler.block(self._scheduler.now + 0.001)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False


class SimulatedEvent:
    """`threading.Event`, for one waiting simulated thread."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._set = False
        self._waiter: SimulatedThread | None = None

    def set(self) -> None:
        """Wake the waiter."""
        self._set = True
        if self._waiter is not None:
            self._waiter.wake()

    def clear(self) -> None:
        """Let the next waiter wait."""
        self._set = False

    def wait(self, timeout: float) -> bool:
        """Wait until it is set, for `timeout` seconds at most."""
        if not self._set:
            self._waiter = self._scheduler.thread
            self._scheduler.block(self._scheduler.now + timeout)
            self._waiter = None
        return self._set


class _Selector(selectors.SelectSelector):
    """Waits for virtual time instead of files."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._scheduler.block(math.inf if timeout is None else self._scheduler.now + timeout)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; keeps the signal handlers, which the test calls."""

    def __init__(self, host: Host) -> None:
        super().__init__(_Selector(host.scheduler))
        self._host = host
        self.thread: SimulatedThread | None = None
        self.signal_handlers: dict[int, Callable[[], object]] = {}

    @override
    def time(self) -> float:
        return self._host.scheduler.now

    @override
    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        self.signal_handlers[sig] = callback

    @override
    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        if self.is_closed():
            # The thread of a lease whose process has been killed.
            raise AbandonedError
        handle = self.call_soon(callback, *args, context=context)
        if self.thread is not None and self.thread is not self._host.scheduler.thread:
            self.thread.wake()
        return handle

    @override
    def call_exception_handler(self, context: Mapping[str, Any]) -> None:
        """Fail the test, except for what is reported only when garbage is collected."""
        if not self._host.scheduler.abandoned and not str(context["message"]).endswith("never retrieved"):
            self._host.scheduler.failures.append(AssertionError(f"the loop reports: {context}"))

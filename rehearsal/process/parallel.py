"""Runs work in parallel so that Ctrl-C ends it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rehearsal.process.processes import Processes

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_in_parallel(work: Callable[[Item], Result], items: Sequence[Item], processes: Processes) -> list[Result]:
    """Call `work` on all items at once and return the results in order.

    An interrupt reaches only the main thread, which then ends the children that the other threads wait for. A single
    item runs in the calling thread, where the interrupt also ends a prompt on the terminal.
    """
    if len(items) == 1:
        return [work(items[0])]
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as pool:
        try:
            return list(pool.map(work, items))
        except KeyboardInterrupt:
            processes.end_all()
            raise

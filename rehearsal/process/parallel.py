"""Work done side by side, in a way that Ctrl-C can end."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rehearsal.process.processes import Processes

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_in_parallel(work: Callable[[Item], Result], items: Sequence[Item], processes: Processes) -> list[Result]:
    """Do `work` on all items at once and return the results in order.

    An interrupt reaches the main thread alone. It ends the children the other threads wait for; otherwise they, and the
    user, would wait to the children's own end. A single item is worked on in the calling thread, where the interrupt
    also ends a question at the terminal.
    """
    if len(items) == 1:
        return [work(items[0])]
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as pool:
        try:
            return list(pool.map(work, items))
        except KeyboardInterrupt:
            processes.end_all()
            raise

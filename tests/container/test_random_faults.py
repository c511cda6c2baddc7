"""Random sequences of faults from a fixed seed, on several services in parallel."""

import asyncio

import pytest

from testbed.applications import Applications
from testbed.testbed import Testbed
from tests.container import table
from tests.container.conftest import LoopThread
from tests.container.invariants import check_invariants
from tests.container.load import Load, Outcome
from tests.container.random_faults import SEQUENCES, cause, sequence
from tests.container.scenarios import now
from tests.container.service import Service, wall_clock
from tests.container.table import Row

SERVICES = 5
"""Number of services in parallel; most of a failover is waiting."""
TASKS = 2


class SequenceResult:
    """The result of a sequence."""

    def __init__(self) -> None:
        self.row: Row | None = None
        self.error: Exception | None = None
        self.story = ""


@pytest.fixture(scope="module")
def results(loop_thread: LoopThread, quick_engine: Applications) -> dict[int, SequenceResult]:
    """Run all sequences; each service takes the next one once it has recovered."""
    results = {number: SequenceResult() for number in range(SEQUENCES)}
    numbers = iter(results)

    async def serve() -> None:
        async with Testbed(built=quick_engine) as testbed:
            service = Service(testbed, wanted=TASKS)
            for number in numbers:
                await _play(service, number, results[number])
                if results[number].error is not None:
                    await service.end_all()

    async def serve_all() -> None:
        await asyncio.gather(*(serve() for _ in range(SERVICES)))

    loop_thread.run(serve_all())
    return results


async def _play(service: Service, number: int, result: SequenceResult) -> None:
    since = wall_clock()
    try:
        await service.until_all_tasks_are_healthy()
        async with Load(service.testbed) as load:
            await load.until_writes_succeed(after=now())
            begun, since = now(), wall_clock()
            await cause(service, sequence(number))
            await service.until_all_tasks_are_healthy()
            await load.until_writes_succeed(after=now())
        await check_invariants(service.testbed, load)
        result.row = Row(
            name=str(number),
            without_service=load.longest_pause(since=begun),
            engine_start=service.engine_start(since=since),
            limit=None,
            accepted=len(load.accepted),
            uncertain=len(load.of(Outcome.UNCERTAIN)),
        )
    except Exception as error:  # noqa: BLE001 - the sequence's own test raises it
        result.error = error
        result.story = service.story(since=since)


@pytest.mark.parametrize("number", range(SEQUENCES))
def test_random_sequence(number: int, results: dict[int, SequenceResult]) -> None:
    result = results[number]
    print(*sequence(number), result.story, sep="\n")
    if result.error is not None:
        raise result.error


def test_summary_of_all_sequences(results: dict[int, SequenceResult], request: pytest.FixtureRequest) -> None:
    rows = [result.row for result in results.values() if result.row is not None]
    assert len(rows) == SEQUENCES
    row = Row(
        name=f"{SEQUENCES} random sequences of faults, together",
        without_service=max(row.without_service for row in rows),
        engine_start=max(row.engine_start for row in rows),
        limit=None,
        accepted=sum(row.accepted for row in rows),
        uncertain=sum(row.uncertain for row in rows),
    )
    request.node.user_properties.append(table.as_property(row))

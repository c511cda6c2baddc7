"""`--account new`: the quotas of a new account."""

from collections.abc import Generator
from pathlib import Path

import pytest

from rehearsal.engine.account_kind import AccountKind, BuildSlots, TooManyBuildsError
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress
from tests.rehearsal.emulator.probes.bench import Bench
from tests.rehearsal.emulator.probes.templates import resource, with_role


@pytest.fixture(scope="module")
def new_accounts(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cloud, None, None]:
    directory: Path = tmp_path_factory.mktemp("new")
    processes = Processes()
    try:
        progress = Progress(directory / "logs", lambda _: None)
        yield EmulatorSetup(progress, processes, directory, account=AccountKind.NEW).start_emulator()
    finally:
        processes.end_all()


def test_concurrency_cannot_be_reserved(new_accounts: Cloud) -> None:
    answer = Bench(new_accounts).deploy(**with_role(ReservedConcurrentExecutions=1))
    assert "UnreservedConcurrentExecution below its minimum value of [10]" in answer.words


def test_sixth_elastic_ip_is_refused(new_accounts: Cloud) -> None:
    bench = Bench(new_accounts)
    five = {f"Address{number}": resource("AWS::EC2::EIP", Domain="vpc") for number in range(5)}
    assert bench.deploy(**five).accepted
    answer = bench.deploy("two", Address=resource("AWS::EC2::EIP", Domain="vpc"))
    assert "The maximum number of addresses has been reached" in answer.words


def test_established_account_can_reserve_concurrency(cloud: Cloud) -> None:
    assert Bench(cloud).deploy(**with_role(ReservedConcurrentExecutions=1)).accepted


def test_second_concurrent_build_is_refused() -> None:
    slots = BuildSlots(AccountKind.NEW.concurrent_builds)
    with (
        slots.taken(),
        pytest.raises(TooManyBuildsError, match="Cannot have more than 1 builds in queue for the account"),
        slots.taken(),
    ):
        pass
    with slots.taken():
        pass

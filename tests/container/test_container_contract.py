"""The integration tests pass against the container's own processes."""

import pytest

from integration_tests.engine import Credentials, Engine
from integration_tests.engine_checks import engine_runs_a_process
from integration_tests.failure import CheckFailed
from integration_tests.http_checks import health_path_responds
from integration_tests.http_client import HttpClient
from integration_tests.waiting import Deadline
from testbed.task import PORT, Task
from testbed.testbed import HEALTH_PATH
from tests.container.conftest import LoopThread
from tests.container.service import Service
from tests.faulty_http_server import PROXY_VARIABLES


def test_tasks_pass_the_contract_checks(
    service: Service, loop_thread: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    loop_thread.run(service.until_all_tasks_are_healthy())
    given = service.testbed.credentials
    credentials = Credentials(username=given.username, password=given.password)
    deadline = Deadline(seconds=30)

    def check(task: Task) -> None:
        client = HttpClient(f"http://{task.address}:{PORT}")
        health_path_responds(client, path=HEALTH_PATH, consecutive=2, deadline=deadline)
        engine_runs_a_process(Engine(client), credentials, deadline=deadline, next_steps="")
        assert client.get(HEALTH_PATH).task == task.name

    for task in service.tasks:
        epoch = loop_thread.run(service.epoch())
        try:
            check(task)
        except CheckFailed:
            loop_thread.run(service.until_all_tasks_are_healthy())
            # If the machine pauses for longer than a lease, the leadership changes and running requests fail.
            if loop_thread.run(service.epoch()) == epoch:
                raise
            check(task)

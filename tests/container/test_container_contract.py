"""What runs after each deployment is content with the container's own processes: they keep the contract it checks."""

import pytest

from integration_tests.engine import Credentials, Engine
from integration_tests.engine_checks import engine_does_its_work
from integration_tests.failure import CheckFailed
from integration_tests.http_checks import health_path_answers
from integration_tests.http_client import FrontDoor
from integration_tests.waiting import Patience
from testbed.task import PORT, Task
from testbed.testbed import HEALTH_PATH
from tests.container.conftest import Stage
from tests.container.service import Service
from tests.faulty_http_server import PROXY_VARIABLES


def test_every_task_keeps_what_integration_tests_ask(
    service: Service, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    stage.play(service.at_full_strength())
    given = service.testbed.credentials
    credentials = Credentials(username=given.username, password=given.password)
    patience = Patience(deadline_seconds=30)

    def check(task: Task) -> None:
        door = FrontDoor(f"http://{task.address}:{PORT}")
        health_path_answers(door, path=HEALTH_PATH, in_a_row=2, patience=patience)
        engine_does_its_work(Engine(door), credentials, patience=patience, look_further="")
        assert door.get(HEALTH_PATH).task == task.name

    for task in service.tasks:
        epoch = stage.play(service.epoch())
        try:
            check(task)
        except CheckFailed:
            stage.play(service.at_full_strength())
            # A machine that stops for longer than a lease hands the leadership over; what was under way then fails.
            if stage.play(service.epoch()) == epoch:
                raise
            check(task)

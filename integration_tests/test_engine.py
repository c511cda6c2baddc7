"""What the engine must do after a deployment, asked through the load balancer with the distribution's secret header."""

from collections.abc import Callable

import pytest

from integration_tests.engine import Credentials, Engine
from integration_tests.engine_checks import engine_runs_a_process, every_task_knows_the_session
from integration_tests.waiting import Deadline

pytestmark = [pytest.mark.aws, pytest.mark.usefixtures("healthy")]


def test_engine_runs_a_process(
    engine: Engine, engine_credentials: Credentials, deadline: Deadline, log_link: str
) -> None:
    """A process can be taken in, started, seen waiting for somebody, cancelled and let go."""
    engine_runs_a_process(engine, engine_credentials, deadline=deadline, next_steps=log_link)


def test_only_one_engine_is_active(
    engine: Engine,
    engine_credentials: Credentials,
    healthy_targets: Callable[[], int],
    deadline: Deadline,
    log_link: str,
) -> None:
    """The same session is known through every task: no second engine is active on the database."""
    every_task_knows_the_session(
        engine, engine_credentials, healthy_targets=healthy_targets, deadline=deadline, next_steps=log_link
    )

"""What the engine must do after a deployment, asked through the load balancer with the distribution's secret header."""

from collections.abc import Callable

import pytest

from integration_tests.engine import Credentials, Engine
from integration_tests.engine_checks import engine_does_its_work, session_is_known_to_every_task
from integration_tests.waiting import Patience

pytestmark = [pytest.mark.aws, pytest.mark.usefixtures("healthy")]


def test_the_engine_does_its_work(
    engine: Engine, engine_credentials: Credentials, patience: Patience, log_link: str
) -> None:
    """A process can be taken in, started, seen waiting for somebody, cancelled and let go."""
    engine_does_its_work(engine, engine_credentials, patience=patience, look_further=log_link)


def test_one_engine_is_behind_every_task(
    engine: Engine,
    engine_credentials: Credentials,
    healthy_targets: Callable[[], int],
    patience: Patience,
    log_link: str,
) -> None:
    """The same session is known through every task: no second engine is active on the database."""
    session_is_known_to_every_task(
        engine, engine_credentials, healthy_targets=healthy_targets, patience=patience, look_further=log_link
    )

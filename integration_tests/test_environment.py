"""What must hold of an environment after a deployment, in the order in which a failure explains the next."""

from collections.abc import Callable

import pytest

from integration_tests.account import Account
from integration_tests.account_variables import AccountVariables
from integration_tests.credentials import ORIGIN_HEADER
from integration_tests.failure import CheckFailed
from integration_tests.http_checks import other_paths, other_paths_are_forbidden
from integration_tests.http_client import FrontDoor
from integration_tests.http_variables import HttpVariables
from integration_tests.sample import answers_are_quick_and_sound
from integration_tests.service_checks import no_alarm_fires, service_is_steady, targets_are_healthy
from integration_tests.summary import P99
from integration_tests.waiting import Patience


@pytest.mark.http
def test_health_path_answers(answered: CheckFailed | None) -> None:
    """The application answers well, several times in a row, at every address of the load balancer."""
    if answered:
        raise answered


@pytest.mark.http
def test_other_paths_are_forbidden(variables: HttpVariables, front_door: FrontDoor, patience: Patience) -> None:
    """Nobody passes by CloudFront, not with a guess either: not to the user interface, not to the engine's own API."""
    paths = other_paths(variables.health_path)
    other_paths_are_forbidden(front_door, paths=paths, patience=patience)
    guessing = FrontDoor(variables.alb_url, headers={ORIGIN_HEADER: "a guess"})
    other_paths_are_forbidden(
        guessing, paths=paths, patience=patience, header="with a guess at the secret origin header"
    )


@pytest.mark.http
@pytest.mark.usefixtures("healthy")
def test_answers_are_quick_and_sound(
    front_door: FrontDoor, variables: HttpVariables, record_property: Callable[[str, object], None]
) -> None:
    """A sample of requests keeps the environment's limits of latency and errors."""
    p99 = answers_are_quick_and_sound(
        front_door,
        path=variables.health_path,
        requests=variables.sample_requests,
        p99_limit_seconds=variables.p99_limit_seconds,
        error_rate_limit_percent=variables.error_rate_limit_percent,
    )
    record_property(P99, p99)


@pytest.mark.aws
def test_service_is_steady(account: Account, account_variables: AccountVariables, patience: Patience) -> None:
    """The service runs the released task definition, and as many tasks as it wants."""
    service_is_steady(
        account.ecs,
        cluster=account_variables.cluster_name,
        service=account_variables.service_name,
        task_definition_arn=account_variables.task_definition_arn,
        region=account_variables.region,
        patience=patience,
    )


@pytest.mark.aws
def test_targets_are_healthy(account: Account, account_variables: AccountVariables, patience: Patience) -> None:
    """Every target that gets requests is healthy."""
    targets_are_healthy(
        account.elbv2,
        target_group_arn=account_variables.target_group_arn,
        region=account_variables.region,
        patience=patience,
    )


@pytest.mark.aws
def test_no_alarm_fires(account: Account, account_variables: AccountVariables, patience: Patience) -> None:
    """No alarm of the environment is in ALARM."""
    no_alarm_fires(
        account.cloudwatch,
        name_prefix=account_variables.alarm_name_prefix,
        region=account_variables.region,
        patience=patience,
    )

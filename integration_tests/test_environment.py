"""What must hold of an environment after a deployment, in the order in which a failure explains the next."""

import pytest

from integration_tests.account import Account
from integration_tests.aws_checks import no_alarm_fires, service_is_steady, targets_are_healthy
from integration_tests.front_door import FrontDoor
from integration_tests.http_checks import health_path_answers, other_path_is_forbidden
from integration_tests.variables import AccountVariables, HttpVariables
from integration_tests.waiting import Patience


@pytest.mark.http
def test_health_path_answers(front_door: FrontDoor, variables: HttpVariables, patience: Patience) -> None:
    """The application answers well, several times in a row."""
    health_path_answers(
        front_door, path=variables.health_path, in_a_row=variables.consecutive_successes, patience=patience
    )


@pytest.mark.http
@pytest.mark.parametrize("path", ["/", "/yawl/ib"])
def test_other_paths_are_forbidden(front_door: FrontDoor, path: str, patience: Patience) -> None:
    """Nobody passes by CloudFront: not to the user interface, not to the engine's own API."""
    other_path_is_forbidden(front_door, path=path, patience=patience)


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

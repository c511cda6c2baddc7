"""Tests of an environment after a deployment, ordered so that an early failure explains later ones."""

from collections.abc import Callable

import pytest

from integration_tests.account import Account
from integration_tests.account_variables import AccountVariables
from integration_tests.credentials import ORIGIN_HEADER
from integration_tests.failure import CheckFailed
from integration_tests.http_checks import closed_calls, other_paths_are_forbidden
from integration_tests.http_client import HttpClient
from integration_tests.http_variables import HttpVariables
from integration_tests.sample import latency_and_errors_are_within_limits
from integration_tests.service_checks import no_alarm_is_active, service_is_stable, targets_are_healthy
from integration_tests.summary import P99
from integration_tests.waiting import Deadline


@pytest.mark.http
def test_health_path_responds(health_failure: CheckFailed | None) -> None:
    """The application is healthy several times in a row, at every address of the load balancer."""
    if health_failure:
        raise health_failure


@pytest.mark.http
def test_other_paths_are_forbidden(
    variables: HttpVariables, load_balancer: HttpClient, unguessable: str, deadline: Deadline
) -> None:
    """Nobody can bypass CloudFront to the user interface or the engine's API, even with a guessed header."""
    calls = closed_calls(variables.health_path, unguessable=unguessable)
    other_paths_are_forbidden(load_balancer, calls=calls, deadline=deadline)
    guessing = HttpClient(variables.alb_url, headers={ORIGIN_HEADER: "a guess"})
    other_paths_are_forbidden(guessing, calls=calls, deadline=deadline, header="with a guessed secret origin header")


@pytest.mark.http
@pytest.mark.usefixtures("healthy")
def test_latency_and_errors_are_within_limits(
    load_balancer: HttpClient, variables: HttpVariables, record_property: Callable[[str, object], None]
) -> None:
    """A sample of requests stays within the environment's limits, and comes from one active task and one version."""
    p99 = latency_and_errors_are_within_limits(
        load_balancer,
        path=variables.health_path,
        requests=variables.sample_requests,
        p99_limit_seconds=variables.p99_limit_seconds,
        error_rate_limit_percent=variables.error_rate_limit_percent,
        released=variables.released_version,
    )
    record_property(P99, p99)


@pytest.mark.aws
def test_service_is_stable(account: Account, account_variables: AccountVariables, deadline: Deadline) -> None:
    """The desired number of tasks runs the released task definition."""
    service_is_stable(
        account.ecs,
        cluster=account_variables.cluster_name,
        service=account_variables.service_name,
        task_definition_arn=account_variables.task_definition_arn,
        region=account_variables.region,
        deadline=deadline,
    )


@pytest.mark.aws
def test_targets_are_healthy(account: Account, account_variables: AccountVariables, deadline: Deadline) -> None:
    """Every target is healthy."""
    targets_are_healthy(
        account.elbv2,
        target_group_arn=account_variables.target_group_arn,
        region=account_variables.region,
        deadline=deadline,
    )


@pytest.mark.aws
def test_no_alarm_is_active(account: Account, account_variables: AccountVariables, deadline: Deadline) -> None:
    """No alarm of the environment is in ALARM."""
    no_alarm_is_active(
        account.cloudwatch,
        name_prefix=account_variables.alarm_name_prefix,
        region=account_variables.region,
        deadline=deadline,
    )

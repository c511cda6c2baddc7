"""What must hold of an environment after a deployment, in the order in which a failure explains the next."""

from collections.abc import Callable

import pytest

from integration_tests.account import Account
from integration_tests.account_variables import AccountVariables
from integration_tests.credentials import ORIGIN_HEADER
from integration_tests.failure import CheckFailed
from integration_tests.http_checks import other_paths, other_paths_are_forbidden
from integration_tests.http_client import HttpClient
from integration_tests.http_variables import HttpVariables
from integration_tests.sample import latency_and_errors_are_within_limits
from integration_tests.service_checks import no_alarm_is_active, service_is_stable, targets_are_healthy
from integration_tests.summary import P99
from integration_tests.waiting import Deadline


@pytest.mark.http
def test_health_path_responds(health_failure: CheckFailed | None) -> None:
    """The application answers well, several times in a row, at every address of the load balancer."""
    if health_failure:
        raise health_failure


@pytest.mark.http
def test_other_paths_are_forbidden(variables: HttpVariables, load_balancer: HttpClient, deadline: Deadline) -> None:
    """Nobody passes by CloudFront, not with a guess either: not to the user interface, not to the engine's own API."""
    paths = other_paths(variables.health_path)
    other_paths_are_forbidden(load_balancer, paths=paths, deadline=deadline)
    guessing = HttpClient(variables.alb_url, headers={ORIGIN_HEADER: "a guess"})
    other_paths_are_forbidden(
        guessing, paths=paths, deadline=deadline, header="with a guess at the secret origin header"
    )


@pytest.mark.http
@pytest.mark.usefixtures("healthy")
def test_latency_and_errors_are_within_limits(
    load_balancer: HttpClient, variables: HttpVariables, record_property: Callable[[str, object], None]
) -> None:
    """A sample of requests keeps the environment's limits of latency and errors."""
    p99 = latency_and_errors_are_within_limits(
        load_balancer,
        path=variables.health_path,
        requests=variables.sample_requests,
        p99_limit_seconds=variables.p99_limit_seconds,
        error_rate_limit_percent=variables.error_rate_limit_percent,
    )
    record_property(P99, p99)


@pytest.mark.aws
def test_service_is_stable(account: Account, account_variables: AccountVariables, deadline: Deadline) -> None:
    """The service runs the released task definition, and as many tasks as it wants."""
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
    """Every target that gets requests is healthy."""
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

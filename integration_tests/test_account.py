"""What AWS must say of the environment after a deployment: that the release runs, and that its data is safe."""

from collections.abc import Callable

import pytest

from integration_tests.account import Account
from integration_tests.account_variables import AccountVariables
from integration_tests.data_checks import cache_matches_settings, database_matches_settings, password_is_rotated
from integration_tests.drift import known_drift
from integration_tests.stack_checks import stacks_are_complete
from integration_tests.summary import REMARK
from integration_tests.task_checks import tasks_run_the_release
from integration_tests.waiting import Deadline

pytestmark = pytest.mark.aws


def test_tasks_run_the_release(
    account: Account,
    account_variables: AccountVariables,
    deadline: Deadline,
    record_property: Callable[[str, object], None],
) -> None:
    """Every running task is of the released task definition and runs its image."""
    images = tasks_run_the_release(
        account.ecs,
        cluster=account_variables.cluster_name,
        service=account_variables.service_name,
        task_definition_arn=account_variables.task_definition_arn,
        region=account_variables.region,
        deadline=deadline,
    )
    record_property("images", images)


def test_database_matches_settings(account: Account, account_variables: AccountVariables, deadline: Deadline) -> None:
    """The database is up, encrypted, and as safe as delivery.toml says."""
    database_matches_settings(
        account.rds,
        identifier=account_variables.database_id,
        multi_az=account_variables.database_multi_az,
        backup_days=account_variables.database_backup_days,
        deletion_protection=account_variables.database_deletion_protection,
        region=account_variables.region,
        deadline=deadline,
    )


def test_password_is_rotated(account: Account, account_variables: AccountVariables, deadline: Deadline) -> None:
    """The database's password changes by itself as often as delivery.toml says."""
    password_is_rotated(
        account.rds,
        account.secretsmanager,
        database=account_variables.database_id,
        every_days=account_variables.password_rotation_days,
        region=account_variables.region,
        deadline=deadline,
    )


def test_cache_matches_settings(account: Account, account_variables: AccountVariables, deadline: Deadline) -> None:
    """The cache is up, encrypted, and as safe as delivery.toml says."""
    cache_matches_settings(
        account.elasticache,
        identifier=account_variables.cache_id,
        multi_az=account_variables.cache_multi_az,
        nodes=account_variables.cache_nodes,
        snapshot_days=account_variables.cache_snapshot_days,
        region=account_variables.region,
        deadline=deadline,
    )


def test_stacks_are_complete(
    account: Account,
    account_variables: AccountVariables,
    deadline: Deadline,
    record_property: Callable[[str, object], None],
) -> None:
    """Every stack of the environment is complete. Known drift is a remark: the release has not brought it."""
    variables = account_variables
    stacks_are_complete(account.cloudformation, names=variables.stack_names, region=variables.region, deadline=deadline)
    drift = known_drift(account.cloudformation, names=variables.stack_names, region=variables.region)
    record_property("drift", drift.summary)
    for remark in drift.remarks:
        record_property(REMARK, remark)

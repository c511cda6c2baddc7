"""The environment dev, deployed to an emulator, with clients for the integration tests and for its owner."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.account import Account, sign_in
from integration_tests.account_variables import read_account_variables
from integration_tests.data_checks import cache_matches_settings, database_matches_settings, password_is_rotated
from integration_tests.drift import Drift, known_drift
from integration_tests.service_checks import no_alarm_is_active, service_is_stable, targets_are_healthy
from integration_tests.stack_checks import stacks_are_complete
from integration_tests.task_checks import tasks_run_the_release
from integration_tests.waiting import Deadline
from tests.rehearsal.emulator.deployed import PIPELINE, PLACE, Deployed, deployed

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

SECONDS = 0.3
"""Deadline of checks that must fail."""


class EnvironmentUnderTest:
    """Each check of the account as a method; its variables are the pipeline's unless a test changes them."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.variables, mistakes = read_account_variables(
            deployed.variables | {"AWS_ENDPOINT_URL": deployed.cloud.endpoint}
        )
        assert not mistakes
        self.account = self.sign_in(10)
        """The clients that the checks use."""

    def owner(self, service: str) -> Any:
        """Return a client that may change anything in the account."""
        return self.deployed.client(service)

    def sign_in(self, seconds: float = SECONDS, *, endpoint: str | None = None) -> Account:
        """Sign in as the integration tests do, from a build with the pipeline's credentials."""
        build = self.deployed.cloud.environment(PLACE.region, PIPELINE)
        variables = self.variables
        if endpoint:
            build |= {"AWS_ENDPOINT_URL": endpoint}
            variables = replace(variables, endpoint_url=endpoint)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in build.items():
                patch.setenv(name, value)
            return sign_in(variables, environment="dev", deadline=_deadline(seconds))

    def targets(self, seconds: float = SECONDS) -> None:
        targets_are_healthy(
            self.account.elbv2,
            target_group_arn=self.variables.target_group_arn,
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def service(self, seconds: float = SECONDS) -> None:
        service_is_stable(
            self.account.ecs,
            cluster=self.variables.cluster_name,
            service=self.variables.service_name,
            task_definition_arn=self.variables.task_definition_arn,
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def tasks(self, seconds: float = SECONDS) -> str:
        return tasks_run_the_release(
            self.account.ecs,
            cluster=self.variables.cluster_name,
            service=self.variables.service_name,
            task_definition_arn=self.variables.task_definition_arn,
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def alarms(self, seconds: float = SECONDS) -> None:
        no_alarm_is_active(
            self.account.cloudwatch,
            name_prefix=self.variables.alarm_name_prefix,
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def database(
        self,
        seconds: float = SECONDS,
        *,
        identifier: str | None = None,
        multi_az: bool | None = None,
        backup_days: int | None = None,
        deletion_protection: bool | None = None,
    ) -> None:
        database_matches_settings(
            self.account.rds,
            identifier=identifier or self.variables.database_id,
            multi_az=self.variables.database_multi_az if multi_az is None else multi_az,
            backup_days=backup_days or self.variables.database_backup_days,
            deletion_protection=self.variables.database_deletion_protection
            if deletion_protection is None
            else deletion_protection,
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def rotation(self, seconds: float = SECONDS, *, every_days: int | None = None) -> None:
        password_is_rotated(
            self.account.rds,
            self.account.secretsmanager,
            database=self.variables.database_id,
            every_days=every_days or self.variables.password_rotation_days,
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def cache(
        self,
        seconds: float = SECONDS,
        *,
        identifier: str | None = None,
        multi_az: bool | None = None,
        nodes: int | None = None,
    ) -> None:
        cache_matches_settings(
            self.account.elasticache,
            identifier=identifier or self.variables.cache_id,
            multi_az=self.variables.cache_multi_az if multi_az is None else multi_az,
            nodes=nodes or self.variables.cache_nodes,
            snapshot_days=self.variables.cache_snapshot_days,
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def stacks(self, seconds: float = SECONDS, *, more: tuple[str, ...] = ()) -> None:
        stacks_are_complete(
            self.account.cloudformation,
            names=(*self.variables.stack_names, *more),
            region=PLACE.region,
            deadline=_deadline(seconds),
        )

    def drift(self, *, more: tuple[str, ...] = ()) -> Drift:
        names = (*self.variables.stack_names, *more)
        return known_drift(self.account.cloudformation, names=names, region=PLACE.region)


@contextmanager
def environment_under_test(assembly: "CloudAssembly", directory: Path) -> Generator[EnvironmentUnderTest, None, None]:
    """Deploy the environment and sign in as the integration tests do; clean up at the end."""
    with deployed(assembly, directory) as found:
        yield EnvironmentUnderTest(found)


def _deadline(seconds: float) -> Deadline:
    return Deadline(seconds=seconds, first_pause=0.02, longest_pause=0.1)

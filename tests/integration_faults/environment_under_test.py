"""The environment dev, deployed to an emulator, as the integration tests see it and as its owner does."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.account import Account, sign_in
from integration_tests.account_variables import read_account_variables
from integration_tests.data_checks import cache_is_as_asked, database_is_as_asked, password_is_rotated
from integration_tests.drift import Drift, known_drift
from integration_tests.service_checks import no_alarm_fires, service_is_steady, targets_are_healthy
from integration_tests.stack_checks import stacks_stand
from integration_tests.task_checks import tasks_are_of_the_release
from integration_tests.waiting import Patience
from tests.rehearsal.emulator.deployed import PIPELINE, PLACE, Deployed, deployed

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

SECONDS = 0.3
"""How long the checks wait here for what will not come."""


class EnvironmentUnderTest:
    """Each check of the account as a method, told what the pipeline tells it unless a test says otherwise."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.told, mistakes = read_account_variables(deployed.variables | {"AWS_ENDPOINT_URL": deployed.cloud.endpoint})
        assert not mistakes
        self.account = self.sign_in(10)
        """The clients that the checks ask."""

    def owner(self, service: str) -> Any:
        """Return a client that may change anything in the account."""
        return self.deployed.client(service)

    def sign_in(self, seconds: float = SECONDS, *, endpoint: str | None = None) -> Account:
        """Sign in as the integration tests do, in a build that has the pipeline's credentials."""
        build = self.deployed.cloud.environment(PLACE.region, PIPELINE)
        told = self.told
        if endpoint:
            build |= {"AWS_ENDPOINT_URL": endpoint}
            told = replace(told, endpoint_url=endpoint)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in build.items():
                patch.setenv(name, value)
            return sign_in(told, environment="dev", patience=_patience(seconds))

    def targets(self, seconds: float = SECONDS) -> None:
        targets_are_healthy(
            self.account.elbv2,
            target_group_arn=self.told.target_group_arn,
            region=PLACE.region,
            patience=_patience(seconds),
        )

    def service(self, seconds: float = SECONDS) -> None:
        service_is_steady(
            self.account.ecs,
            cluster=self.told.cluster_name,
            service=self.told.service_name,
            task_definition_arn=self.told.task_definition_arn,
            region=PLACE.region,
            patience=_patience(seconds),
        )

    def tasks(self, seconds: float = SECONDS) -> str:
        return tasks_are_of_the_release(
            self.account.ecs,
            cluster=self.told.cluster_name,
            service=self.told.service_name,
            task_definition_arn=self.told.task_definition_arn,
            region=PLACE.region,
            patience=_patience(seconds),
        )

    def alarms(self, seconds: float = SECONDS) -> None:
        no_alarm_fires(
            self.account.cloudwatch,
            name_prefix=self.told.alarm_name_prefix,
            region=PLACE.region,
            patience=_patience(seconds),
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
        database_is_as_asked(
            self.account.rds,
            identifier=identifier or self.told.database_id,
            multi_az=self.told.database_multi_az if multi_az is None else multi_az,
            backup_days=backup_days or self.told.database_backup_days,
            deletion_protection=self.told.database_deletion_protection
            if deletion_protection is None
            else deletion_protection,
            region=PLACE.region,
            patience=_patience(seconds),
        )

    def rotation(self, seconds: float = SECONDS, *, every_days: int | None = None) -> None:
        password_is_rotated(
            self.account.rds,
            self.account.secretsmanager,
            database=self.told.database_id,
            every_days=every_days or self.told.password_rotation_days,
            region=PLACE.region,
            patience=_patience(seconds),
        )

    def cache(
        self,
        seconds: float = SECONDS,
        *,
        identifier: str | None = None,
        multi_az: bool | None = None,
        nodes: int | None = None,
    ) -> None:
        cache_is_as_asked(
            self.account.elasticache,
            identifier=identifier or self.told.cache_id,
            multi_az=self.told.cache_multi_az if multi_az is None else multi_az,
            nodes=nodes or self.told.cache_nodes,
            snapshot_days=self.told.cache_snapshot_days,
            region=PLACE.region,
            patience=_patience(seconds),
        )

    def stacks(self, seconds: float = SECONDS, *, more: tuple[str, ...] = ()) -> None:
        stacks_stand(
            self.account.cloudformation,
            names=(*self.told.stack_names, *more),
            region=PLACE.region,
            patience=_patience(seconds),
        )

    def drift(self, *, more: tuple[str, ...] = ()) -> Drift:
        names = (*self.told.stack_names, *more)
        return known_drift(self.account.cloudformation, names=names, region=PLACE.region)


@contextmanager
def environment_under_test(assembly: "CloudAssembly", directory: Path) -> Generator[EnvironmentUnderTest, None, None]:
    """Deploy the environment and sign in as the integration tests do; nothing of it is left afterwards."""
    with deployed(assembly, directory) as found:
        yield EnvironmentUnderTest(found)


def _patience(seconds: float) -> Patience:
    return Patience(deadline_seconds=seconds, first_pause=0.02, longest_pause=0.1)

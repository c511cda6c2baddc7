"""Examines real accounts before the first push, each finding with its fix."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from operations.accounts import Accounts, Unreachable
from operations.assembly import Assembly, Place
from operations.checks.bootstrap import check_bootstrap
from operations.checks.certificates import check_certificates
from operations.checks.connection import check_connection
from operations.checks.engines import check_engines
from operations.checks.quotas import check_quotas
from operations.checks.service_roles import check_service_roles
from operations.checks.site import Check, Site
from operations.findings import Finding, unchecked

EVERYWHERE: Final[dict[str, Check]] = {
    "bootstrap": check_bootstrap,
    "quotas": check_quotas,
    "service-linked roles": check_service_roles,
    "engine versions": check_engines,
    "certificates": check_certificates,
}
"""What is looked at in every place; each yields nothing where nothing of its kind is to be deployed."""


def examine(assembly: Assembly, accounts: Accounts, *, only: str | None = None) -> Iterator[tuple[Place, Finding]]:
    """Yield what is found in every place, or in those of the account `only`."""
    for place in assembly.places():
        if only in (None, place.account):
            for finding in _examine(assembly, accounts, place):
                yield place, finding


def _examine(assembly: Assembly, accounts: Accounts, place: Place) -> Iterator[Finding]:
    role = next((stack.lookup_role_arn for stack in assembly.at(place) if stack.lookup_role_arn), None)
    site = Site(place, assembly, partial(_client, accounts, place.account, role))
    checks = {**EVERYWHERE, "connection": check_connection} if place == assembly.home else EVERYWHERE
    for what, check in checks.items():
        try:
            yield from check(site)
        except Unreachable as reason:
            yield unchecked(
                f"could not be examined: {reason}",
                f"bootstrap it, or look with its own credentials: AWS_PROFILE=… make doctor "
                f"ARGS='--account {place.account}'",
            )
            return
        except (BotoCoreError, ClientError) as error:
            yield unchecked(f"{what} could not be examined: {error}", "look with credentials that may read this")


def _client(accounts: Accounts, account: str, role: str | None, service: str, region: str) -> Any:
    return accounts.client(service, Place(account, region), role_arn=role)

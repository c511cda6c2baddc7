"""Checks real accounts before the first push; each finding has a fix."""

from collections.abc import Iterator
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import Assembly, AwsEnvironment
from jobs.aws_errors import THROTTLED, code_of, is_denied
from tools.accounts.accounts import Accounts, Unreachable
from tools.accounts.checks.bootstrap import check_bootstrap
from tools.accounts.checks.builds import check_builds
from tools.accounts.checks.certificates import check_certificates
from tools.accounts.checks.connection import check_connection
from tools.accounts.checks.context import Check, CheckContext
from tools.accounts.checks.distributions import check_distributions
from tools.accounts.checks.engines import check_engines
from tools.accounts.checks.left_behind import check_left_behind
from tools.accounts.checks.quotas import check_quotas
from tools.accounts.checks.service_roles import check_service_roles
from tools.accounts.checks.zones import check_zones
from tools.accounts.findings import Finding, unchecked

EVERYWHERE: Final[dict[str, Check]] = {
    "bootstrap": check_bootstrap,
    "quotas": check_quotas,
    "service-linked roles": check_service_roles,
    "engine versions": check_engines,
    "zones and machines": check_zones,
    "certificates": check_certificates,
    "CloudFront": check_distributions,
    "stacks left behind": check_left_behind,
}
"""The checks of every account and region; each yields nothing if it does not apply."""

AT_HOME: Final[dict[str, Check]] = {"connection": check_connection, "concurrent builds": check_builds}
"""Additional checks of the pipeline's account and region."""


def examine(
    assembly: Assembly, accounts: Accounts, *, only: str | None = None
) -> Iterator[tuple[AwsEnvironment, Finding]]:
    """Yield the findings of every account and region, or of the account `only`."""
    for aws_environment in assembly.aws_environments:
        if only in (None, aws_environment.account):
            for finding in _examine(assembly, accounts, aws_environment):
                yield aws_environment, finding


def _examine(assembly: Assembly, accounts: Accounts, aws_environment: AwsEnvironment) -> Iterator[Finding]:
    context = CheckContext.of(assembly, accounts, aws_environment)
    checks = {**EVERYWHERE, **AT_HOME} if aws_environment == assembly.home else EVERYWHERE
    for what, check in checks.items():
        try:
            yield from check(context)
        except Unreachable as reason:
            yield unchecked(
                f"could not be checked: {reason}",
                "bootstrap it, or use its own credentials: "
                f"AWS_PROFILE=… make doctor ARGS='--account {aws_environment.account}'",
            )
            return
        except (BotoCoreError, ClientError) as error:
            yield unexamined(what, error)


def unexamined(what: str, error: BotoCoreError | ClientError) -> Finding:
    """Return the finding for a check that failed; the fix depends on whether AWS denied or throttled it."""
    if code_of(error) in THROTTLED:
        fix = "AWS throttled the call: run it again in a minute"
    elif is_denied(error):
        fix = "use credentials with permission to read this"
    else:
        fix = "run it again; if it persists, check the service in the console"
    return unchecked(f"{what} could not be checked: {error}", fix)

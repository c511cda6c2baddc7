"""The commands that install the pipeline: one for every account and region to bootstrap, one to deploy."""

import ipaddress
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from execution_policies.generate import STACK, AccountPolicies
from settings import Settings, SettingsError

EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
"""CloudFormation's policy in a bootstrapped account unless `[pipeline] execution` is `"least-privilege"`.

Anyone who can push to the repository's branch can then change everything in the account.
"""

TEMPLATES = Path("cdk.out", "execution-policies")
"""The folder with a template of policies for each account."""


@dataclass(frozen=True)
class Command:
    """One command, and the account whose credentials it needs."""

    account: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.arguments)


def bootstrap_commands(settings: Settings, policies: Sequence[AccountPolicies] | None = None) -> list[Command]:
    """Return a `cdk bootstrap` for every account and region, the pipeline's own account first.

    The pipeline's account is bootstrapped in every environment's region too, for the artifacts copied there; the
    environments' accounts trust it for deployments and lookups. With `policies`, each account's are deployed before its
    first bootstrap and replace AdministratorAccess. Raises SettingsError for an account without policies.
    """
    home = settings.pipeline.account
    environments = settings.in_all_regions()
    places = dict.fromkeys(
        [
            (home, settings.pipeline.region),
            *((home, region) for environment in environments for region in environment.regions),
            *((environment.account, region) for environment in environments for region in environment.regions),
        ]
    )
    if policies is None:
        return [_bootstrap(account, region, home=home, policies=EXECUTION_POLICY) for account, region in places]
    by_account = {one.account: one for one in policies}
    if missing := {account for account, _ in places} - set(by_account):
        raise SettingsError(
            [f"cdk.out has no stacks for {', '.join(sorted(missing))}; synthesize again: make assembly"]
        )
    commands: list[Command] = []
    for account, region in places:
        own = by_account[account]
        if not any(command.account == account for command in commands):
            commands.append(deploy_policies(own))
        commands.append(_bootstrap(account, region, home=home, policies=",".join(own.arns)))
    return commands


def template_file(account: str) -> Path:
    """Return the file of an account's template of policies."""
    return TEMPLATES / f"{account}.json"


def deploy_policies(policies: AccountPolicies) -> Command:
    """Return the command that deploys an account's policies; it needs an administrator's credentials."""
    return Command(
        account=policies.account,
        arguments=(
            *("aws", "cloudformation", "deploy", "--stack-name", STACK),
            *("--template-file", str(template_file(policies.account)), "--region", policies.region),
            *("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"),
        ),
    )


def deploy_command(settings: Settings) -> Command:
    """Return the `cdk deploy` that installs the pipeline; from then on it updates itself."""
    arguments = ("cdk", "deploy", "yawl-delivery", "--require-approval", "never")
    return Command(account=settings.pipeline.account, arguments=arguments)


def _bootstrap(account: str, region: str, *, home: str, policies: str) -> Command:
    trust = () if account == home else ("--trust", home, "--trust-for-lookup", home)
    return Command(
        account=account,
        arguments=(
            *("cdk", "bootstrap", f"aws://{account}/{region}"),
            # A bootstrap needs no app; with one, the CLI would synthesize it first, every time.
            *("--app", ""),
            *("--cloudformation-execution-policies", policies),
            *trust,
        ),
    )


def uses_emulated_aws(environment: Mapping[str, str]) -> bool:
    """Return whether `AWS_ENDPOINT_URL` is on this machine's loopback."""
    host = urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def emulated_credentials(account: str) -> dict[str, str]:
    """Return credentials for `account`: the emulator takes a 12-digit access key as the account."""
    return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "emulated", "AWS_SESSION_TOKEN": ""}

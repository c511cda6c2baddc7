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
"""What CloudFormation may do in a bootstrapped account unless `[pipeline] execution` is `"least-privilege"`.

Whoever can change the repository's branch can then change all of the account.
"""

TEMPLATES = Path("cdk.out", "execution-policies")
"""Where the templates of the stacks are written that hold the policies, one for each account."""


@dataclass(frozen=True)
class Command:
    """One command, and the account whose credentials it needs."""

    account: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.arguments)


def bootstrap_commands(settings: Settings, policies: Sequence[AccountPolicies] | None = None) -> list[Command]:
    """Return a `cdk bootstrap` for every account and region, the pipeline's own account first.

    That account needs a bootstrap in every region that stacks of an environment are in, for the artifacts copied there;
    the environments' accounts let it deploy to them and look values up. With `policies`, each account's are deployed
    there before its first bootstrap, and CloudFormation is allowed nothing else. Raises SettingsError for an account
    that they leave out.
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
    """Return where the template with an account's policies is written."""
    return TEMPLATES / f"{account}.json"


def deploy_policies(policies: AccountPolicies) -> Command:
    """Return the command that puts an account's policies there, with the credentials of its administrator."""
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


def leads_to_emulator(environment: Mapping[str, str]) -> bool:
    """Tell whether `AWS_ENDPOINT_URL` names this machine; what answers there cannot be the real AWS."""
    host = urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def emulated_credentials(account: str) -> dict[str, str]:
    """Return the variables that make the emulator act in `account`: it takes an access key of 12 digits for one."""
    return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "emulated", "AWS_SESSION_TOKEN": ""}

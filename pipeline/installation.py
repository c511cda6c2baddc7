"""The `cdk` commands that install the pipeline: one for every account and region to bootstrap, one to deploy."""

import shlex
from dataclasses import dataclass

from settings import Settings

EXECUTION_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
"""What CloudFormation may do in a bootstrapped account.

It creates roles, keys and networks, so little less would do; whoever can change the repository's branch can therefore
change the account. An organization narrows this with permissions boundaries or service control policies.
"""


@dataclass(frozen=True)
class Command:
    """One `cdk` command, and the account whose credentials it needs."""

    account: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.arguments)


def bootstrap_commands(settings: Settings) -> list[Command]:
    """Return a `cdk bootstrap` for every account and region, the pipeline's own account first.

    That account needs a bootstrap in every region that stacks of an environment are in, for the artifacts copied there;
    the environments' accounts let it deploy to them and look values up.
    """
    home = settings.pipeline.account
    environments = settings.in_all_regions()
    places = [
        (home, settings.pipeline.region),
        *((home, region) for environment in environments for region in environment.regions),
        *((environment.account, region) for environment in environments for region in environment.regions),
    ]
    return [_bootstrap(account, region, home=home) for account, region in dict.fromkeys(places)]


def deploy_command(settings: Settings) -> Command:
    """Return the `cdk deploy` that installs the pipeline; from then on it updates itself."""
    arguments = ("cdk", "deploy", "yawl-delivery", "--require-approval", "never")
    return Command(account=settings.pipeline.account, arguments=arguments)


def _bootstrap(account: str, region: str, *, home: str) -> Command:
    trust = () if account == home else ("--trust", home, "--trust-for-lookup", home)
    return Command(
        account=account,
        arguments=(
            *("cdk", "bootstrap", f"aws://{account}/{region}"),
            # A bootstrap needs no app; with one, the CLI would synthesize it first, every time.
            *("--app", ""),
            *("--cloudformation-execution-policies", EXECUTION_POLICY),
            *trust,
        ),
    )

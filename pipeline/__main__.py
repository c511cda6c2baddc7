"""Install the pipeline: `python -m pipeline bootstrap`, then `python -m pipeline deploy`, once.

Every command is printed before it runs. Exit codes: 0 done, 1 a command failed, 2 wrong usage or settings.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cloud_assembly import UserError
from execution_policies.generate import AccountPolicies, generate, table
from execution_policies.needs import BOUNDARY
from pipeline.installation import (
    Command,
    bootstrap_commands,
    deploy_command,
    emulated_credentials,
    template_file,
    uses_emulated_aws,
)
from settings import Settings, SettingsError, load
from settings.validation.example_accounts import example_accounts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        settings = load(Path("delivery.toml"))
        policies = _policies(options, settings)
        commands = _commands(options, settings, policies)
    except (SettingsError, UserError) as error:
        print(error, file=sys.stderr)
        return 2
    if policies:
        chosen = [one for one in policies if any(command.account == one.account for command in commands)]
        _show(chosen, whole=options.dry_run)
        if not options.dry_run:
            _write(chosen)
    for command in commands:
        print(f"+ {command}", flush=True)
        if not options.dry_run and not _run(command):
            print(_next_step(options, command), file=sys.stderr)
            return 1
    if policies and not settings.pipeline.has_least_privilege:
        print(
            'Before you deploy, add to delivery.toml: [pipeline] execution = "least-privilege". Without it, roles have '
            "no permissions boundary and CloudFormation is not allowed to create them."
        )
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="Install the delivery pipeline of delivery.toml by running the printed commands.",
        epilog=(
            "Commands use the current AWS credentials, such as those of AWS_PROFILE; they must belong to the command's "
            "account. If accounts have different credentials, bootstrap them one by one with --account. "
            "Exit codes: 0 done, 1 a command failed, 2 wrong usage or settings."
        ),
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="bootstrap|deploy")
    bootstrap = actions.add_parser(
        "bootstrap",
        help="bootstrap every account and region",
        description=(
            "Run cdk bootstrap in every account and region. Environments' accounts trust the pipeline's account. "
            "CloudFormation gets AdministratorAccess, or with --least-privilege only what the synthesized stacks need."
        ),
    )
    bootstrap.add_argument("--account", help="only this account")
    bootstrap.add_argument(
        "--least-privilege",
        action="store_true",
        help="allow CloudFormation only what the stacks in cdk.out need, as [pipeline] execution in delivery.toml does",
    )
    deploy = actions.add_parser("deploy", help="deploy the pipeline; from then on it updates itself")
    for action in (bootstrap, deploy):
        action.add_argument(
            "--dry-run", action="store_true", help="print the commands and the policies they deploy, but run nothing"
        )
    return parser.parse_args(arguments)


def _policies(options: argparse.Namespace, settings: Settings) -> list[AccountPolicies] | None:
    """Return CloudFormation's policies for each account; None: AdministratorAccess. Raises UserError."""
    if options.action != "bootstrap" or not (options.least_privilege or settings.pipeline.has_least_privilege):
        return None
    return generate(Path("cdk.out"), further_actions=settings.pipeline.execution_actions)


def _show(policies: Sequence[AccountPolicies], *, whole: bool) -> None:
    """Print the policies' sizes, and the policies themselves, a line for each statement."""
    for one in policies if whole else ():
        for name, policy in {**one.policies, BOUNDARY: one.boundary}.items():
            print(f"\n{one.account} {name}:")
            statements = ",\n  ".join(json.dumps(statement) for statement in policy["Statement"])
            print(f'{{"Version": "{policy["Version"]}", "Statement": [\n  {statements}\n]}}')
    print("", *table(policies), "", sep="\n", flush=True)


def _write(policies: Sequence[AccountPolicies]) -> None:
    for one in policies:
        file = template_file(one.account)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(one.template(), separators=(",", ":")))


def _commands(
    options: argparse.Namespace, settings: Settings, policies: Sequence[AccountPolicies] | None
) -> list[Command]:
    """Return the commands to run; raises SettingsError if they would fail."""
    if not options.dry_run and not uses_emulated_aws(os.environ) and (examples := example_accounts(settings)):
        raise SettingsError(
            [
                *(f"delivery.toml: {path}: {account} is an example account" for path, account in examples),
                "Nothing was run. Replace them with your own accounts; example accounts are for `make rehearse`.",
            ]
        )
    if options.action == "deploy":
        return [deploy_command(settings)]
    commands = bootstrap_commands(settings, policies)
    if options.account is None:
        return commands
    chosen = [command for command in commands if command.account == options.account]
    if not chosen:
        accounts = ", ".join(dict.fromkeys(command.account for command in commands))
        raise SettingsError([f"--account {options.account}: delivery.toml has only {accounts}"])
    return chosen


def _run(command: Command) -> bool:
    credentials = emulated_credentials(command.account) if uses_emulated_aws(os.environ) else {}
    return subprocess.run(command.arguments, env={**os.environ, **credentials}, check=False).returncode == 0


def _next_step(options: argparse.Namespace, command: Command) -> str:
    again = f"make {options.action}"
    if options.action == "bootstrap":
        least = "--least-privilege " if options.least_privilege else ""
        again = f"make bootstrap ARGS='{least}--account {command.account}'"
    return f"Failed: {command}\nTo continue, with credentials of account {command.account}: AWS_PROFILE=… {again}"


if __name__ == "__main__":
    sys.exit(main())

"""Install the pipeline: `python -m pipeline bootstrap`, then `python -m pipeline deploy`, once.

Every `cdk` command is printed before it runs. Exit codes: 0 done, 1 a command failed, 2 wrong usage or settings.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.emulator import emulated_credentials, leads_to_emulator
from pipeline.installation import Command, bootstrap_commands, deploy_command
from settings import Settings, SettingsError, load
from settings.example_accounts import example_accounts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        settings = load(Path("delivery.toml"))
        commands = _commands(options, settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    for command in commands:
        print(f"+ {command}", flush=True)
        if not options.dry_run and not _run(command):
            print(_next_step(options.action, command), file=sys.stderr)
            return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="Install the delivery pipeline that delivery.toml describes, with the cdk commands it prints.",
        epilog=(
            "Each command runs with the credentials in effect, AWS_PROFILE for example, which must be of the account "
            "it is for. Bootstrap accounts one by one with --account where each has credentials of its own. "
            "Exit codes: 0 done, 1 a command failed, 2 wrong usage or settings."
        ),
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="bootstrap|deploy")
    bootstrap = actions.add_parser(
        "bootstrap",
        help="prepare every account and region for deployments",
        description=(
            "Run cdk bootstrap in every account and region. Environments' accounts trust the pipeline's account, and "
            "CloudFormation may do there what AdministratorAccess allows, which creating roles and networks needs."
        ),
    )
    bootstrap.add_argument("--account", help="only this account")
    deploy = actions.add_parser("deploy", help="deploy the pipeline; from then on it updates itself")
    for action in (bootstrap, deploy):
        action.add_argument("--dry-run", action="store_true", help="print the commands and run none")
    return parser.parse_args(arguments)


def _commands(options: argparse.Namespace, settings: Settings) -> list[Command]:
    """Return the commands to run; raises SettingsError where they could only fail."""
    if not options.dry_run and not leads_to_emulator(os.environ) and (examples := example_accounts(settings)):
        raise SettingsError(
            [
                *(f"delivery.toml: {path}: {account} is an example account" for path, account in examples),
                "Nothing was run. Put your own accounts there; `make rehearse` is for these.",
            ]
        )
    if options.action == "deploy":
        return [deploy_command(settings)]
    commands = bootstrap_commands(settings)
    if options.account is None:
        return commands
    chosen = [command for command in commands if command.account == options.account]
    if not chosen:
        accounts = ", ".join(dict.fromkeys(command.account for command in commands))
        raise SettingsError([f"--account {options.account}: delivery.toml has only {accounts}"])
    return chosen


def _run(command: Command) -> bool:
    credentials = emulated_credentials(command.account) if leads_to_emulator(os.environ) else {}
    return subprocess.run(command.arguments, env={**os.environ, **credentials}, check=False).returncode == 0


def _next_step(action: str, command: Command) -> str:
    again = f"make {action} ARGS='--account {command.account}'" if action == "bootstrap" else f"make {action}"
    return f"Failed: {command}\nWith credentials of account {command.account}, go on with: AWS_PROFILE=… {again}"


if __name__ == "__main__":
    sys.exit(main())

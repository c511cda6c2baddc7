"""Operations on real accounts: `python -m tools.accounts doctor`, and `destroy` and `recover` with an ENVIRONMENT.

The exit codes are in each command's `--help`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import UserError, read
from jobs.aws_errors import explained
from tools.accounts import recovery
from tools.accounts.accounts import Accounts, Unreachable
from tools.accounts.deployed_stacks import stacks_of
from tools.accounts.destroy import carry_out, not_released, plan, setting_of, stacks_to_destroy
from tools.accounts.doctor import examine
from tools.accounts.errors import OperationError
from tools.accounts.findings import Finding, State
from tools.accounts.recovery_objectives import renewed
from tools.terminal import ask


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        return options.run(options)
    except UserError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.accounts", description="Operations on real accounts.")
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    doctor = commands.add_parser(
        "doctor",
        help="check the accounts before the first push",
        description=(
            "Check the accounts of delivery.toml with your current credentials. Other accounts are read through the "
            "bootstrap's lookup role. Nothing is changed."
        ),
        epilog=(
            "Exit codes: 0 ready; 1 something must be fixed; 2 bad input or no credentials; 3 nothing is wrong, but "
            "something could not be checked."
        ),
    )
    doctor.add_argument("--account", help="only this account")
    doctor.set_defaults(run=_doctor)
    destroy = commands.add_parser(
        "destroy",
        help="delete an environment, never production",
        description=(
            "Show which stacks will be deleted and which resources retained, ask for the environment's name, and "
            "delete the stacks. Credentials: the environment's or the pipeline's account."
        ),
        epilog=(
            "Exit codes: 0 deleted; 1 a stack could not be deleted; 2 bad input, not allowed, or no credentials; "
            "3 not confirmed."
        ),
    )
    destroy.add_argument("environment", help="its name in delivery.toml")
    destroy.add_argument("--confirm", metavar="NAME", help="confirm with the environment's name instead of being asked")
    destroy.set_defaults(run=_destroy)
    recover = commands.add_parser(
        "recover",
        help="recover an environment whose first deployment failed",
        description=(
            "Show, and after confirmation delete, unprotect or import, what prevents the environment's deployment: "
            "failed stacks, and resources whose names are in use. Healthy stacks are not touched. Credentials: the "
            "environment's account; the pipeline's account suffices if only stacks are deleted or imported into."
        ),
        epilog=(
            "Exit codes: 0 recovered, or nothing to do; 1 something could not be recovered, or AWS denied it; 2 bad "
            "input or no credentials; 3 not confirmed."
        ),
    )
    recover.add_argument("environment", help="its name in delivery.toml")
    recover.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    recover.set_defaults(run=_recover)
    objectives = commands.add_parser("objectives", help="write the recovery objectives into docs/RUNBOOKS.md")
    objectives.add_argument(
        "--document", type=Path, default=Path("docs/RUNBOOKS.md"), help="the document with the table"
    )
    objectives.set_defaults(run=_objectives)
    return parser.parse_args(arguments)


def _doctor(options: argparse.Namespace) -> int:
    assembly = read(options.assembly)
    known = list(dict.fromkeys(aws_environment.account for aws_environment in assembly.aws_environments))
    if options.account not in (None, *known):
        raise OperationError(f"--account {options.account} is not in delivery.toml; choose one of {', '.join(known)}")
    accounts = Accounts()
    print(f"checking with the credentials of {accounts.caller}", flush=True)
    found: list[Finding] = []
    shown = None
    for aws_environment, finding in examine(assembly, accounts, only=options.account):
        if aws_environment != shown:
            print(f"\n{aws_environment}")
            shown = aws_environment
        print(f"  {finding.state} {finding.text}", flush=True)
        if finding.fix:
            print(f"      fix: {finding.fix}", flush=True)
        found.append(finding)
    states = [finding.state for finding in found]
    wrong, unknown = states.count(State.TO_FIX), states.count(State.UNCHECKED)
    print(f"\n{wrong} to fix, {unknown} not checked, {states.count(State.GOOD)} good")
    return 1 if wrong else 3 if unknown else 0


def _destroy(options: argparse.Namespace) -> int:
    environment: str = options.environment
    assembly = read(options.assembly)
    stacks = stacks_to_destroy(environment, assembly)
    accounts = Accounts()
    again = f"AWS_PROFILE=… make destroy ENV={environment}, with a profile of the account {stacks[0].account}"
    try:
        agreed = plan(stacks, accounts)
    except (Unreachable, BotoCoreError, ClientError) as reason:
        raise OperationError(f"{explained(reason, again)}. Nothing was deleted") from None
    others = list(not_released(environment, assembly, accounts, again=again))
    if not agreed.deleted:
        print(f"{environment} has no deployed stacks: nothing to delete", *others, sep="\n")
        return 0
    print(f"{environment}, with the credentials of {accounts.caller}:", *agreed.lines(), *others, sep="\n", flush=True)
    setting = setting_of(environment, assembly)
    print(f"The next push deploys it again, unless you remove {setting} from delivery.toml first.")
    if _confirmation(options.confirm, environment) != environment:
        print("nothing was deleted")
        return 3
    try:
        for line in carry_out(agreed, accounts):
            print(line, flush=True)
    except (OperationError, Unreachable, BotoCoreError, ClientError) as error:
        print(f"destroy: {explained(error, again)}", file=sys.stderr)
        print(
            "Deleted stacks stay deleted. Fix the cause, then run it again: it resumes from here",
            file=sys.stderr,
        )
        return 1
    print(
        f"{environment} is deleted"
        + ("; retained resources are listed above" if agreed.retained or agreed.kept else "")
    )
    return 0


def _recover(options: argparse.Namespace) -> int:
    environment: str = options.environment
    assembly = read(options.assembly)
    stacks = stacks_of(environment, assembly)
    accounts = Accounts()
    again = f"AWS_PROFILE=… make recover ENV={environment}, with a profile of the account {stacks[0].account}"
    try:
        parts = recovery.plan(stacks, accounts)
    except (Unreachable, BotoCoreError, ClientError) as error:
        print(f"recover: {explained(error, again)}. Nothing was changed", file=sys.stderr)
        return 1
    if not parts:
        print(f"{environment} needs no recovery")
        return 0
    print(f"{environment}, with the credentials of {accounts.caller}:")
    for part in parts:
        print(*part.lines(), sep="\n")
    if any(part.touches_resources and part.stack.account != accounts.account for part in parts):
        print(f"The deploy role can delete stacks, but not single resources. If AWS denies it: {again}")
    sys.stdout.flush()
    acting = [part for part in parts if part.acts]
    blocked = any(part.blocked for part in parts)
    if acting:
        if not options.yes and ask(f"Type {environment} to do this: ") != environment:
            print("nothing was changed")
            return 3
        done: list[str] = []
        try:
            for line in recovery.carry_out(acting, accounts):
                done.append(line)
                print(line, flush=True)
        except (OperationError, Unreachable, BotoCoreError, ClientError) as error:
            print(f"recover: {explained(error, again)}", file=sys.stderr)
            print("Completed steps are kept. Run it again: it resumes from here", file=sys.stderr)
            # A generated name that belongs to no stack is not found on the next run.
            for left in recovery.not_yet_deleted(acting, done):
                print(f"Not deleted yet; the next run may not find it, so delete it by hand: {left}", file=sys.stderr)
            return 1
        print(f"Next, let the pipeline deploy again: {recovery.retry_command(acting, assembly)}")
    if blocked:
        print("recover: fix what is BLOCKED above by hand, then run it again", file=sys.stderr)
    return 1 if blocked else 0


def _objectives(options: argparse.Namespace) -> int:
    document: Path = options.document
    try:
        document.write_text(renewed(document.read_text(), read(options.assembly)))
    except (OSError, ValueError) as error:
        raise OperationError(f"{document}: {error}") from None
    print(f"written: {document}")
    return 0


def _confirmation(given: str | None, environment: str) -> str:
    return ask(f"Type {environment} to delete these stacks: ") if given is None else given


if __name__ == "__main__":
    sys.exit(main())

"""Operations on real accounts: `python -m tools.accounts doctor`, and `destroy` and `recover` with an ENVIRONMENT.

Exit codes of the doctor: 0 ready, 1 something must be fixed, 2 bad input or no credentials, 3 nothing was found wrong
but not everything could be examined. Of destroy: 0 taken down, 1 a stack could not be deleted, 2 bad input, refused or
no credentials, 3 nobody confirmed it. Of recover: 0 recovered, or nothing to do, 1 something could not be recovered, or
AWS refused it, 2 bad input or no credentials, 3 nobody confirmed it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tools.accounts import recover
from tools.accounts.accounts import Accounts, Unreachable
from tools.accounts.assembly import read
from tools.accounts.deployed_stacks import stacks_of
from tools.accounts.destroy import carry_out, plan, stacks_to_destroy
from tools.accounts.doctor import examine
from tools.accounts.errors import OperationError, explained
from tools.accounts.findings import Finding, State
from tools.accounts.recovery_objectives import renewed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        return options.run(options)
    except OperationError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.accounts", description="Operations on real accounts.")
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="what is synthesized (cdk.out)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    doctor = commands.add_parser(
        "doctor",
        help="examine the accounts before the first push",
        description=(
            "Examine the accounts of delivery.toml with the credentials in effect. They read their own account, and "
            "others through the role that a bootstrap made for the pipeline's account. Nothing is changed."
        ),
        epilog=(
            "Exit codes: 0 ready, 1 something must be fixed, 2 bad input or no credentials, 3 nothing was found wrong "
            "but not everything could be examined."
        ),
    )
    doctor.add_argument("--account", help="only this account")
    doctor.set_defaults(run=_doctor)
    destroy = commands.add_parser(
        "destroy",
        help="take an environment down, never prod",
        description=(
            "Delete the environment's stacks, each before those it was built on, after showing what goes and what "
            "stays and asking for its name. Credentials: those of the environment's account or of the pipeline's."
        ),
        epilog=(
            "Exit codes: 0 taken down, 1 a stack could not be deleted, 2 bad input, refused or no credentials, 3 "
            "nobody confirmed it."
        ),
    )
    destroy.add_argument("environment", help="its name in delivery.toml")
    destroy.add_argument("--confirm", metavar="NAME", help="the name again, instead of being asked for it")
    destroy.set_defaults(run=_destroy)
    recovery = commands.add_parser(
        "recover",
        help="recover an environment whose first deployment failed",
        description=(
            "Delete, unprotect and import what stands in the way of deploying an environment again, after showing it "
            "and asking: stacks that failed, and names that an earlier environment left in use. Stacks that serve are "
            "not touched. Credentials: those of the environment's account; the pipeline's are enough where only stacks "
            "are deleted or imported into."
        ),
        epilog=(
            "Exit codes: 0 recovered, or nothing to do, 1 something could not be recovered, or AWS refused it, 2 bad "
            "input or no credentials, 3 nobody confirmed it."
        ),
    )
    recovery.add_argument("environment", help="its name in delivery.toml")
    recovery.add_argument("--yes", action="store_true", help="do it without asking")
    recovery.set_defaults(run=_recover)
    objectives = commands.add_parser("objectives", help="write the recovery objectives into docs/RUNBOOKS.md")
    objectives.add_argument("--document", type=Path, default=Path("docs/RUNBOOKS.md"), help="where the table stands")
    objectives.set_defaults(run=_objectives)
    return parser.parse_args(arguments)


def _doctor(options: argparse.Namespace) -> int:
    assembly = read(options.assembly)
    known = list(dict.fromkeys(place.account for place in assembly.places()))
    if options.account not in (None, *known):
        raise OperationError(f"--account {options.account}: only {', '.join(known)} are deployed to")
    accounts = Accounts()
    print(f"examining with the credentials of {accounts.caller}", flush=True)
    found: list[Finding] = []
    shown = None
    for place, finding in examine(assembly, accounts, only=options.account):
        if place != shown:
            print(f"\n{place}")
            shown = place
        print(f"  {finding.state} {finding.text}", flush=True)
        if finding.fix:
            print(f"      fix: {finding.fix}", flush=True)
        found.append(finding)
    states = [finding.state for finding in found]
    wrong, unknown = states.count(State.TO_FIX), states.count(State.UNCHECKED)
    print(f"\n{wrong} to fix, {unknown} not examined, {states.count(State.GOOD)} good")
    return 1 if wrong else 3 if unknown else 0


def _destroy(options: argparse.Namespace) -> int:
    environment: str = options.environment
    stacks = stacks_to_destroy(environment, read(options.assembly))
    accounts = Accounts()
    try:
        agreed = plan(stacks, accounts)
    except (Unreachable, BotoCoreError, ClientError) as reason:
        raise OperationError(str(reason)) from None
    if not agreed.deleted:
        print(f"nothing of {environment} is there")
        return 0
    print(f"{environment}, with the credentials of {accounts.caller}:", *agreed.lines(), sep="\n", flush=True)
    print(f"The next push makes it anew, unless [environments.{environment}] is taken out of delivery.toml before.")
    if _confirmation(options.confirm, environment) != environment:
        print("nothing was deleted")
        return 3
    try:
        for line in carry_out(agreed, accounts):
            print(line, flush=True)
    except (OperationError, Unreachable, BotoCoreError, ClientError) as error:
        print(f"destroy: {error}", file=sys.stderr)
        print(
            "What is gone is gone. Remove what stands in the way, and run it again: it goes on from here",
            file=sys.stderr,
        )
        return 1
    print(f"{environment} is down" + ("; what it retains is listed above" if agreed.retained or agreed.kept else ""))
    return 0


def _recover(options: argparse.Namespace) -> int:
    environment: str = options.environment
    assembly = read(options.assembly)
    stacks = stacks_of(environment, assembly)
    accounts = Accounts()
    again = f"AWS_PROFILE=… make recover ENV={environment}, with a profile of the account {stacks[0].place.account}"
    try:
        parts = recover.plan(stacks, accounts)
    except (Unreachable, BotoCoreError, ClientError) as error:
        print(f"recover: {explained(error, again)}. Nothing was changed", file=sys.stderr)
        return 1
    if not parts:
        print(f"nothing of {environment} needs to be recovered")
        return 0
    print(f"{environment}, with the credentials of {accounts.caller}:")
    for part in parts:
        print(*part.lines(), sep="\n")
    if any(part.touches_resources and part.stack.place.account != accounts.account for part in parts):
        print(f"The role that deploys may delete stacks, and no resources by themselves. If AWS refuses: {again}")
    sys.stdout.flush()
    acting = [part for part in parts if part.acts]
    blocked = any(part.blocked for part in parts)
    if acting:
        if not options.yes and _answer(f"Type {environment} to do this: ") != environment:
            print("nothing was changed")
            return 3
        done: list[str] = []
        try:
            for line in recover.carry_out(acting, accounts):
                done.append(line)
                print(line, flush=True)
        except (OperationError, Unreachable, BotoCoreError, ClientError) as error:
            print(f"recover: {explained(error, again)}", file=sys.stderr)
            print("Completed steps are kept. Run it again: it resumes from here", file=sys.stderr)
            # Of what no stack holds any more, a name that AWS made up is found by nobody.
            for left in recover.not_yet_deleted(acting, done):
                print(f"Not deleted yet, and perhaps not found again: {left}", file=sys.stderr)
            return 1
        print(f"Next, let the pipeline deploy again: {recover.retry_command(acting, assembly)}")
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
    return _answer(f"Type {environment} to delete these stacks: ") if given is None else given


def _answer(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        print()
        return ""


if __name__ == "__main__":
    sys.exit(main())

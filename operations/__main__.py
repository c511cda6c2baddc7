"""Operations on real accounts: `python -m operations doctor`.

Exit codes of the doctor: 0 ready, 1 something must be fixed, 2 bad input or no credentials, 3 nothing was found wrong
but not everything could be examined.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from operations.accounts import Accounts
from operations.assembly import read
from operations.doctor import examine
from operations.errors import OperationError
from operations.findings import Finding, State


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parse(arguments)
    try:
        return options.run(options)
    except OperationError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m operations", description="Operations on real accounts.")
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


if __name__ == "__main__":
    sys.exit(main())

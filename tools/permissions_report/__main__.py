"""Report whether each Allow statement is needed: `python -m tools.permissions_report [--assembly FOLDER]`.

A statement is needed if a call is denied without it: a call by an AWS service, by our own code, by the CDK CLI or, with
`--recorded`, by a rehearsal. Exit codes: 0 every statement is needed or has a reason, and no call is denied; 1
otherwise, or fewer than 95 % are needed; 2 bad input.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cloud_assembly import UserError
from rehearsal.emulator.permissions import evaluation
from rehearsal.emulator.permissions.policy import Statement, managed_policy
from rehearsal.emulator.permissions.service_calls.account_policies import AccountPolicies
from rehearsal.emulator.permissions.service_calls.synthesized import BOOTSTRAP_STACK
from rehearsal.emulator.permissions.service_calls.table import TABLE, calls_of
from tools.permissions_report import assembly
from tools.permissions_report.accepted import reason_for
from tools.permissions_report.evaluate import Findings, examine
from tools.permissions_report.our_calls import OUR_CALLS
from tools.permissions_report.recorded import used_statements

ENOUGH_PERCENT = 95


def findings_of(folder: Path, recorded: Path | None = None) -> Findings:
    """Examine an assembly; raises UserError."""
    resources = assembly.read(folder)
    own = assembly.ours(resources)
    policies = AccountPolicies(resources, managed_policy)
    calls = calls_of(resources, own, [*TABLE, *OUR_CALLS])
    found = examine(policies, calls, ignored=[f"{BOOTSTRAP_STACK}/"])
    if recorded:
        used = used_statements(recorded)
        found.used = [item for item in found.unneeded() if (item.policy, item.index) in used]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.permissions_report", description=__doc__)
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="the cloud assembly (cdk.out)")
    parser.add_argument("--recorded", type=Path, help="the JSON report of a rehearsal, to include its calls")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    options = parser.parse_args(arguments)
    try:
        found = findings_of(options.assembly, options.recorded)
    except UserError as error:
        print(f"permissions: {error}", file=sys.stderr)
        return 2
    composed = compose(found)
    print(json.dumps(composed, indent=2) if options.json else in_words(composed))
    good = not composed["refused"] and not composed["unneeded"] and composed["percent"] >= ENOUGH_PERCENT
    return 0 if good else 1


def compose(found: Findings) -> dict[str, Any]:
    """Return the findings as a JSON document."""
    unneeded = [item for item in found.unneeded() if item not in found.used]
    needed = len(found.statements) - len(unneeded)
    return {
        "calls": found.evaluated,
        "rows": len(TABLE) + len(OUR_CALLS),
        "statements": len(found.statements),
        "needed": needed,
        "needed_by_recorded_calls_only": len(found.used),
        "percent": round(100 * needed / len(found.statements), 1) if found.statements else 100.0,
        "kinds": _kinds(found),
        "kept": [{**_named(item), "reason": reason_for(item)} for item in unneeded if reason_for(item)],
        "unneeded": [_named(item) for item in unneeded if not reason_for(item)],
        "refused": list(
            dict.fromkeys(
                f"{evaluation.refusal(decision)} ({call.row.service}, {call.row.name}; {call.row.source})"
                for call, decision in found.refused
            )
        ),
    }


def share(document: dict[str, Any]) -> str:
    """Return the share of needed statements as one line."""
    return (
        f"permissions: {document['needed']} of {document['statements']} Allow statements are needed "
        f"({document['percent']} %); {document['calls']:,} calls from {document['rows']} table rows evaluated"
    )


def in_words(document: dict[str, Any]) -> str:
    """Return the document as text for people."""
    kinds = ", ".join(f"{kind} {needed} of {count}" for kind, (needed, count) in document["kinds"].items())
    lines = [share(document), f"  {kinds}"]
    if document["kept"]:
        lines.append(f"{len(document['kept'])} are not needed but kept:")
        reasons = Counter(item["reason"] for item in document["kept"])
        lines += [f"  {count}: {reason}" for reason, count in reasons.items()]
    if document["unneeded"]:
        lines.append(f"{len(document['unneeded'])} are not needed by any call; remove them, or add a reason to")
        lines.append("tools/permissions_report/accepted.py:")
        lines += [f"  {item['policy']} #{item['index']}: {', '.join(item['actions'])}" for item in document["unneeded"]]
    if document["refused"]:
        lines.append(f"{len(document['refused'])} calls would be denied:")
        lines += [f"  {text}" for text in document["refused"]]
    return "\n".join(lines)


def _kinds(found: Findings) -> dict[str, list[int]]:
    kinds: dict[str, list[int]] = {}
    for item in found.statements:
        trust = item.policy.endswith("/AssumeRolePolicyDocument")
        kind = "trust" if trust else "identity-based" if item.principal is None else "resource-based"
        counts = kinds.setdefault(kind, [0, 0])
        counts[0] += item in found.needed or item in found.used
        counts[1] += 1
    return kinds


def _named(statement: Statement) -> dict[str, Any]:
    return {"policy": statement.policy, "index": statement.index, "actions": list(statement.actions)}


if __name__ == "__main__":
    sys.exit(main())

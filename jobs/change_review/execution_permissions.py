"""Finds permissions that CloudFormation lacks for a release.

If `[pipeline] execution` is `"least-privilege"`, synthesis writes the required permissions beside the templates, and an
account grants those of its last bootstrap. A missing permission would fail the deployment half-way.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cloud_assembly import Stack, UserError
from execution_policies.coverage import lacks
from jobs.change_review.deployed_stacks import Reader
from jobs.change_review.findings import Finding, fingerprint

FILE: Final = "execution-policies.json"
"""Required permissions by account; written by execution_policies/generate.py."""
SUBJECT: Final = "execution"

_MAX_LINES: Final = 20


def missing_permissions(assembly: Path, released: Sequence[Stack], reader: Reader) -> Iterator[Finding]:
    """Yield a finding for each account and region where CloudFormation lacks permissions for the release.

    Raises UserError when an account cannot be read. Without the file, CloudFormation has administrator access.
    """
    try:
        needed = json.loads((assembly / FILE).read_text())["accounts"]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{assembly / FILE} cannot be read: {error!r}; synthesize again, with make synth") from None
    for stack in {(one.account, one.region): one for one in released}.values():
        lines = list(_missing(needed[stack.account], stack, reader))
        if lines:
            more = [f"and {len(lines) - _MAX_LINES} more"] if len(lines) > _MAX_LINES else []
            yield Finding(
                stack=stack.name,
                subject=SUBJECT,
                title=f"CloudFormation lacks permissions in {stack.account}, {stack.region} for this release: "
                + grant(stack.account),
                details=(*lines[:_MAX_LINES], *more),
                change=fingerprint(stack.account, stack.region, lines),
                command=grant(stack.account),
            )


def grant(account: str) -> str:
    """Return the command that grants what is missing in the account."""
    return f"make bootstrap ARGS='--least-privilege --account {account}'"


def _missing(needed: Mapping[str, Any], stack: Stack, reader: Reader) -> Iterator[str]:
    policies = [one["document"] for one in needed["policies"]]
    yield from (f"+ {one}" for one in lacks(policies, reader.execution_policies(stack)))
    boundary = needed["boundary"]
    deployed = reader.policy(stack, boundary["name"])
    if deployed is None:
        yield f"+ {boundary['name']}, the permissions boundary of all roles, does not exist"
    else:
        yield from (f"+ {one}, in the permissions boundary" for one in lacks([boundary["document"]], [deployed]))

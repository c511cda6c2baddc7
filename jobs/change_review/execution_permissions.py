"""Whether CloudFormation may do, in the accounts of a release, what deploying it takes.

Where `[pipeline] execution` is `"least-privilege"`, synthesis has written that beside the templates; the account grants
what its last bootstrap found. What is missing would end the deployment half-way.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from execution_policies.coverage import lacks
from jobs.change_review.assembly import ReleasedStack
from jobs.change_review.deployed_stacks import Reader
from jobs.change_review.errors import ReviewError
from jobs.change_review.findings import Finding, fingerprint

FILE: Final = "execution-policies.json"
"""What is needed, by account; execution_policies/generate.py writes it."""
SUBJECT: Final = "execution"

_MOST_LINES: Final = 20


def missing_permissions(assembly: Path, released: Sequence[ReleasedStack], reader: Reader) -> Iterator[Finding]:
    """Yield a finding for each account and region where CloudFormation may not do what the release takes.

    Raises ReviewError when an account cannot be read. An assembly without the file needs nothing: there CloudFormation
    is an administrator.
    """
    try:
        needed = json.loads((assembly / FILE).read_text())["accounts"]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError) as error:
        raise ReviewError(f"{assembly / FILE} cannot be read: {error!r}; synthesize again, with make synth") from None
    for stack in {(one.account, one.region): one for one in released}.values():
        lines = list(_lacking(needed[stack.account], stack, reader))
        if lines:
            more = [f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
            yield Finding(
                stack=stack.name,
                subject=SUBJECT,
                title=f"CloudFormation may not do all in {stack.account}, {stack.region} that this release needs: "
                + grant(stack.account),
                details=(*lines[:_MOST_LINES], *more),
                change=fingerprint(stack.account, stack.region, lines),
                command=grant(stack.account),
            )


def grant(account: str) -> str:
    """Return the command that grants what is missing in the account."""
    return f"make bootstrap ARGS='--least-privilege --account {account}'"


def _lacking(needed: Mapping[str, Any], stack: ReleasedStack, reader: Reader) -> Iterator[str]:
    policies = [one["document"] for one in needed["policies"]]
    yield from (f"+ {one}" for one in lacks(policies, reader.execution_policies(stack)))
    boundary = needed["boundary"]
    deployed = reader.policy(stack, boundary["name"])
    if deployed is None:
        yield f"+ {boundary['name']}, the policy that limits every role, is not there"
    else:
        yield from (f"+ {one}, for roles of ours" for one in lacks([boundary["document"]], [deployed]))

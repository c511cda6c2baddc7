"""How to allow what CloudFormation, or a role that it created, was denied."""

import re
from typing import Final

_DENIED: Final = re.compile(
    r"arn:[\w-]+:sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/\s]+)/\S+ "
    r"is not authorized to perform: (?P<action>[\w-]+:\w+)"
)
"""AWS's message (IAM User Guide, "Troubleshoot access denied error messages")."""
_BY_THE_BOUNDARY: Final = "no permissions boundary allows"
_BY_A_DENY: Final = "explicit deny"


def grant(text: str) -> str:
    """Return the command that allows the denied action, as a sentence to append; empty if no command does.

    `make bootstrap` can only extend the policies that it deploys: those of CloudFormation's role, and the boundary of
    the roles that it creates. It cannot lift an explicit deny, such as an organization's.
    """
    found = _DENIED.search(text)
    if found is None or _BY_A_DENY in text:
        return ""
    if "-cfn-exec-role-" not in found["role"] and _BY_THE_BOUNDARY not in text:
        return ""
    return (
        f" Allow {found['action']}: make bootstrap ARGS='--least-privilege --account {found['account']}'; "
        "if it is still denied, add it to pipeline.execution_actions first."
    )

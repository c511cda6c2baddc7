"""What to do when CloudFormation, or a role that it has created, was not allowed something."""

import re
from typing import Final

_DENIED: Final = re.compile(
    r"arn:[\w-]+:sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/\s]+)/\S+ "
    r"is not authorized to perform: (?P<action>[\w-]+:\w+)"
)
"""How AWS says so (IAM User Guide, "Troubleshoot access denied error messages")."""
_BY_THE_BOUNDARY: Final = "no permissions boundary allows"
_BY_A_DENY: Final = "explicit deny"


def grant(text: str) -> str:
    """Return the command that allows what the text says was denied, to be read after it; empty where none does.

    Only policies that `make bootstrap` has made can be missing something: those of CloudFormation's role, and the
    boundary of the roles it creates. What an organization denies is not among them.
    """
    found = _DENIED.search(text)
    if found is None or _BY_A_DENY in text:
        return ""
    if "-cfn-exec-role-" not in found["role"] and _BY_THE_BOUNDARY not in text:
        return ""
    return (
        f" Allow {found['action']}: make bootstrap ARGS='--least-privilege --account {found['account']}'; "
        "if that changes nothing, name it in pipeline.execution_actions before."
    )

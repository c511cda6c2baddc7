"""The documents of AWS managed policies, as IAM returns them, for those that our accounts use.

`aws_managed_policies.json` holds what `aws iam get-policy-version` returns for each ARN, with the version's id. A
policy that is missing there grants nothing. A call that no other policy allows is then reported as not checked, because
it could be allowed or refused.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

PREFIX = "arn:aws:iam::aws:policy/"
FILE = Path(__file__).with_name("aws_managed_policies.json")


def document(arn: str) -> dict[str, Any] | None:
    """Return the policy's document; None if it is missing here."""
    found = _all().get(arn)
    return found["document"] if found else None


@cache
def _all() -> dict[str, Any]:
    return json.loads(FILE.read_text())

"""AWS's Service Authorization Reference, as cfn-lint ships it: which actions exist, and which resources each takes."""

import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any


def takes_resource(action: str) -> bool | None:
    """Whether an action is authorized on resources; None for an action that AWS does not have."""
    found = _action(action)
    return None if found is None else bool(found.get("Resources"))


def is_known(action: str) -> bool:
    """Whether AWS has a service of the action's prefix. Schemas also name internal ones, such as `managed-fleets`."""
    return action.partition(":")[0].lower() in _all()


@lru_cache(maxsize=16384)
def fits(action: str, resource: str) -> bool:
    """Whether an action applies to a resource: its ARN matches one of the action's types, or it takes none."""
    found = _action(action)
    types = (found or {}).get("Resources", [])
    if resource == "*":
        return found is not None
    if not is_known(action):
        return False
    known = {name.lower(): kind for name, kind in _all()[action.partition(":")[0].lower()]["Resources"].items()}
    # Some are authorized on another service's resources, such as `iam:PassRole`; its types are not resolved.
    return any(
        re.fullmatch(_as_pattern(form), resource)
        for name in types
        for form in known.get(name.lower(), {}).get("ARNFormats", [])
    )


def arn_in(account: str, region: str, name: str, action: str) -> str:
    """Return an ARN of the action's first resource type in an account; `*` if it takes none."""
    found = _action(action)
    if not found or not found.get("Resources"):
        return "*"
    kinds = {kind.lower(): value for kind, value in _all()[action.partition(":")[0].lower()]["Resources"].items()}
    [form, *_] = kinds[found["Resources"][0].lower()]["ARNFormats"]
    for placeholder, value in (("Partition", "aws"), ("Region", region), ("Account", account)):
        form = form.replace(f"${{{placeholder}}}", value)
    return form.replace(".*", name)


def _as_pattern(form: str) -> str:
    """Return an ARN format as a regular expression; it contains `.*` already."""
    return re.sub(r"\$\{[^}]*\}", "[^:]*", form)


def _action(action: str) -> dict[str, Any] | None:
    service, _, name = action.lower().partition(":")
    return _all().get(service, {}).get("Actions", {}).get(name)


@cache
def _all() -> dict[str, Any]:
    return json.loads((files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text())

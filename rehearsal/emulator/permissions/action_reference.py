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


@lru_cache(maxsize=16384)
def fits(action: str, resource: str) -> bool:
    """Whether an action can be about a resource: its ARN is of one of the action's types, or it takes none."""
    found = _action(action)
    types = (found or {}).get("Resources", [])
    if resource == "*":
        return found is not None
    known = {name.lower(): kind for name, kind in _all()[action.partition(":")[0].lower()]["Resources"].items()}
    # Some are authorized on another service's resources, such as `iam:PassRole`; types of its own stand in the service.
    return any(
        re.fullmatch(_as_pattern(form), resource)
        for name in types
        for form in known.get(name.lower(), {}).get("ARNFormats", [])
    )


def arn_in(account: str, region: str, name: str, action: str) -> str:
    """Return an ARN that the action can be about, of its first type, in an account; `*` where it takes none."""
    found = _action(action)
    if not found or not found.get("Resources"):
        return "*"
    kinds = {kind.lower(): value for kind, value in _all()[action.partition(":")[0].lower()]["Resources"].items()}
    [form, *_] = kinds[found["Resources"][0].lower()]["ARNFormats"]
    for placeholder, value in (("Partition", "aws"), ("Region", region), ("Account", account)):
        form = form.replace(f"${{{placeholder}}}", value)
    return form.replace(".*", name)


def _as_pattern(form: str) -> str:
    """Return an ARN format as a regular expression; `.*` stands in it already."""
    return re.sub(r"\$\{[^}]*\}", "[^:]*", form)


def _action(action: str) -> dict[str, Any] | None:
    service, _, name = action.lower().partition(":")
    return _all().get(service, {}).get("Actions", {}).get(name)


@cache
def _all() -> dict[str, Any]:
    return json.loads((files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text())

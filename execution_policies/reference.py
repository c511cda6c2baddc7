"""Reads AWS's data about actions, which cfn-lint ships.

Two sources: the provider schemas of CloudFormation name the permissions that each handler of a resource type needs, and
the Service Authorization Reference names the resources that each action can be limited to.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from execution_policies.errors import PolicyError

_HANDLERS: Final = ("create", "read", "update", "delete")
"""The handlers that a deployment calls: all but `list`."""


def handler_permissions(resource_type: str) -> frozenset[str] | None:
    """Return the actions that a deployment of the type needs, or None if its schema does not list them."""
    file = _schema_files().get(resource_type)
    handlers = _read("schemas", "resources", f"{file}.json").get("handlers") if file else None
    if not handlers:
        return None
    found = (action for name in _HANDLERS for action in handlers.get(name, {}).get("permissions", ()))
    return frozenset(_spelled(action) for action in found)


def resource_types(action: str) -> tuple[str, ...] | None:
    """Return the types of resource that the action can be limited to, in lower case, or None for an unknown action."""
    service, _, name = action.partition(":")
    found = _reference().get(service, {}).get("Actions", {}).get(name.lower())
    return None if found is None else tuple(one.lower() for one in found.get("Resources", ()))


def has_actions(service: str, start: str) -> bool:
    """Tell whether the service has an action whose name starts with `start`."""
    return any(name.startswith(start.lower()) for name in _reference().get(service, {}).get("Actions", {}))


def arn_format(service: str, resource_type: str) -> str:
    """Return the ARN of a type of resource, with `${Partition}`, `${Region}` and `${Account}`; most end in `.*`."""
    return _reference()[service]["Resources"][resource_type]["ARNFormats"][0]


def _spelled(action: str) -> str:
    """Return the action with its service in lower case, as in the reference; some schemas have `CloudTrail:`."""
    service, separator, name = action.partition(":")
    return service.lower() + separator + name


@cache
def _reference() -> dict[str, Any]:
    return _read("AdditionalSpecs", "Policies.json")


@cache
def _schema_files() -> dict[str, str]:
    return _read("schemas", "providers", "us-east-1.json")


@cache
def _read(*path: str) -> dict[str, Any]:
    # Read the files without importing the package, which would take a second.
    spec = find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise PolicyError(
            "cfn-lint is not installed, and the policies are generated from its data; install it: make setup"
        )
    file = Path(spec.origin).parent.joinpath("data", *path)
    try:
        return json.loads(file.read_text())
    except OSError as error:
        raise PolicyError(f"cfn-lint's data cannot be read: {error}; reinstall it: make setup") from None

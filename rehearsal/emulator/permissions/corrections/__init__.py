"""Corrections of the resources that ministack derives from a request, one file for each service, each with its source.

A correction is a function from an `ApiCall` to a `Target`, or None if ministack is right. A completion adds to a target
what ministack omits: condition keys, and calls that AWS also checks. The resources that AWS authorizes a call on are
listed in the Service Authorization Reference.
"""

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from rehearsal.emulator.permissions.conditions import Value


@dataclass(frozen=True)
class ApiCall:
    """A request to an API, as far as permissions need it."""

    action: str
    """IAM's name, such as `ecs:DescribeServices`."""
    parameters: Mapping[str, Any]
    """Of the JSON body, or of the query."""
    path: tuple[str, ...]
    """The path's segments, decoded."""
    headers: Mapping[str, str]
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the caller's account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def text(self, name: str) -> str:
        """Return a parameter's text; empty if it is missing."""
        found = self.parameters.get(name)
        found = found[0] if isinstance(found, list) and found else found
        return found if isinstance(found, str) else ""

    def list(self, name: str) -> list[str]:
        """Return a parameter's list of texts, as JSON and the query protocol spell it."""
        found = self.parameters.get(name)
        if isinstance(found, list):
            return [item for item in found if isinstance(item, str)]
        prefix = f"{name}.member."
        return [self.text(key) for key in sorted(self.parameters) if key.startswith(prefix)]

    def segment_after(self, name: str) -> str:
        """Return the path's segment that follows `name`; empty if there is none."""
        if name not in self.path[:-1]:
            return ""
        return self.path[self.path.index(name) + 1]


@dataclass(frozen=True)
class Target:
    """The resources that a call is authorized on, each separately."""

    resources: tuple[str, ...]
    context: Mapping[str, Value] = field(default_factory=dict)
    """Condition keys of the service."""
    further: tuple["Further", ...] = ()
    """Other calls that the service checks for the caller, such as the passing of a role."""


@dataclass(frozen=True)
class Further:
    """A call that is checked together with another."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


Correction = Callable[[ApiCall], Target | None]
Completion = Callable[[ApiCall, Target], Target]


def on(resources: str | Iterable[str], **context: Value) -> Target:
    """Return a target; `context` has the service's keys spelled with `__` for the colon."""
    found = (resources,) if isinstance(resources, str) else tuple(resources)
    return Target(found or ("*",), {key.replace("__", ":").lower(): value for key, value in context.items()})


def read_call(
    *,
    action: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, Any],
    region: str,
    account: str,
) -> ApiCall:
    """Return a request as an `ApiCall`."""
    parameters: dict[str, Any] = dict(query)
    if body[:1] == b"{":
        with contextlib.suppress(ValueError):
            parameters |= json.loads(body)
    segments = tuple(unquote(part) for part in path.split("/") if part)
    return ApiCall(action, parameters, segments, headers, region, account)

"""The report's permissions: refused calls with the construct to change, and what each role used."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import cloud_assembly
from cloud_assembly import AwsEnvironment, Stack

LOGICAL_ID = "aws:cdk:logicalId"
PATH = "aws:cdk:path"


class Permissions(StrEnum):
    """What happens to calls that no policy allows; also the emulator's option values."""

    ENFORCED = "enforced"
    """Refused, as on AWS."""
    REPORT = "report"
    """Listed, but made."""
    OFF = "off"
    """Nothing is checked."""


@dataclass(frozen=True)
class Refusal:
    """A call that no policy allows."""

    message: str
    """AWS's message."""
    construct: str
    """The path of the construct whose policy to change, or the closest name known."""
    is_role: bool
    """Whether that construct is the caller's role, not the called resource."""
    enforced: bool
    """Whether the call was refused, not only listed."""

    def __str__(self) -> str:
        verdict = "refused" if self.enforced else "not allowed"
        policy = "the role" if self.is_role else "the resource policy of"
        remedy = f"; to allow it, change {policy} {self.construct}" if self.construct else ""
        return f"{verdict}: {self.message}{remedy}"


def refusal(found: Mapping[str, Any], assembly: Path) -> Refusal:
    """Convert a refused call as the emulator reports it."""
    return Refusal(found["message"], construct(found, assembly), found["change"] == "role", found["enforced"])


def construct(found: Mapping[str, Any], assembly: Path) -> str:
    """Return the construct path of a role that the emulator names by stack and logical id.

    For a role outside the assembly, such as a bootstrap role, return the logical id and the stack.
    """
    name, logical_id = found["stack"], found["logical_id"]
    if not logical_id:
        return str(found.get("resource" if found.get("change") == "resource" else "role", ""))
    place = AwsEnvironment(found["account"], found["region"])
    for stack, paths in _paths(assembly):
        # Two regions may have stacks of the same name.
        if stack.name == name and stack.deployed_to(place).aws_environment == place and logical_id in paths:
            return paths[logical_id]
    return f"{logical_id} of stack {name}"


@cache
def _paths(directory: Path) -> list[tuple[Stack, dict[str, str]]]:
    """Return an assembly's stacks, each with its resources' construct paths by logical id.

    Both the templates' metadata, which an app may disable, and the assembly's own contain them.
    """
    return [(stack, _paths_in(stack)) for stack in cloud_assembly.read(directory).stacks]


def _paths_in(stack: Stack) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, entries in stack.metadata.items():
        for entry in entries:
            if entry["type"] == LOGICAL_ID:
                found[entry["data"]] = _readable(path)
    for logical_id, resource in stack.resources.items():
        if path := resource.get("Metadata", {}).get(PATH):
            found.setdefault(logical_id, _readable(path))
    return found


def _readable(path: str) -> str:
    """Return the path without the `Resource` child that the CDK adds to a construct of the app."""
    return path.strip("/").removesuffix("/Resource")


def empty_permissions_report(mode: Permissions) -> dict[str, Any]:
    """Return the permission report of a rehearsal without evaluations."""
    return {
        "mode": str(mode),
        "evaluated": 0,
        "refused": [],
        "unchecked": [],
        "roles": {},
        "open_questions": [],
        "service_calls": {},
    }


def permissions_report(evaluated: Mapping[str, Any], assembly: Path) -> dict[str, Any]:
    """Return the permission report from the emulator's evaluations."""
    return {
        "mode": evaluated["mode"],
        "evaluated": evaluated["evaluated"],
        "refused": [{**item, "construct": construct(item, assembly)} for item in evaluated["refused"]],
        "unchecked": evaluated["unchecked"],
        "roles": {
            role: {**found, "construct": construct(found, assembly)} for role, found in evaluated["roles"].items()
        },
        "open_questions": evaluated["open_questions"],
        "service_calls": evaluated.get("service_calls", {}),
    }


def summary_line(document: Mapping[str, Any]) -> str:
    """Return the permission report in one line."""
    if document["mode"] == Permissions.OFF:
        return "permissions: not checked (--permissions off)"
    if not document["evaluated"]:
        return "permissions: no call was evaluated"
    count = sum(item["count"] for item in document["refused"])
    what = "refused" if document["mode"] == Permissions.ENFORCED else "not allowed but made (--permissions report)"
    line = f"permissions: {document['evaluated']:,} calls evaluated, {count} {what}"
    return f"{line}, {len(document['unchecked'])} not checked" if document["unchecked"] else line

"""Permissions as a rehearsal reports them: what was refused and which construct to change, what each role used."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import cloud_assembly

LOGICAL_ID = "aws:cdk:logicalId"
PATH = "aws:cdk:path"


class Permissions(StrEnum):
    """What becomes of calls that the policies do not allow; the emulator takes the same words."""

    ENFORCED = "enforced"
    """They are refused, as at AWS."""
    REPORT = "report"
    """They are listed, and made."""
    OFF = "off"
    """Nothing is checked."""


@dataclass(frozen=True)
class Refusal:
    """A call that the policies do not allow."""

    message: str
    """AWS's message."""
    construct: str
    """The path of the construct whose policy has to change, or what is known of it."""
    is_role: bool
    """Whether that is the caller's role, and not the called resource."""
    enforced: bool
    """Whether it was refused, and not only listed."""

    def __str__(self) -> str:
        what = "refused" if self.enforced else "not allowed"
        what_changes = "the role to change is" if self.is_role else "the resource policy to change is that of"
        where = f"; {what_changes} {self.construct}" if self.construct else ""
        return f"{what}: {self.message}{where}"


def refusal(found: Mapping[str, Any], assembly: Path) -> Refusal:
    """Return what the emulator tells of a refused call."""
    return Refusal(found["message"], construct(found, assembly), found["change"] == "role", found["enforced"])


def construct(found: Mapping[str, Any], assembly: Path) -> str:
    """Return the construct path of a role that the emulator names by its stack and logical id.

    Where the assembly does not know it, as of a bootstrap role, the stack and the logical id are returned.
    """
    stack, logical_id = found["stack"], found["logical_id"]
    if not logical_id:
        return str(found.get("resource" if found.get("change") == "resource" else "role", ""))
    return _paths(assembly).get((stack, logical_id)) or f"{logical_id} of stack {stack}"


@cache
def _paths(directory: Path) -> dict[tuple[str, str], str]:
    """Return the construct paths of an assembly's resources, by stack name and logical id.

    They stand in the templates' metadata, which an app may switch off, and in the assembly's own, which it may not.
    """
    found: dict[tuple[str, str], str] = {}
    for stack in cloud_assembly.read(directory).stacks:
        for path, entries in stack.metadata.items():
            for entry in entries:
                if entry["type"] == LOGICAL_ID:
                    found[stack.name, entry["data"]] = _readable(path)
        for logical_id, resource in stack.resources.items():
            if path := resource.get("Metadata", {}).get(PATH):
                found.setdefault((stack.name, logical_id), _readable(path))
    return found


def _readable(path: str) -> str:
    """Return the path of the construct that stands in the app's code, without the resource that the library adds."""
    return path.strip("/").removesuffix("/Resource")


def nothing_evaluated(mode: Permissions) -> dict[str, Any]:
    """Return the report's part about permissions where nothing is known."""
    return {
        "mode": str(mode),
        "evaluated": 0,
        "refused": [],
        "unchecked": [],
        "roles": {},
        "open_questions": [],
        "service_calls": {},
    }


def composed(evaluated: Mapping[str, Any], assembly: Path) -> dict[str, Any]:
    """Return the report's part about permissions from what the emulator has evaluated."""
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


def in_words(document: Mapping[str, Any]) -> str:
    """Return the part about permissions in one line."""
    if document["mode"] == Permissions.OFF:
        return "permissions: not checked (--permissions off)"
    count = sum(item["count"] for item in document["refused"])
    what = "refused" if document["mode"] == Permissions.ENFORCED else "not allowed, but made (--permissions report)"
    line = f"permissions: {document['evaluated']:,} calls evaluated, {count} {what}"
    return f"{line}, {len(document['unchecked'])} not checked" if document["unchecked"] else line

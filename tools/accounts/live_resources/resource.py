"""What is known of an existing resource, and of its type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
"""Returns a client of a service in one account and region."""


@dataclass(frozen=True, kw_only=True)
class LiveResource:
    """One existing resource."""

    kind: str
    """Its CloudFormation type."""
    name: str
    """Its physical id."""
    holds: str = ""
    """The data it contains, for people; empty if none."""
    protected: bool = False
    """Whether deletion protection is enabled."""
    locked: str = ""
    """Why it cannot be deleted; empty if it can."""
    created: datetime | None = None
    built_on: Mapping[str, str] = field(default_factory=dict)
    """Identifiers of the resources it depends on, such as its key or subnet group, by property."""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" ({self.holds})" if self.holds else "")


@dataclass(frozen=True)
class ResourceType:
    """How resources of one type are found, unprotected, deleted and imported."""

    name_property: str
    """The property with the name, which also identifies the resource in an import."""
    find: Callable[[Client, str], LiveResource | None]
    remove: Callable[[Client, LiveResource], None] | None = None
    """Deletes it with its data; None if only its stack can."""
    unprotect: Callable[[Client, LiveResource], None] | None = None
    blocks: bool = False
    """Whether it must be deleted before its stack."""
    imported_with: tuple[str, ...] = ()
    """The properties that an import must state because changing them later would replace the resource."""
    imported_if_known: frozenset[str] = frozenset()
    """Those of them that a resource may lack."""
    import_key: str = ""
    """The identifier's name in an import, if not `name_property`."""


def absent(error: ClientError, *codes: str) -> bool:
    """Return whether the error has one of the codes with which a service says that a resource does not exist."""
    return error.response["Error"]["Code"] in codes


def tags_of(items: Any) -> dict[str, str]:
    """Return a list of keys and values as a mapping."""
    return {item["Key"]: item["Value"] for item in items or []}

"""What a rehearsal cannot rehearse. A gap says nothing about the release: neither that it works nor that it fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PATH = "aws:cdk:path"
"""The entry of a resource's metadata with its construct path."""
NOTHING_BEHIND = "nothing runs behind it, so that it answers 503 “not rehearsed”; for ECS services, see --workload"
"""Why a load balancer is a gap."""


class GapKind(StrEnum):
    """Why something is not rehearsed; `--accept` takes these words."""

    ACTION = "action"
    """The rehearsal has no such action, such as one of CodeDeploy."""
    CUSTOM_RESOURCE = "custom-resource"
    """A custom resource was answered without doing its work."""
    DOCKER = "docker"
    """Docker is needed, and this machine has none."""
    EMULATOR = "emulator"
    """The emulated AWS lacks a call or a type of resource."""
    GIVEN = "given"
    """Something that the account must already contain was replaced by a placeholder."""
    RUNTIME = "runtime"
    """A build or a function needs a version of a language, or an image, that is not available here."""
    SOURCE = "source"
    """A source delivered an empty artifact, because this machine does not have its contents."""
    WORKLOAD = "workload"
    """Nothing runs behind a load balancer, an API or a distribution."""


@dataclass(frozen=True)
class Gap:
    """One thing that is not rehearsed."""

    kind: GapKind
    where: str
    """The action (`Stage/Action`), stack, resource or file."""
    reason: str
    """Why, and what would close the gap if the user can."""
    is_minor: bool = False
    """Whether nothing that runs depends on it: it is listed, but does not change the verdict."""

    def __str__(self) -> str:
        return f"{self.where}: {self.reason} ({self.kind})"


def resource_label(resource: Mapping[str, Any], logical_id: str, stack: str) -> str:
    """Return what gaps call a template's resource: its construct's path or, without metadata, stack and logical id."""
    path = (resource.get("Metadata") or {}).get(PATH)
    return path.removesuffix("/Resource") if isinstance(path, str) else f"{stack}/{logical_id}"

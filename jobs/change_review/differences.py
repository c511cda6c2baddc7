"""Compares templates with the library that `cdk diff` uses."""

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any, Final, Self

from cloud_assembly import UserError

_SCRIPT = Path(__file__).with_name("differences.js")
_TIMEOUT_SECONDS = 120
ADDED, CHANGED, REPLACED, REMOVED = "added", "changed", "replaced", "removed"
_KINDS = {
    "WILL_CREATE": ADDED,
    "WILL_IMPORT": ADDED,
    "WILL_UPDATE": CHANGED,
    "WILL_REPLACE": REPLACED,
    "MAY_REPLACE": REPLACED,
    "WILL_DESTROY": REMOVED,
    "WILL_ORPHAN": REMOVED,
}
INTERRUPTED_ONLY: Final = {
    "AWS::ElastiCache::ReplicationGroup": {"AuthToken"},
    "AWS::RDS::DBInstance": {
        "AutoMinorVersionUpgrade",
        "BackupRetentionPeriod",
        "DBParameterGroupName",
        "MultiAZ",
        "PreferredMaintenanceWindow",
        "StorageType",
    },
}
"""Properties whose update causes "some interruptions" (CloudFormation's template reference, "Update requires").

Resource schemas mark them as conditional, which also stands for "may be replaced".
"""

REVISIONS: Final = {
    "AWS::ApiGateway::Deployment",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::Batch::JobDefinition",
    "AWS::ECS::TaskDefinition",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Version",
}
"""Types whose changes are replacements by design: a new revision takes the place of one that cannot be changed."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """What AWS's resource schemas say of a type, in the library's copy of them."""

    stateful: bool
    """Whether AWS counts it among the types that hold state."""
    identifier: tuple[str, ...]
    """The properties that identify a resource; empty if AWS generates its identifier."""
    replacing: Mapping[str, str]
    """By property: `yes`, `maybe` or `no`, whether changing it replaces the resource."""


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """What happens to one resource."""

    logical_id: str
    type: str
    """The deployed type; for an added resource, the new one."""
    impact: str
    """The library's term: WILL_UPDATE, WILL_REPLACE, MAY_REPLACE, WILL_DESTROY, WILL_ORPHAN …"""
    because: tuple[str, ...]
    """The properties, or attributes such as DeletionPolicy, that cause the impact."""
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def kind(self) -> str:
        """Added, changed, replaced or removed; MAY_REPLACE counts as replaced."""
        return _KINDS.get(self.impact, CHANGED)

    @property
    def is_revision(self) -> bool:
        """Whether a new revision takes the place of one that cannot be changed: routine, not a loss."""
        return self.kind == REPLACED and self.type in REVISIONS


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What happens to one stack."""

    resources: tuple[ResourceChange, ...]
    outputs: int
    """Number of changed outputs."""
    broadened: bool
    """Whether permissions or network access are broadened."""
    permissions: dict[str, Any]
    """Added and removed statements and managed policies."""
    rules: dict[str, Any]
    """Added and removed security group rules."""
    text: str
    """The whole difference as `cdk diff` prints it."""
    types: Mapping[str, ResourceType] = field(default_factory=dict)
    """The types of both templates that the schemas contain."""

    @property
    def nothing(self) -> bool:
        """Whether a deployment would leave the stack as it is."""
        return not (self.text or self.resources or self.outputs)


class Comparer:
    """Compares templates in a Node process; it starts on entering, because starting takes longer than comparing."""

    def __enter__(self) -> Self:
        node = shutil.which("node")
        if not node:
            raise UserError("node is not on the PATH; run `make change-review`, which installs it")
        self._stderr = TemporaryFile("w+")  # an unread pipe would block the process
        self._process = subprocess.Popen(
            [node, str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._stderr.close()

    def compare(self, pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[Difference]:
        """Compare templates, each pair the deployed and the new one; raise UserError if that cannot be done."""
        question = json.dumps([{"before": before, "after": after} for before, after in pairs])
        answer = self._ask(question)
        if not answer.endswith("\n"):
            self._process.wait()
            self._stderr.seek(0)
            raise UserError(f"the templates cannot be compared: {_last_line(self._stderr.read())}")
        return [_difference(item) for item in json.loads(answer)]

    def _ask(self, question: str) -> str:
        """Return the line of the answer, or less if the process ended; it is killed after the timeout."""
        limit = Timer(_TIMEOUT_SECONDS, self._process.kill)
        limit.start()
        try:
            if self._process.stdin:
                self._process.stdin.write(f"{question}\n")
                self._process.stdin.flush()
            return self._process.stdout.readline() if self._process.stdout else ""
        except BrokenPipeError:
            return ""
        finally:
            limit.cancel()


def _difference(found: dict[str, Any]) -> Difference:
    return Difference(
        resources=tuple(resource_change(item) for item in found["resources"]),
        outputs=found["outputs"],
        broadened=found["broadened"],
        permissions=found["permissions"],
        rules=found["rules"],
        text=found["text"],
        types={name: _type(its) for name, its in found["types"].items() if its},
    )


def _type(found: dict[str, Any]) -> ResourceType:
    return ResourceType(stateful=found["stateful"], identifier=tuple(found["identifier"]), replacing=found["replacing"])


def resource_change(found: dict[str, Any]) -> ResourceChange:
    """Return what happens to a resource, from the library's description."""
    impact = found["impact"]
    decisive = [item["name"] for item in found["properties"] if item["impact"] == impact]
    if "Type" in found["attributes"]:
        decisive = ["Type"]
    if impact == "MAY_REPLACE" and only_interrupted(found["type"], decisive):
        impact = "WILL_UPDATE"
    return ResourceChange(
        logical_id=found["logicalId"],
        type=found["type"],
        impact=impact,
        because=tuple(decisive or [item["name"] for item in found["properties"]] or found["attributes"]),
        before=found["before"],
        after=found["after"],
    )


def _last_line(text: str) -> str:
    errors = [line for line in text.splitlines() if "Error" in line]
    return (errors or text.splitlines() or ["no reason given"])[0].strip()


def only_interrupted(type_name: str, properties: Collection[str]) -> bool:
    """Return whether changing all these properties keeps the resource and only interrupts it."""
    return bool(properties) and set(properties) <= INTERRUPTED_ONLY.get(type_name, set())

"""How two templates differ, in the words of the library inside `cdk diff`."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any, Self

from jobs.change_review.errors import ReviewError
from jobs.change_review.interruptions import only_interrupted

_SCRIPT = Path(__file__).with_name("differences.js")
_LONGEST_SECONDS = 120
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


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """What happens to one resource."""

    logical_id: str
    type: str
    """What it is now; for an added one, what it will be."""
    impact: str
    """The library's word: WILL_UPDATE, WILL_REPLACE, MAY_REPLACE, WILL_DESTROY, WILL_ORPHAN …"""
    because: tuple[str, ...]
    """The properties, or attributes such as DeletionPolicy, that make the impact what it is."""
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def kind(self) -> str:
        """Added, changed, replaced or removed; what may be replaced counts as replaced."""
        return _KINDS.get(self.impact, CHANGED)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What happens to one stack."""

    resources: tuple[ResourceChange, ...]
    outputs: int
    """How many outputs change."""
    broadened: bool
    """Whether somebody may do more, or reach more, than before."""
    permissions: dict[str, Any]
    """Statements and managed policies that come and go."""
    rules: dict[str, Any]
    """Rules of security groups that come and go."""
    text: str
    """All of it, as `cdk diff` prints it."""

    @property
    def nothing(self) -> bool:
        """Whether a deployment would leave the stack as it is."""
        return not (self.text or self.resources or self.outputs)


class Comparer:
    """Compares templates in a process of Node, which starts on entering and takes longer to start than to compare."""

    def __enter__(self) -> Self:
        node = shutil.which("node")
        if not node:
            raise ReviewError(
                "node is not on the path; it compares the templates. Run this through make, which prepares it"
            )
        self._said = TemporaryFile("w+")  # a pipe that nobody reads would stop the process
        self._process = subprocess.Popen(
            [node, str(_SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def compare(self, pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> list[Difference]:
        """Compare templates, each pair the deployed and the new one; raise ReviewError if that cannot be done."""
        question = json.dumps([{"before": before, "after": after} for before, after in pairs])
        answer = self._ask(question)
        if not answer.endswith("\n"):
            self._process.wait()
            self._said.seek(0)
            raise ReviewError(f"the templates cannot be compared: {_last_line(self._said.read())}")
        return [_difference(item) for item in json.loads(answer)]

    def _ask(self, question: str) -> str:
        """Return the line of the answer, or less if the process ended, which it must when it takes too long."""
        limit = Timer(_LONGEST_SECONDS, self._process.kill)
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
        resources=tuple(_resource(item) for item in found["resources"]),
        outputs=found["outputs"],
        broadened=found["broadened"],
        permissions=found["permissions"],
        rules=found["rules"],
        text=found["text"],
    )


def _resource(found: dict[str, Any]) -> ResourceChange:
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

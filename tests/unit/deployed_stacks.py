"""All stacks of a synthesized app, the pipeline's and the environments', with the place where each is deployed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.other_settings import Synthesized

Json = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """A template, and where it is deployed."""

    name: str
    account: str
    region: str
    template: Json

    @property
    def resources(self) -> dict[str, Json]:
        """Its resources by logical id."""
        return self.template["Resources"]

    @property
    def environment(self) -> str:
        """The environment's name, with the region in a further one; of the pipeline's stacks, `delivery`."""
        name = self.name.removeprefix("yawl-").removesuffix("-copies").rpartition("-")[0]
        return "delivery" if self.name.startswith("yawl-delivery") else name

    def of_type(self, kind: str) -> Iterator[tuple[str, Json]]:
        """Yield the logical id and the properties of every resource of the type."""
        for logical_id, one in self.resources.items():
            if one["Type"] == kind:
                yield logical_id, one.get("Properties", {})


def stacks(app: Synthesized) -> list[Stack]:
    """Return all stacks of the app."""
    found = []
    for manifest in app.folder.rglob("manifest.json"):
        for artifact in json.loads(manifest.read_text())["artifacts"].values():
            if artifact["type"] == "aws:cloudformation:stack":
                file = manifest.with_name(Path(artifact["properties"]["templateFile"]).name)
                account, region = artifact["environment"].removeprefix("aws://").split("/")
                name = artifact["properties"].get("stackName", file.name.partition(".")[0])
                found.append(Stack(name, account, region, json.loads(file.read_text())))
    assert len(found) > 8
    return found

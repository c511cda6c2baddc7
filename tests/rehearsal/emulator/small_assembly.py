"""A cloud assembly with a pipeline and one stage of small stacks, for what reads assemblies."""

import json
from pathlib import Path
from typing import Any

from cloud_assembly import AwsEnvironment

Stacks = dict[str, tuple[dict[str, Any], list[str]]]
"""By name: a stack's resources, and the stacks that it is deployed after."""


def write_assembly(folder: Path, place: AwsEnvironment, stage: str, **stacks: tuple[dict[str, Any], list[str]]) -> Path:
    """Write it into the folder, which is returned; everything goes to the place."""
    nested = folder / "nested"
    nested.mkdir()
    actions = [{"Name": name, "Configuration": {"StackName": name}} for name in stacks]
    properties = {"Name": "delivery", "Stages": [{"Name": stage, "Actions": actions}]}
    pipeline = {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": properties}}
    _write(folder, place, {"delivery": (pipeline, [])}, nested=stage)
    _write(nested, place, stacks)
    return folder


def _write(folder: Path, place: AwsEnvironment, stacks: Stacks, nested: str = "") -> None:
    artifacts: dict[str, Any] = {}
    for name, (resources, after) in stacks.items():
        (folder / f"{name}.json").write_text(json.dumps({"Resources": resources}))
        artifacts[f"id-{name}"] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{place}",
            "properties": {"templateFile": f"{name}.json", "stackName": name},
            "dependencies": [f"id-{one}" for one in after],
        }
    if nested:
        properties = {"directoryName": "nested", "displayName": f"delivery/{nested}"}
        artifacts["nested"] = {"type": "cdk:cloud-assembly", "properties": properties}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))

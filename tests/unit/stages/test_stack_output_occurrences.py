"""How often a stack reads another one's outputs: CloudFormation calls an API for each, and throttles many."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.other_settings import Synthesized

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly


def outputs_read(value: Any) -> Iterator[str]:
    """Walk through a template; yield each occurrence of an output of another stack."""
    if isinstance(value, dict):
        if reference := value.get("Fn::GetStackOutput"):
            yield json.dumps(reference, sort_keys=True)
        for item in value.values():
            yield from outputs_read(item)
    elif isinstance(value, list):
        for item in value:
            yield from outputs_read(item)


def read_more_than_once(folder: Path) -> list[tuple[str, str, int]]:
    files = list(folder.rglob("*.template.json"))
    assert files
    return [
        (file.name, output, times)
        for file in files
        for output, times in Counter(outputs_read(json.loads(file.read_text()))).items()
        if times > 1
    ]


def test_stack_reads_each_output_once(assembly: "CloudAssembly") -> None:
    assert read_more_than_once(Path(assembly.directory)) == []


def test_stacks_of_other_settings_read_each_output_once(app_elsewhere: Synthesized, small_app: Synthesized) -> None:
    assert read_more_than_once(app_elsewhere.folder) + read_more_than_once(small_app.folder) == []

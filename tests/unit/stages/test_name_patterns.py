"""Patterns of names in an environment's policies, which the settings rely on when they refuse a name within a name."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

STARTS = ("yawl-{name}-", "yawl-{name}/", "yawl-maintenance-{name}-", "yawl-delivery-")
"""Whole names of the environment or the pipeline, each with the character that ends it.

`settings/model.py` refuses `prod-us` beside `prod`, because `yawl-prod-*` covers it, but not `product`.
"""


def test_every_pattern_contains_a_whole_name(assembly: "CloudAssembly") -> None:
    wide = {
        f"{folder.name}: {pattern}"
        for folder in Path(assembly.directory).glob("assembly-yawl-delivery-*")
        for file in folder.glob("*.template.json")
        for pattern in re.findall(r"yawl-[\w/-]*\*", file.read_text())
        if not pattern.startswith(tuple(start.format(name=folder.name.rpartition("-")[2].lower()) for start in STARTS))
    }
    assert wide == set()

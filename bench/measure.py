"""Measures whole processes, all their children included."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Synthesis:
    """One synthesis, in a process of its own."""

    cpu_seconds: float
    """Processor time of the Python and the Node process together; nearly the same however busy the machine is."""
    resources: int
    """Resources in all templates it wrote."""
    pipeline: dict[str, Any]
    """The pipeline's template; empty for the empty app."""


def synthesis(environments: int, *, validated: bool) -> Synthesis:
    """Synthesize that many environments, 0 for the empty app; `validated` adds the validator and the rule pack."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.synthesize", str(environments), folder]
        before = _children_seconds()
        subprocess.run(
            [*command, "--rule-pack"] if validated else command,
            env={**os.environ, "CDK_VALIDATION": "true" if validated else "false"},
            check=True,
        )
        seconds = _children_seconds() - before
        templates = {file.name: json.loads(file.read_text()) for file in Path(folder).rglob("*.template.json")}
    resources = sum(len(template.get("Resources", {})) for template in templates.values())
    return Synthesis(seconds, resources, templates.get("yawl-delivery.template.json", {}))


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

"""Measures processes and their children."""

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
    """One synthesis, in its own process."""

    cpu_seconds: float
    """CPU time of the Python and Node processes; load affects it less than wall-clock time."""
    resources: int
    """Resources in all templates."""
    pipeline: dict[str, Any]
    """The pipeline's template; empty for the empty app."""


EMPTY_APP = "import sys, aws_cdk; aws_cdk.App(outdir=sys.argv[1]).synth()"


def synthesis(environments: int, *, rule_packs: str | None) -> Synthesis:
    """Synthesize a number of environments, 0 for the empty app; `rule_packs` (aws, all) also runs the validator."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = (
            ["-m", "tools.bench.synthesize", str(environments), folder] if environments else ["-c", EMPTY_APP, folder]
        )
        if environments and rule_packs:
            arguments += ["--rule-packs", rule_packs]
        # An empty value means unset: without bytecode on disk, compiling the library would dominate the measurement.
        settings = {"CDK_VALIDATION": "true" if rule_packs else "false", "PYTHONDONTWRITEBYTECODE": ""}
        before = children_seconds()
        # As in `cdk.json`: `-O` skips jsii's argument checks, which the type checker already makes.
        subprocess.run([sys.executable, "-O", *arguments], env={**os.environ, **settings}, check=True)
        seconds = children_seconds() - before
        templates = {file.name: json.loads(file.read_text()) for file in Path(folder).rglob("*.template.json")}
    resources = sum(len(template.get("Resources", {})) for template in templates.values())
    return Synthesis(seconds, resources, templates.get("yawl-delivery.template.json", {}))


def children_seconds() -> float:
    """Return the CPU time of all child processes that have ended, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

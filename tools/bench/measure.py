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
    """Processor time of the Python and the Node process together; a busy machine lengthens it, less than the clock."""
    resources: int
    """Resources in all templates it wrote."""
    pipeline: dict[str, Any]
    """The pipeline's template; empty for the empty app."""


EMPTY_APP = "import sys, aws_cdk; aws_cdk.App(outdir=sys.argv[1]).synth()"


def synthesis(environments: int, *, rule_packs: str | None) -> Synthesis:
    """Synthesize that many environments, 0 for the empty app; `rule_packs`, aws or all, also adds the validator."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = (
            ["-m", "tools.bench.synthesize", str(environments), folder] if environments else ["-c", EMPTY_APP, folder]
        )
        if environments and rule_packs:
            arguments += ["--rule-packs", rule_packs]
        # An empty value means unset: without bytecode on disk, compiling the library would be most of what is measured.
        settings = {"CDK_VALIDATION": "true" if rule_packs else "false", "PYTHONDONTWRITEBYTECODE": ""}
        before = children_seconds()
        # As `cdk.json` has it: what `-O` leaves out is jsii's check of every argument, which the type checker has done.
        subprocess.run([sys.executable, "-O", *arguments], env={**os.environ, **settings}, check=True)
        seconds = children_seconds() - before
        templates = {file.name: json.loads(file.read_text()) for file in Path(folder).rglob("*.template.json")}
    resources = sum(len(template.get("Resources", {})) for template in templates.values())
    return Synthesis(seconds, resources, templates.get("yawl-delivery.template.json", {}))


def children_seconds() -> float:
    """Return the processor time of all processes that have been started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

"""Collects the rule packs' results: every rule, the resources it checked, and every acknowledged finding."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDER = Path(__file__).with_name("recorder.js")
CONTROLS = re.compile(r"\(Control IDs?: (?P<ids>.*)\)\.?\s*$", re.DOTALL)


class SynthesisError(Exception):
    """The app cannot be synthesized, or has unacknowledged findings."""


@dataclass(frozen=True)
class Rule:
    """One rule of one pack."""

    pack: str
    name: str
    """Without the pack's."""
    controls: str
    """The controls of the standard that it serves, as the pack names them; empty for rules of AWS's own."""
    judged: int
    """How many resources it applies to."""


@dataclass(frozen=True)
class Finding:
    """What a rule found in one resource, and why it stays."""

    pack: str
    rule: str
    detail: str
    """What exactly, where a rule has several findings in a resource; otherwise empty."""
    construct: str
    reason: str


@dataclass(frozen=True)
class Findings:
    """Everything the packs say, each list in a fixed order."""

    rules: list[Rule]
    acknowledged: list[Finding]


def findings_of(folder: Path) -> Findings:
    """Synthesize the app of the folder's `cdk.json` and return the rule packs' results. Raises SynthesisError."""
    with tempfile.TemporaryDirectory() as scratch:
        record, assembly = Path(scratch, "rules.json"), Path(scratch, "cdk.out")
        recording = {"NODE_OPTIONS": f"--require {RECORDER}", "COMPLIANCE_RECORD": str(record)}
        done = subprocess.run(
            ["cdk", "synth", "--quiet", "--output", assembly],
            cwd=folder,
            env={**os.environ, **recording},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SynthesisError(done.stderr.strip())
        return read(json.loads(record.read_text()), json.loads((assembly / "validation-report.json").read_text()))


def read(rules: Mapping[str, Any], report: Mapping[str, Any]) -> Findings:
    """Merge the recorder's notes with the library's report."""
    packs = {rule["pack"] for rule in rules.values()}
    acknowledged = [
        _finding(plugin["pluginName"], violation, construct["constructPath"])
        for plugin in report["pluginReports"]
        if plugin["pluginName"] in packs
        for violation in plugin.get("suppressedViolations", [])
        for construct in violation["violatingConstructs"]
    ]
    return Findings(
        rules=[
            Rule(rule["pack"], name.removeprefix(f"{rule['pack']}-"), _controls(rule["info"]), rule["judged"])
            for name, rule in rules.items()
        ],
        acknowledged=sorted(acknowledged, key=lambda found: (found.rule, found.detail, found.construct, found.pack)),
    )


def _finding(pack: str, violation: Mapping[str, Any], construct: str) -> Finding:
    rule, _, detail = violation["ruleName"].removeprefix(f"{pack}-").partition("[")
    return Finding(pack, rule, detail.removesuffix("]"), construct, violation["reason"])


def _controls(info: str) -> str:
    found = CONTROLS.search(info)
    return found["ids"] if found else ""

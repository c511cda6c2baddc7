"""The rehearsal's result as data."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.cloud import Place
from rehearsal.progress import ActionProgress, Progress, StageProgress

GENERATED_OUTPUTS = ("ExportsOutput", "PublishOutput")
"""How the CDK's library begins the names of outputs that only other stacks read."""


@dataclass
class Environment:
    """What a stage has deployed."""

    name: str
    place: Place
    stacks: dict[str, dict[str, str]] = field(default_factory=dict)
    """Outputs by stack."""
    stand_ins: list[str] = field(default_factory=list)

    @property
    def url(self) -> str | None:
        """The first output that is an address."""
        values = [value for outputs in self.stacks.values() for value in outputs.values()]
        return next((value for value in values if value.startswith(("http://", "https://"))), None)

    def named_outputs(self) -> dict[str, str]:
        """Return the outputs a person has named, without those the library adds for other stacks."""
        return {
            name: value
            for outputs in self.stacks.values()
            for name, value in outputs.items()
            if not name.startswith(GENERATED_OUTPUTS)
        }


def environments(progress: Progress) -> list[Environment]:
    """Return an environment for each stage that deployed stacks, in order."""
    found: list[Environment] = []
    for stage in progress.stages:
        deployed = [action.deployed for action in stage.actions if action.deployed]
        if deployed:
            environment = Environment(stage.name, deployed[0].place)
            for stack in deployed:
                environment.stacks[stack.name] = stack.outputs
                environment.stand_ins += stack.stand_ins
            found.append(environment)
    return found


def write(progress: Progress, file: Path, *, commit: str, recorded_types: list[str]) -> None:
    """Write everything the rehearsal knows to `file` as JSON."""
    document = {
        "result": str(progress.result),
        "reason": progress.reason,
        "commit": commit,
        "seconds": round(progress.seconds, 2),
        "restarts": progress.restarts,
        "set_up": [_action(step) for step in progress.set_up.actions],
        "stages": [_stage(stage) for stage in progress.stages],
        "environments": {
            environment.name: {
                "account": environment.place.account,
                "region": environment.place.region,
                "url": environment.url,
                "stacks": environment.stacks,
                "stand_ins": environment.stand_ins,
            }
            for environment in environments(progress)
        },
        "simulated": {
            "tasks": "local stand-ins" if any(e.stand_ins for e in environments(progress)) else "none",
            "recorded_only": recorded_types,
        },
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n")


def _stage(stage: StageProgress) -> dict[str, Any]:
    return {
        "name": stage.name,
        "status": str(stage.status),
        "seconds": round(stage.seconds, 2),
        "reason": stage.reason,
        "actions": [_action(action) for action in stage.actions],
    }


def _action(action: ActionProgress) -> dict[str, Any]:
    return {
        "name": action.name,
        "provider": action.provider,
        "run_order": action.run_order,
        "status": str(action.status),
        "seconds": round(action.seconds, 2),
        "reason": action.reason,
        "log": str(action.log_file),
    }

"""The app with settings that the example configuration does not have."""

import json
from pathlib import Path
from typing import Any

from settings import Settings

ROOT = Path(__file__).parents[2]


def synthesize(settings: Settings, folder: Path, *, rule_packs: bool = False) -> dict[str, Any]:
    """Synthesize into the folder and return the templates that are not an environment's, by name."""
    from aws_cdk import App

    from pipeline_app import add_pipeline, add_rule_packs

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(context=context, outdir=str(folder), stack_traces=False)
    add_pipeline(app, settings)
    if rule_packs:
        add_rule_packs(app, settings)
    app.synth()
    return {
        file.name.removesuffix(".template.json"): json.loads(file.read_text())
        for file in folder.glob("*.template.json")
    }


def only(settings: Settings, environment: str, **changes: object) -> Settings:
    """Return the settings with this environment alone, and with these changes to it."""
    changed = settings.environments[environment].model_copy(update=changes)
    return settings.model_copy(update={"environments": {environment: changed}})

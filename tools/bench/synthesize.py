"""Synthesizes the app once; `tools.bench.measure` runs this in its own process."""

import argparse
import json
from pathlib import Path

from aws_cdk import App

from pipeline_app import add_pipeline, add_rule_packs
from settings import ComplianceSettings, Settings, load


def main() -> None:
    """Synthesize the given number of environments into the folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("environments", type=int)
    parser.add_argument("folder")
    parser.add_argument("--settings", type=Path, default=Path("delivery.toml"))
    parser.add_argument("--rule-packs", choices=("aws", "all"))
    options = parser.parse_args()
    context = json.loads(Path("cdk.json").read_text())["context"]
    app = App(outdir=options.folder, context=context, stack_traces=False, tree_metadata=False)
    settings = with_environments(load(options.settings), options.environments)
    add_pipeline(app, settings)
    if options.rule_packs == "aws":
        settings = settings.model_copy(update={"compliance": ComplianceSettings(standards=[])})
    if options.rule_packs:
        add_rule_packs(app, settings)
    app.synth()


def with_environments(settings: Settings, count: int) -> Settings:
    """Return the settings with `count` environments: the first ones, then copies of the last."""
    environments = dict(list(settings.environments.items())[:count])
    last = list(settings.environments.values())[-1]
    for number in range(len(environments), count):
        account = str(int(last.account) + number)
        # Each approval adds a stage, and AWS limits the stages of a pipeline.
        environments[f"copy{number}"] = last.model_copy(update={"account": account, "approval": False})
    return settings.model_copy(update={"environments": environments})


if __name__ == "__main__":
    main()

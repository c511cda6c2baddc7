"""Synthesizes the app once, as told; `bench.measure` runs this in a process of its own.

python -m bench.synthesize EMPTY|ENVIRONMENTS FOLDER [--rule-pack]
"""

import argparse
import json
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from pipeline_app import add_pipeline
from settings import Settings, load


def main() -> None:
    """Synthesize into the folder: nothing, or as many environments as asked for, each shaped like production."""
    parser = argparse.ArgumentParser()
    parser.add_argument("environments", type=int)
    parser.add_argument("folder")
    parser.add_argument("--rule-pack", action="store_true")
    options = parser.parse_args()
    app = App(outdir=options.folder, context=json.loads(Path("cdk.json").read_text())["context"])
    if options.environments:
        add_pipeline(app, with_environments(load(Path("delivery.toml")), options.environments))
        if options.rule_pack:
            Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


def with_environments(settings: Settings, count: int) -> Settings:
    """Return the settings with the first `count` environments; beyond those there are, copies of the last."""
    environments = list(settings.environments.items())[:count]
    last = list(settings.environments.values())[-1]
    for number in range(len(environments), count):
        account = f"{int(last.account[0]) * 10**11 + number:012}"
        environments.append((f"copy{number}", last.model_copy(update={"account": account})))
    return settings.model_copy(update={"environments": dict(environments)})


if __name__ == "__main__":
    main()

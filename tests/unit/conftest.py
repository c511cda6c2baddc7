"""What the unit tests share: the example `delivery.toml`, synthesized once."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template
from aws_cdk.cx_api import CloudAssembly

from pipeline_app import add_pipeline
from settings import Settings, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Load the example configuration that a fresh clone has."""
    return load(ROOT / "delivery.toml")


@pytest.fixture(scope="session")
def assembly(settings: Settings) -> Iterator[CloudAssembly]:
    """Synthesize the whole app as `cdk synth` does, less the validators, which have tests of their own."""
    with tempfile.TemporaryDirectory() as folder:
        # Only the CLI reads cdk.json; without its flags this would be another app.
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = App(outdir=folder, context=context, builtin_cloud_formation_validation=False, analytics_reporting=False)
        add_pipeline(app, settings)
        yield app.synth()


@pytest.fixture(scope="session")
def template(assembly: CloudAssembly) -> Callable[[str, str], Template]:
    """Look up a stack's template by environment and part: `template("prod", "network")`."""
    read: dict[str, Template] = {}
    stacks = {stack.stack_name: stack for stack in assembly.stacks_recursively}

    def look_up(environment: str, part: str) -> Template:
        name = f"yawl-{environment}-{part}"
        if name not in read:
            read[name] = Template.from_json(json.loads(Path(stacks[name].template_full_path).read_text()))
        return read[name]

    return look_up


@pytest.fixture(scope="session")
def pipeline_template(assembly: CloudAssembly) -> Template:
    """Read the pipeline's own stack."""
    return Template.from_json(
        json.loads(Path(assembly.get_stack_by_name("yawl-delivery").template_full_path).read_text())
    )

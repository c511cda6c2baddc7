"""What the tests share: one configuration, synthesized once."""

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from settings import Settings, load
from tests.example import EXAMPLE
from tests.shared_fixture import made_once

if TYPE_CHECKING:
    from aws_cdk.assertions import Template
    from aws_cdk.cx_api import CloudAssembly

ROOT = Path(__file__).parents[1]

# Python looks for garbage in all that was imported, again and again: a tenth of what the unit tests take.
gc.set_threshold(100_000)

# Machines are shared and busy: no test fails for its speed.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

# The library's validator costs more than all else in a synthesis, and has tests of its own. It can only be switched off
# before the library is first imported, which is why the fixtures below do that themselves.
os.environ["CDK_VALIDATION"] = "false"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to leave out what takes longest and says nothing of the example's environments."""
    parser.addoption(
        "--example-only", action="store_true", help="skip what synthesizes other settings than the example's"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/rehearsal/"))


def pytest_collection_finish() -> None:
    """Leave what the tests have imported out of every later search for garbage."""
    gc.freeze()


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Load the configuration that tests know."""
    return load(EXAMPLE)


@pytest.fixture(scope="session")
def assembly(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> "CloudAssembly":
    """Synthesize the whole app as `cdk synth` does, less the validators."""
    from aws_cdk import App
    from aws_cdk.cx_api import CloudAssembly

    from pipeline_app import add_pipeline

    def synthesize(folder: Path) -> None:
        # Only the CLI reads cdk.json; without its flags this would be another app.
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = App(context=context, outdir=str(folder), stack_traces=False, tree_metadata=False)
        add_pipeline(app, settings)
        app.synth()

    return CloudAssembly(str(made_once(tmp_path_factory, "assembly", synthesize)))


@pytest.fixture(scope="session")
def template(assembly: "CloudAssembly") -> "Callable[[str, str], Template]":
    """Look up a stack's template by environment and part: `template("prod", "network")`."""
    files = {stack.stack_name: Path(stack.template_full_path) for stack in assembly.stacks_recursively}
    read: dict[str, Template] = {}

    def look_up(environment: str, part: str) -> "Template":
        name = f"yawl-{environment}-{part}"
        if name not in read:
            read[name] = _template(files[name])
        return read[name]

    return look_up


@pytest.fixture(scope="session")
def pipeline_template(assembly: "CloudAssembly") -> "Template":
    """Read the pipeline's own stack."""
    return _template(Path(assembly.get_stack_by_name("yawl-delivery").template_full_path))


def _template(file: Path) -> "Template":
    """Read a template, and let what it holds be read here too: from the library's process it takes 15 ms each time."""
    from aws_cdk.assertions import Template

    text = file.read_text()
    template = Template.from_json(json.loads(text))
    matching = template.find_resources

    def find_resources(type: str, props: Any = None) -> Any:  # noqa: A002 - the library's name
        if props is not None:
            return matching(type, props)
        found = json.loads(text)["Resources"]
        return {name: resource for name, resource in found.items() if resource["Type"] == type}

    vars(template).update(to_json=lambda: json.loads(text), find_resources=find_resources)
    return template

"""Fixtures of all tests: the example's settings, and the app synthesized from them once."""

import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from settings import Settings, load
from tests.example import EXAMPLE
from tests.paths import ROOT
from tests.shared_fixture import keep_in, shared_fixture

if TYPE_CHECKING:
    from aws_cdk.assertions import Template
    from aws_cdk.cx_api import CloudAssembly

# Repeated garbage collection of imported modules took a tenth of the unit tests' time.
gc.set_threshold(100_000)

# No test may fail because the machine is slow.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=1000, print_blob=True)
hypothesis.settings.load_profile("no deadline")

# Validation takes most of a synthesis and has its own tests. It can only be disabled before the library is first
# imported, so the fixtures below import it themselves.
os.environ["CDK_VALIDATION"] = "false"

# The Synth action of a user's pipeline runs these tests too, and its account is not that of the tests' settings.
os.environ.pop("CODEBUILD_INITIATOR", None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that skips the slowest tests, which use other settings than the example's."""
    parser.addoption(
        "--example-only", action="store_true", help="skip what synthesizes other settings than the example's"
    )
    parser.addoption("--keep-fixtures", type=Path, help="keep shared fixtures in this folder, for later runs")


def pytest_configure(config: pytest.Config) -> None:
    """Keep shared fixtures where the option says."""
    keep_in(config.getoption("--keep-fixtures"))


LINUX_ONLY = ("tests/unit/container/", "tests/tools/test_testbed_", "tests/container/")
"""Tests of the container's supervisor and testbed, which use Linux's own calls."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slowest tests, so that all workers finish at about the same time."""
    if sys.platform != "linux":
        for item in items:
            if item.nodeid.startswith(LINUX_ONLY):
                item.add_marker(pytest.mark.skip(reason="the container's processes run on Linux only"))
    for slow in ("tests/rehearsal/", "tests/rehearsal/projects/"):
        items.sort(key=lambda item, slow=slow: not item.nodeid.startswith(slow))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the parts that were skipped, each with its reason: `make test` is then not the whole of it."""
    skipped: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        skipped[str(PurePath(report.nodeid.partition("::")[0]).parent), why.removeprefix("Skipped: ")] += 1
    for (part, why), count in sorted(skipped.items()):
        terminalreporter.write_line(f"skipped: {count} test(s) in {part}: {why}")


def pytest_collection_finish() -> None:
    """Exclude imported modules from later garbage collections."""
    gc.freeze()


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Load the example's settings."""
    return load(EXAMPLE)


@pytest.fixture(scope="session")
def assembly(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> "CloudAssembly":
    """Synthesize the whole app as `cdk synth` does, without validation."""
    from aws_cdk import App
    from aws_cdk.cx_api import CloudAssembly

    from pipeline_app import add_pipeline

    def synthesize(folder: Path) -> None:
        # Only the CLI reads cdk.json, which has the feature flags.
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = App(context=context, outdir=str(folder), stack_traces=False, tree_metadata=False)
        add_pipeline(app, settings)
        app.synth()

    return CloudAssembly(str(shared_fixture(tmp_path_factory, "assembly", synthesize)))


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
    """Read a template; answer simple look-ups in this process, because each call to jsii takes 15 ms."""
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

"""Runs the whole `cdk synth`: its only input is the commit, and it reports every error."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.environment_stacks import LEVELS_OF
from tests.example import EXAMPLE
from tests.paths import ROOT
from tests.synthesis.cdk import cdk, synth
from tests.synthesis.conftest import Synthesis

PIPELINE = ("yawl-delivery", "yawl-delivery-us-west-2")
"""The stacks of the pipeline; the second has the artifacts of actions in us-west-2."""

FAULTY_APP = """
import pipeline_app
from aws_cdk import aws_s3 as s3

whole = pipeline_app.add_pipeline

def with_faults(app, settings):
    stack = whole(app, settings)
    s3.Bucket(stack, "Unlogged")
    s3.CfnBucket(stack, "Invalid", access_control="Nobody")
    return stack

pipeline_app.add_pipeline = with_faults
pipeline_app.main()
"""


def test_synthesis_needs_no_credentials_or_network_and_prints_nothing(synthesis: Synthesis) -> None:
    # cdk lists the names if the app has several stacks outside the stages, such as one for copies of artifacts.
    lines = synthesis.output.splitlines()
    assert [line for line in lines if line and not line.startswith(("Successfully", "Supply a stack id"))] == []
    assert len(synthesis.templates) == len(PIPELINE) + sum(map(len, LEVELS_OF.values()))


def test_no_lookups(synthesis: Synthesis) -> None:
    manifests = [json.loads(file.read_text()) for file in synthesis.folder.rglob("manifest.json")]
    assert [manifest["missing"] for manifest in manifests if manifest.get("missing")] == []
    assert not synthesis.folder.with_name("cdk.context.json").exists()


def test_acknowledgments_cover_less_than_a_stack(synthesis: Synthesis) -> None:
    for file in synthesis.folder.rglob("*.metadata.json"):
        for path, entries in json.loads(file.read_text()).items():
            if any(entry["type"] == "aws:cdk:acknowledged-rules" for entry in entries):
                stack_depth = 1 if file.parent == synthesis.folder else 3
                assert path.count("/") > stack_depth, f"{path} is a stack"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Synthesize the app with two more buckets, each of which one validator rejects."""
    folder = tmp_path_factory.mktemp("faulty")
    app = folder / "faulty_app.py"
    app.write_text(FAULTY_APP)
    first_environment, _ = EXAMPLE.read_text().split("[environments.staging]")
    return synth(folder, first_environment, app)


@pytest.mark.parametrize(
    ("validator", "finding"),
    [
        ("the rule pack", "AwsSolutions-S1"),
        ("the library's own validation", "Nobody"),
    ],
)
def test_validator_finding_fails_synthesis(
    validator: str, finding: str, faulty: subprocess.CompletedProcess[str]
) -> None:
    assert faulty.returncode != 0, validator
    assert finding in faulty.stderr


def test_settings_errors_are_all_that_is_printed(tmp_path: Path) -> None:
    process = synth(tmp_path, EXAMPLE.read_text().replace("min = 1, max = 2", "min = 2, max = 1"))
    assert process.returncode != 0
    assert process.stderr.startswith(
        "delivery.toml: environments.dev.tasks.max: 1 is below tasks.min 2; raise it, or lower tasks.min\n"
    )
    assert "Traceback" not in process.stderr


@pytest.fixture(scope="module")
def newer_assembly(synthesis: Synthesis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the assembly and set a schema version of the future."""
    folder = tmp_path_factory.mktemp("newer") / "cdk.out"
    shutil.copytree(synthesis.folder, folder)
    for file in (*folder.rglob("manifest.json"), *folder.rglob("*.assets.json")):
        file.write_text(json.dumps({**json.loads(file.read_text()), "version": "999.0.0"}))
    return folder


def test_pinned_cdk_refuses_assemblies_it_cannot_read(newer_assembly: Path) -> None:
    process = cdk("ls", "--app", str(newer_assembly), cwd=newer_assembly.parent)
    assert process.returncode != 0
    assert "999" in process.stderr


def test_pinned_cdk_assets_reads_ours_and_refuses_those_it_cannot(synthesis: Synthesis, newer_assembly: Path) -> None:
    cdk_assets = ROOT / "node_modules" / ".bin" / "cdk-assets"
    for folder, readable in ((synthesis.folder, True), (newer_assembly, False)):
        manifest = folder / "yawl-delivery.assets.json"
        process = subprocess.run([cdk_assets, "--path", manifest, "ls"], check=False, capture_output=True)
        assert (process.returncode == 0) == readable

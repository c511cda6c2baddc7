"""What a rehearsal needs of a cloud assembly besides what `cloud_assembly` reads."""

import json
from pathlib import Path

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal import assembly
from rehearsal.errors import RehearsalError


def write(directory: Path, environment: str) -> Path:
    """Write an assembly with a pipeline in the environment."""
    properties = {"templateFile": "delivery.json", "stackName": "delivery-deployed"}
    delivery = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{environment}",
        "properties": properties,
        "displayName": "App/delivery",
    }
    (directory / "manifest.json").write_text(json.dumps({"artifacts": {"delivery": delivery}}))
    (directory / "delivery.json").write_text('{"Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline"}}}')
    return directory


def test_pipeline_is_found(tmp_path: Path) -> None:
    home = AwsEnvironment("1", "us-east-1")
    assert assembly.read(write(tmp_path, "1/us-east-1")) == assembly.Assembly(
        directory=tmp_path, stack_id="App/delivery", stack_name="delivery-deployed", home=home, aws_environments=(home,)
    )


def test_accounts_and_regions_must_be_concrete(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="stack delivery-deployed has no fixed account and region"):
        assembly.read(write(tmp_path, "unknown-account/unknown-region"))


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_execution_policies_must_be_readable(tmp_path: Path, text: str) -> None:
    (write(tmp_path, "1/us-east-1") / assembly.EXECUTION_POLICIES).write_text(text)
    with pytest.raises(RehearsalError, match=r"execution-policies\.json cannot be read"):
        assembly.read(tmp_path)

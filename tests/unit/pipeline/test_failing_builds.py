"""Every build of the pipeline fails when one of the programs it calls fails, run phase by phase as CodeBuild does."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.actions import buildspec
from tests.unit.failing_programs import FailingPrograms
from tests.unit.pipeline_definition import BUILDS, Pipeline

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

PROGRAMS = ("make", "git", "npm", "cdk", "cdk-assets", "cat", "grep", "tail", "ln", "python3")
"""Every program that builds call; a build that calls another one fails here, because there is no such fake."""
HIDDEN = {
    r"grep -sxEm1 .* aws-cdk-version\.txt": "an older assembly names no version of the CLI; the build has a default",
    r"cdk .* diff .* --fail-on broadening": "it tells whether permissions grow; the commands after it decide",
    r"cat report/[\w-]+\.txt": "the program before it has written the file, or has failed",
}
"""The failures that a build may hide, each with its reason."""


def test_builds_pass_on_each_failure(pipeline: Pipeline, assembly: "CloudAssembly", tmp_path: Path) -> None:
    programs = FailingPrograms(tmp_path, fake=PROGRAMS, real=[])
    hidden = dict[str, list[str]]()
    projects = [one for one in pipeline.resources.items() if one[1]["Type"] == "AWS::CodeBuild::Project"]
    for name, project in projects:
        written: str = project["Properties"]["Source"]["BuildSpec"]
        text = written if written.startswith("{") else Path(assembly.directory, written).read_text()
        specification = buildspec.parse(text)
        (tmp_path / "build.sh").write_text(specification.script(tmp_path / "exported"))
        found = programs.hidden_failures([specification.shell, "build.sh"])
        hidden[name] = [call for call in found if not any(re.fullmatch(pattern, call) for pattern in HIDDEN)]
    assert {name: calls for name, calls in hidden.items() if calls} == {}
    assert len(hidden) == len(BUILDS)

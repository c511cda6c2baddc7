"""Every build of the pipeline fails when one of the programs it calls fails, run phase by phase as CodeBuild does."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.actions.builds import buildspec
from tests.unit.failing_programs import FailingPrograms
from tests.unit.pipeline_definition import BUILDS, ENVIRONMENTS, Pipeline

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


def may_be_hidden(call: str) -> bool:
    return any(re.fullmatch(pattern, call) for pattern in HIDDEN)


def test_builds_pass_on_each_failure(pipeline: Pipeline, assembly: "CloudAssembly", tmp_path: Path) -> None:
    programs = FailingPrograms(tmp_path, fake=PROGRAMS, real=[])
    projects = [one["Properties"] for one in pipeline.resources.values() if one["Type"] == "AWS::CodeBuild::Project"]
    assert len(projects) == len(BUILDS)
    written: list[str] = [project["Source"]["BuildSpec"] for project in projects]
    texts = [text if text.startswith("{") else Path(assembly.directory, text).read_text() for text in written]
    for text in {re.sub("|".join(ENVIRONMENTS), "", one, flags=re.IGNORECASE): one for one in texts}.values():
        specification = buildspec.parse(text)
        (tmp_path / "build.sh").write_text(specification.script(tmp_path / "exported"))
        command = [specification.shell, "build.sh"]
        hidden = programs.hidden_failures(command)
        usual = programs.run(command).calls
        # What runs only after such a failure must pass on its own.
        after = [call for call in hidden if programs.run(command, failing=call).calls - usual]
        hidden += [one for call in after for one in programs.hidden_failures(command, unusable=call)]
        assert [call for call in hidden if not may_be_hidden(call)] == [], text

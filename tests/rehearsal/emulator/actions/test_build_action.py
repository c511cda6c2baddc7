"""CodeBuild actions: a deployed project's builds, run with what the pipeline hands them, in folders of their own."""

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions import build
from rehearsal.actions.run import ActionFailed, ActionNotEmulated, Outcome
from rehearsal.engine.action_details import CaseOutcome, CaseResult
from rehearsal.engine.artifacts import ArtifactNotFound
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import GapKind
from tests.rehearsal.emulator.action_runner import Workshop
from tests.rehearsal.emulator.conftest import resource


class Projects:
    """Makes projects and runs builds of them."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self._role = workshop.role(workshop.home, "build")
        workshop.artifact("Source", message__txt="from the source")

    def run(
        self,
        *commands: str,
        inputs: tuple[str, ...] = ("Source",),
        outputs: tuple[str, ...] = (),
        fail: bool = False,
        configuration: dict[str, str] | None = None,
        environment: dict[str, Any] | None = None,
        **specification: Any,
    ) -> Outcome:
        """Run a build of these commands in a new project."""
        phases = {"build": {"commands": list(commands)}}
        text = json.dumps({"version": "0.2", "phases": phases, **specification})
        return self.run_specification(text, inputs, outputs, configuration or {}, environment or {}, fail=fail)

    def run_specification(
        self,
        text: str,
        inputs: tuple[str, ...] = ("Source",),
        outputs: tuple[str, ...] = (),
        configuration: dict[str, str] | None = None,
        environment: dict[str, Any] | None = None,
        *,
        fail: bool = False,
    ) -> Outcome:
        codebuild = self.workshop.home.client("codebuild")
        if codebuild.batch_get_projects(names=["project"])["projects"]:
            codebuild.delete_project(name="project")
        codebuild.create_project(
            name="project",
            serviceRole=self._role,
            source={"type": "CODEPIPELINE", "buildspec": text},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                **(environment or {}),
            },
        )
        settings = {"ProjectName": "project", **(configuration or {})}
        return self.workshop.run(build.execute, settings, inputs=inputs, outputs=outputs, fail=fail)

    @property
    def output(self) -> list[str]:
        """What the last build's commands printed."""
        return [line for line in self.workshop.log if not line.startswith(("$ ", "-- phase"))]


@pytest.fixture
def projects(workshop: Workshop) -> Projects:
    return Projects(workshop)


def test_build_runs_in_its_source_and_passes_on_its_output(projects: Projects) -> None:
    artifacts = {"base-directory": "out", "files": ["**/*"]}
    projects.run("mkdir -p out/deep", "cp message.txt out/deep/", outputs=("Built",), artifacts=artifacts)
    assert projects.workshop.artifacts.read("Built::deep/message.txt") == "from the source"


def test_outputs_are_distinguished_by_name(projects: Projects) -> None:
    artifacts = {"secondary-artifacts": {name: {"files": [f"{name}.txt"]} for name in ("One", "Two")}}
    projects.run("echo 1 > One.txt", "echo 2 > Two.txt", outputs=("One", "Two"), artifacts=artifacts)
    assert projects.workshop.artifacts.read("Two::Two.txt") == "2\n"


def test_secondary_inputs_have_their_own_folders(projects: Projects) -> None:
    projects.workshop.artifact("Other", message__txt="from the other")
    projects.run(
        "cat message.txt; echo",
        "cat $CODEBUILD_SRC_DIR_Source/message.txt",
        inputs=("Source", "Other"),
        configuration={"PrimarySource": "Other"},
    )
    assert projects.output == ["from the other", "from the source"]


def test_buildspec_may_be_in_the_source(projects: Projects) -> None:
    projects.workshop.artifact("Source", assets__yaml="{version: 0.2, phases: {build: {commands: [echo found]}}}")
    projects.run_specification("assets.yaml")
    assert projects.output == ["found"]
    with pytest.raises(ActionFailed, match=r"buildspec lost\.yaml is not in the input artifact"):
        projects.run_specification("lost.yaml")


def test_buildspec_may_be_an_object_in_s3(projects: Projects) -> None:
    s3, bucket = projects.workshop.home.client("s3"), projects.workshop.bucket
    s3.put_object(Bucket=bucket, Key="spec.yml", Body=b"{version: 0.2, phases: {build: {commands: [echo found]}}}")
    projects.run_specification(f"arn:aws:s3:::{bucket}/spec.yml")
    assert projects.output == ["found"]
    with pytest.raises(ActionFailed, match=r"buildspec arn:aws:s3:::\S+/lost.yml: The specified key does not exist"):
        projects.run_specification(f"arn:aws:s3:::{bucket}/lost.yml")


def test_exported_variables_become_action_variables(projects: Projects) -> None:
    outcome = projects.run("NOTES='one\r\n  two'", env={"exported-variables": ["NOTES"]})
    assert outcome.variables == {"NOTES": "one\r\n  two"}


def test_build_runs_as_its_role(projects: Projects) -> None:
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    program = projects.workshop.directory / "ask.py"
    program.write_text(ask)
    projects.run(f"{sys.executable} {program}")
    account = projects.workshop.home.place.account
    [output] = projects.output
    assert output.startswith(f"arn:aws:sts::{account}:assumed-role/build/AWSCodeBuild-")


REASONS = [
    ("exit 3", "phase build failed with exit status 3"),
    ("echo 'No such thing.'; exit 3", "No such thing."),
    ("echo 'ValueError: 3 is too many'; echo in the end; exit 1", "ValueError: 3 is too many"),
    ("echo 'make: *** [Makefile:9: synth] Error 1'; exit 2", "phase build failed with exit status 2"),
    ("printf '\\033[31merror: red\\033[0m\\n'; false", "error: red"),
]


@pytest.mark.parametrize(("command", "reason"), REASONS)
def test_failing_build_says_why(projects: Projects, command: str, reason: str) -> None:
    with pytest.raises(ActionFailed) as raised:
        projects.run(command)
    assert str(raised.value) == reason


def test_reason_of_a_repeated_phase_is_its_failure(projects: Projects) -> None:
    phases = {"build": {"commands": ["exit 3"], "on-failure": "RETRY-1"}}
    with pytest.raises(ActionFailed, match=r"^phase build failed with exit status 3"):
        projects.run_specification(json.dumps({"version": "0.2", "phases": phases}))


FAILURES: list[tuple[tuple[str, ...], dict[str, Any], str]] = [
    (("exec true",), {}, "the build's shell ended before the last phase did"),
    (("true",), {"outputs": ("Built",)}, "the buildspec does not define the artifact Built"),
    (("true",), {"outputs": ("Built",), "artifacts": {"files": ["none"]}}, "no files match none in ."),
    (("true",), {"version": "0.3"}, "the buildspec has version 0.3; CodeBuild knows 0.1 and 0.2"),
    (("true",), {"fail": True}, "made to fail by --fail"),
]


@pytest.mark.parametrize(("commands", "rest", "reason"), FAILURES, ids=[row[2] for row in FAILURES])
def test_errors_are_reported(projects: Projects, commands: tuple[str, ...], rest: dict[str, Any], reason: str) -> None:
    with pytest.raises(ActionFailed) as raised:
        projects.run(*commands, **rest)
    assert str(raised.value) == reason


def test_missing_input_is_reported(projects: Projects) -> None:
    with pytest.raises(ArtifactNotFound, match="artifact Never does not exist"):
        projects.run("true", inputs=("Never",))
    with pytest.raises(ActionFailed, match="CodeBuild project lost does not exist in"):
        projects.workshop.run(build.execute, {"ProjectName": "lost"}, inputs=("Source",))


def test_sequential_builds_share_a_path(projects: Projects) -> None:
    """What was compiled for the first of them serves the others."""
    assert _place_of_a_build(projects) == _place_of_a_build(projects)


def test_build_skips_a_folder_in_use(projects: Projects) -> None:
    folder: Path = projects.workshop.directory / "builds" / "0"
    folder.mkdir(parents=True)
    assert str(folder) not in _place_of_a_build(projects)


def _place_of_a_build(projects: Projects) -> str:
    projects.run("echo here: $PWD")
    [place] = (line for line in projects.workshop.log if line.startswith("here: "))
    return place


def test_build_deletes_only_its_own_folder(projects: Projects) -> None:
    projects.run("touch left-over")
    with pytest.raises(ActionFailed):
        projects.run("test ! -e left-over && false")
    folder: Path = projects.workshop.directory / "builds"
    deadline = time.monotonic() + 60
    while list(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(folder.iterdir()) == []


REPORT = '<testsuite><testcase classname="suite" name="case" time="2"><failure message="no"/></testcase></testsuite>'


@pytest.mark.parametrize("after", ["true", "false"])
def test_test_results_are_kept_even_if_the_build_fails(projects: Projects, after: str) -> None:
    reports = {"tests": {"base-directory": "report", "files": ["*.xml"]}}
    write = f"mkdir report && echo '{REPORT}' > report/results.xml"
    with contextlib.nullcontext() if after == "true" else pytest.raises(ActionFailed):
        projects.run(write, after, reports=reports)
    assert projects.workshop.details.tests == [CaseResult("suite", "case", 2.0, CaseOutcome.FAILED, "no")]


@pytest.mark.parametrize(
    ("files", "file_format", "output"),
    [
        ("missing.xml", "JUNITXML", "report tests: no files match missing.xml in report"),
        ("broken.xml", "JUNITXML", "report tests: not valid JUnit XML"),
        ("broken.xml", "CUCUMBERJSON", "report tests: the rehearsal does not support CUCUMBERJSON"),
    ],
)
def test_unreadable_report_does_not_fail_the_build(
    projects: Projects, files: str, file_format: str, output: str
) -> None:
    report = {"base-directory": "report", "files": files, "file-format": file_format}
    projects.run("mkdir report && echo '<' > report/broken.xml", reports={"tests": report})
    assert output in projects.workshop.log[-1]
    assert projects.workshop.details.tests == []


def test_emulator_gap_is_not_a_build_failure(projects: Projects) -> None:
    with pytest.raises(ActionNotEmulated, match="StopPipelineExecution"):
        projects.run(f'echo "{NOT_EMULATED}: StopPipelineExecution"; exit 1')
    # One that goes on after it, and ends well, has not met it.
    projects.run(f'echo "{NOT_EMULATED}: StopPipelineExecution"')


def test_build_outside_of_its_network_is_a_gap(workshop: Workshop) -> None:
    role = workshop.role(workshop.home, "build")
    workshop.artifact("Source", buildspec__yml="{version: 0.2, phases: {build: {commands: ['true']}}}")
    project = resource(
        "AWS::CodeBuild::Project",
        Name="project",
        ServiceRole=role,
        Source={"Type": "CODEPIPELINE"},
        Artifacts={"Type": "CODEPIPELINE"},
        Environment={
            "Type": "LINUX_CONTAINER",
            "Image": "aws/codebuild/standard:7.0",
            "ComputeType": "BUILD_GENERAL1_SMALL",
        },
    )
    network = {"VpcId": "vpc-0123456789abcdef0", "Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-1"]}
    reason = "the build ran outside of its VPC, whose routes and security groups may not let it reach what it needs"
    for has_network in (True, False):
        settings = {"VpcConfig": network} if has_network else {}
        workshop.home.deploy(Project={**project, "Properties": {**project["Properties"], **settings}})
        workshop.run(build.execute, {"ProjectName": "project"}, inputs=("Source",))
        assert workshop.details.gaps == [(GapKind.RUNTIME, reason)] * has_network

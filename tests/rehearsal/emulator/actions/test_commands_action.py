"""Commands actions: commands without a project, with the action's role, variables and artifacts."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions import commands
from rehearsal.actions.run import ActionFailed, ActionNotRehearsed
from rehearsal.process import closed_network
from tests.rehearsal.emulator.action_runner import Workshop


@pytest.fixture
def workshop_with_source(workshop: Workshop) -> Workshop:
    workshop.artifact("Source", message__txt="from the source")
    return workshop


def run(workshop: Workshop, *lines: str, **action: Any) -> dict[str, str]:
    outcome = workshop.run(commands.execute, {}, inputs=("Source",), commands=list(lines), **action)
    return dict(outcome.variables)


def test_commands_run_in_the_source_with_their_variables(workshop_with_source: Workshop) -> None:
    found = run(
        workshop_with_source,
        "export SEEN=$(cat message.txt) LEVEL=$LEVEL",
        outputVariables=["SEEN", "LEVEL", "CODEBUILD_INITIATOR"],
        environmentVariables=[{"name": "LEVEL", "value": "high", "type": "PLAINTEXT"}],
    )
    assert found == {"SEEN": "from the source", "LEVEL": "high", "CODEBUILD_INITIATOR": "codepipeline/pipeline"}


def test_outputs_have_the_files_that_the_action_names(workshop_with_source: Workshop) -> None:
    run(
        workshop_with_source,
        "mkdir out && cp message.txt out",
        outputArtifacts=[{"name": "One", "files": ["out/*"]}, {"name": "All"}],
    )
    read = workshop_with_source.artifacts.read
    assert read("One::out/message.txt") == read("All::message.txt") == "from the source"


def test_commands_have_the_role_of_the_action_and_a_log(workshop_with_source: Workshop) -> None:
    role = workshop_with_source.role(workshop_with_source.home, "own")
    run(workshop_with_source, "echo $AWS_ACCESS_KEY_ID", role_arn=role)
    group, stream = workshop_with_source.details.log or ("", "")
    assert group == "/aws/codepipeline/pipeline"
    logs = workshop_with_source.home.client("logs")
    events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    assert events[0]["message"] == "-- phase build"
    run(workshop_with_source, "true", role_arn=role)


def test_failing_command_fails_the_action(workshop_with_source: Workshop) -> None:
    with pytest.raises(ActionFailed, match="phase build failed with exit status 3"):
        run(workshop_with_source, "exit 3")
    with pytest.raises(ActionFailed, match="has 1 to 50 commands, each on one line; this has 51"):
        run(workshop_with_source, *["true"] * 51)


NEEDS_CONTAINERS = """
import boto3, sys
try:
    boto3.client("ecs").run_task(cluster="main", taskDefinition="migrate")
except Exception:
    sys.exit(4)
"""


@pytest.mark.skipif(not closed_network.works(), reason="without a network of their own, builds have one address")
def test_build_that_needs_what_does_not_run_excuses_no_other(workshop_with_source: Workshop) -> None:
    """Two at a time: one needs a container, which is a gap, and the other fails by itself."""
    workshop = workshop_with_source
    ecs = workshop.home.client("ecs")
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="migrate", containerDefinitions=[{"name": "job", "image": "a", "memory": 8}])
    program = workshop.directory / "call.py"
    program.write_text(NEEDS_CONTAINERS)
    began, called = workshop.directory / "began", workshop.directory / "called"
    failures: list[str] = []

    def wait_for(file: Path) -> str:
        return f"for i in $(seq 300); do [ -e {file} ] && break; sleep 0.1; done"

    def fail_meanwhile() -> None:
        try:
            run(workshop, f"touch {began}; {wait_for(called)}; exit 3")
        except Exception as failure:  # noqa: BLE001 - whatever it is, the assertion shows it
            failures.append(f"{type(failure).__name__}: {failure}")

    other = threading.Thread(target=fail_meanwhile)
    other.start()
    with pytest.raises(ActionNotRehearsed, match="migrate: the containers of RunTask do not run here"):
        run(workshop, f"{wait_for(began)}; {sys.executable} {program}; code=$?; touch {called}; exit $code")
    other.join(60)
    assert failures == ["ActionFailed: phase build failed with exit status 3"]

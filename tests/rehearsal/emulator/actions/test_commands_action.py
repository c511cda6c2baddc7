"""Commands actions: commands without a project, with the action's role, variables and artifacts."""

from typing import Any

import pytest

from rehearsal.actions import commands
from rehearsal.actions.run import ActionFailed
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

"""Why a build failed: the words of the command that failed."""

import pytest

from rehearsal.actions.builds.build import reason_of

FAILED = "phase build failed with exit status 1"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [
                "$ sudo dnf install x || true",
                "build.sh: sh: sudo: not found",
                "$ cdk synth x",
                "No stacks match",
                FAILED,
            ],
            "No stacks match",
        ),
        (
            ["$ cdk synth", "No stacks match", FAILED, "$ echo Done", "error: later"],
            "No stacks match",
        ),
        (["$ make", "error: first", "more", "$ false", FAILED], "error: first"),
        (["$ false", FAILED], FAILED),
        ([], "exit status 1"),
    ],
)
def test_reason_is_what_the_failed_command_printed(lines: list[str], expected: str) -> None:
    assert reason_of(lines, "exit status 1") == expected

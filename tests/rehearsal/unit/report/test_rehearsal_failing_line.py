"""The reason of a failed build is its error, and the same one as in the failure mail."""

import pytest

from lambdas.delivery_events import failure
from rehearsal.report import failing_line

LOGS: list[list[str]] = [
    ["fine", "settings.toml: error: no such key", "make: *** [Makefile:9: synth] Error 1"],
    ["| Failed | 0 |", "0 failed, no errors", "botocore.exceptions.ClientError: denied", "error: later"],
    ["FAILED tests/test_x.py::test - assert 1 == 2", "error: later"],
    ["error: earlier", "  stops: the database would be replaced"],
    ["make[1]: *** [Makefile:120: lint] Error 1", "make: *** [Makefile:9: synth] Error 2"],
    ["tests/test_x.py::test FAILED [ 10%]", "nothing else"],
    ["all is well"],
    [],
]


@pytest.mark.parametrize("log", LOGS)
def test_the_mail_quotes_the_same_line(log: list[str]) -> None:
    assert failing_line.first_failing_line(log) == failure.first_failing_line(log)


def test_a_reason_is_one_plain_line_of_limited_length() -> None:
    assert failing_line.reason(["\x1b[31mError: red\x1b[0m", ""], "exit status 1") == "Error: red"
    assert len(failing_line.reason([f"Error: {'x' * 999}"], "exit status 1")) == failing_line.LONGEST_LINE


def test_without_a_line_that_reads_like_a_failure_the_last_one_is_added() -> None:
    log = ["$ terraform apply", "-- phase build", "No configuration files.", "phase build failed with exit status 2"]
    failed = "phase build failed with exit status 2"
    assert failing_line.reason(log, failed) == f"{failed}: No configuration files."
    assert failing_line.reason([], failed) == failed

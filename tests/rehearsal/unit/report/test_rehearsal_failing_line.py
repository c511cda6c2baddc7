"""The reason of a failed build is its error; `tests/unit/lambdas` tests which line that is."""

from rehearsal.report import failing_line
from tests.paths import ROOT


def test_reason_is_one_plain_line_of_limited_length() -> None:
    assert failing_line.reason(["\x1b[31merror: red\x1b[0m", ""], "exit status 1") == "error: red"
    assert len(failing_line.reason([f"error: {'x' * 999}"], "exit status 1")) == failing_line.LONGEST_LINE


def test_without_output_the_status_is_the_reason() -> None:
    failed = "phase build failed with exit status 2"
    log = ["$ terraform apply", "-- phase build", "No configuration files.", failed]
    assert failing_line.reason(log, failed) == "No configuration files."
    assert failing_line.reason(["$ false", failed], failed) == failed
    assert failing_line.reason([], failed) == failed


def test_rehearsal_gives_the_reason_of_the_mail() -> None:
    """The wheel has no functions, and a function has no rehearsal: each has a copy."""
    copies = {ROOT / folder / "program_messages.py" for folder in ("rehearsal/report", "lambdas/delivery_events")}
    assert len({copy.read_text() for copy in copies}) == 1

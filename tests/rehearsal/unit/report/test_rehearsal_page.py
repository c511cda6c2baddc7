"""What the rehearsal's page shows of logs and of executions before the last; `tests/page` looks at it in a browser."""

import re
from pathlib import Path

import pytest

from rehearsal.actions.run import ActionFailed, Run
from rehearsal.report import report
from rehearsal.report.page import excerpt
from rehearsal.report.page.excerpt import Excerpt
from rehearsal.report.page.rendering import render
from tests.rehearsal.unit.rehearsal_fakes import FakeExecution, action, pipeline, stage


def shown(directory: Path, *lines: str, failed: bool = False) -> Excerpt:
    log = directory / "log"
    log.write_text("".join(f"{line}\n" for line in lines))
    return excerpt.read(log, range(len(lines)), failed=failed, mask=lambda line: line)


@pytest.mark.parametrize(
    ("lines", "failing"),
    [
        (["no error is expected", "CREATE_FAILED AWS::SNS::Topic Topic", "ROLLBACK_COMPLETE"], 2),
        (["errors may be printed", "FAILED tests/test_x.py::test", "E   assert 1 == 2"], 2),
        (["fine", "error: no such file", "phase build failed with exit status 1"], 2),
        (["fine", "phase build failed with exit status 1"], 2),
        (["nothing", "telling"], 2),
    ],
)
def test_most_relevant_line_is_found(tmp_path: Path, lines: list[str], failing: int) -> None:
    assert shown(tmp_path, *lines, failed=True).failing == failing
    assert shown(tmp_path, *lines).failing is None


def test_line_that_the_reason_quotes_is_marked(tmp_path: Path) -> None:
    lines = ["error: an earlier one", "    stops: the database would be replaced", "FAILED tests/test_x.py::test"]
    (tmp_path / "log").write_text("\n".join(lines) + "\n")
    found = excerpt.read(
        tmp_path / "log", range(3), failed=True, mask=lambda line: line, reason="stops: the database would be rep…"
    )
    assert found.failing == 2


def test_empty_log_has_no_line(tmp_path: Path) -> None:
    found = excerpt.read(tmp_path / "missing", range(0), failed=True, mask=lambda line: line)
    assert found == Excerpt((), 0, None)


def test_failure_is_shown_with_context(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(1, 2001)]
    lines[999] = "FAILED here"
    found = shown(tmp_path, *lines, failed=True)
    numbers = [line.number for line in found.lines if not line.left_out]
    assert numbers == [*range(1, 41), *range(960, 1041), *range(1841, 2001)]
    assert [line.left_out for line in found.lines if line.left_out] == [919, 800]
    assert sum(line.left_out or 1 for line in found.lines) == found.total == 2000


def test_terminal_control_codes_are_removed(tmp_path: Path) -> None:
    found = shown(tmp_path, "\x1b[31mred\x1b[0m\x07 \u2028 bell", "x" * 501)
    assert [line.text for line in found.lines] == ["red \u2028 bell", f"{'x' * 500} … (501 characters)"]


def test_every_execution_shows_its_own_part_of_the_log(tmp_path: Path) -> None:
    """The pipeline changes itself once; what failed before the change is no reason for what fails after it."""
    execution = FakeExecution(pipeline(stage("Build", action("Synth")), stage("Dev", action("Deploy"))), tmp_path)

    def synthesize(run: Run) -> None:
        if not execution.progress.superseded:
            run.log("error: of the first execution")
            execution.document["version"] = 2
            return
        run.log("second")
        run.log("error: of the second execution")
        raise ActionFailed("broken")

    execution.behaviours = {"Synth": synthesize}
    result, reason = execution.run()
    execution.progress.finish(result, reason)
    composed = report.compose(execution.progress, commit="c0ffee", subject="Brew")
    page = render(composed, folder=tmp_path, secrets=[])
    assert composed["restarts"] == 1
    assert "Build · execution 1" in page
    assert "Dev · execution 1" not in page, "it never came to it"
    [why] = re.findall(r'<a href="#([^"]+)"><strong>', page)
    assert re.search(rf'id="{why}" data-number="2"[^>]*>error: of the second execution', page)
    first, second = page.index("error: of the first"), page.index("error: of the second")
    assert first < page.index('id="Build-Synth"') < second


def test_rehearsal_that_failed_to_start_has_a_page(tmp_path: Path) -> None:
    execution = FakeExecution(pipeline(), tmp_path)
    result, reason = execution.run()
    execution.progress.finish(result, reason)
    composed = report.compose(execution.progress, commit="c0ffee", subject="Brew")
    assert (composed["set_up"], composed["stages"]) == ([], [])
    assert "Passed" in render(composed, folder=tmp_path, secrets=[])


def test_pages_that_actions_leave_are_kept_beside_their_logs_and_linked(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "Build-Synth.page-1.html").write_text("of an earlier rehearsal")
    execution = FakeExecution(pipeline(stage("Build", action("Synth"), action("Other"))), tmp_path)

    def leave_pages(run: Run) -> None:
        run.details.pages.update({"one.html": "<p>one", "two.html": "<p>two"})

    def fail(run: Run) -> None:
        run.details.pages["three.html"] = "<p>three"
        raise ActionFailed("stops the release")

    execution.behaviours = {"Synth": leave_pages, "Other": fail}
    result, reason = execution.run()
    execution.progress.finish(result, reason)
    found = {path.name: path.read_text() for path in logs.glob("*.html")}
    assert found == {
        "Build-Synth.page-1.html": "<p>one",
        "Build-Synth.page-2.html": "<p>two",
        "Build-Other.page-1.html": "<p>three",
    }
    composed = report.compose(execution.progress, commit="c0ffee", subject="Brew")
    page = render(composed, folder=tmp_path, secrets=[])
    assert set(re.findall(r'href="([^"]+\.html)"', page)) == {f"logs/{name}" for name in found}

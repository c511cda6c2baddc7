"""Programs of the pipeline's builds and of the image end with each exit code that they document."""

import ast
import json
import re
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cloud_assembly import UserError
from jobs.change_review.costs import cost_change
from jobs.change_review.findings import Finding
from jobs.change_review.review import Review
from supervisor.task import Exit
from tests.paths import ROOT
from tests.unit.container.supervisor_task import environment

BAKE, REVIEW, BEFORE_PUSH, HISTORY, COST, SUPERVISOR = (
    *("jobs/bake/__main__.py", "jobs/change_review/__main__.py", "jobs/change_review/before_push.py"),
    *("jobs/change_review/approval/history.py", "jobs/cost/__main__.py", "container/supervisor/__main__.py"),
)
TESTED_ELSEWHERE = {
    "container/supervisor/console.py": "tests/unit/container/test_supervisor_console.py",
    "container/supervisor/die_with_parent.py": "tests/unit/container/test_supervisor_processes.py",
    "container/supervisor/healthcheck.py": "tests/unit/container/test_supervisor_health.py",
    "container/image/record_classes.py": "tests/container/test_record_classes.py",
    "container/image/unpack_release.py": "tests/unit/container/test_unpack_release.py",
}
"""Programs whose exit codes have tests beside those of what they do."""


def gives(answer: object) -> Callable[..., object]:
    """Return a fake function that gives an answer, or raises it."""

    def answering(*_: object, **__: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return answering


@dataclass
class World:
    """What a program finds when it runs; a case changes it."""

    patch: pytest.MonkeyPatch
    folder: Path

    def variables(self, **values: str) -> None:
        for name, value in values.items():
            self.patch.setenv(name, value)

    def alarm(self, answer: str | Exception, history: Sequence[str] = ()) -> None:
        """Let CloudWatch answer with this state of the alarm (none: there is no alarm) or this error."""
        self.variables(ENVIRONMENT="dev", ENVIRONMENT_REGION="us-east-1", ALARM_NAME="health", BAKE_MINUTES="0")
        self.patch.setattr("boto3.Session", gives(CloudWatch(answer, history)))

    def review(self, *findings: Finding) -> list[str]:
        """Let the review find this; return the program's arguments."""
        self.patch.setattr("jobs.change_review.review.review", gives(replace(NOTHING, findings=findings)))
        return ["--environment", "dev", "--stage", "cdk.out/stage", "--output", str(self.folder / "new" / "report")]

    def assembly(self, *, compared: int, compared_again: int = 0) -> list[str]:
        """Make an assembly with one review, and the CLI that compares the pipeline with what is deployed."""
        pipeline = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "yawl-delivery"}}
        artifact = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111111111111/us-east-1",
            "properties": {"templateFile": "pipeline.json"},
        }
        review = {"environment": "dev", "stages": ["stage"], "last_stacks": ["last"], "removed_environments": False}
        for name, content in {
            "pipeline.json": {"Resources": {"Pipeline": pipeline}},
            "manifest.json": {"artifacts": {"yawl-delivery": artifact}},
            "change-reviews.json": [review],
        }.items():
            (self.folder / name).write_text(json.dumps(content))
        (self.folder / "delivery.toml").write_text("")
        self.patch.setattr("jobs.change_review.moved_pipeline.former_place", gives(None))
        cdk = self.folder / "cdk"
        cdk.write_text(f"#!/bin/sh\ncase $* in *broadening*) exit {compared};; *) exit {compared_again};; esac\n")
        cdk.chmod(0o755)
        self.variables(PATH=str(self.folder))
        return ["--assembly", str(self.folder), "--settings", str(self.folder / "delivery.toml")]


class CloudWatch:
    """A session, and its client of CloudWatch."""

    def __init__(self, answer: str | Exception, history: Sequence[str]) -> None:
        self.answer, self.history = answer, history

    def client(self, service: str, **_: object) -> "CloudWatch":
        assert service == "cloudwatch"
        return self

    def describe_alarms(self, **_: object) -> Mapping[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"CompositeAlarms": [{"StateValue": self.answer}] if self.answer != "none" else []}

    def describe_alarm_history(self, **_: object) -> Mapping[str, Any]:
        now = datetime.now(UTC) + timedelta(seconds=1)
        return {"AlarmHistoryItems": [{"Timestamp": now, "HistorySummary": change} for change in self.history]}


NOTHING = Review(
    environment="dev", stacks=(), findings=(), orphaned_stacks=(), cost=cost_change("dev", [], []), is_first=False
)
STOPS = Finding(stack="yawl-dev-database", subject="Database", title="it would be lost", change="0123456789ab")
ACCEPTED = replace(STOPS, subject="Cache", accepted="it is empty")
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms")

Arrange = Callable[[World], Sequence[str] | None]
CASES: dict[str, tuple[str, int, Arrange]] = {}
"""The program, its exit code, and what brings it about, by a name."""


def case(program: str, code: int) -> Callable[[Arrange], Arrange]:
    def add(arrange: Arrange) -> Arrange:
        CASES[arrange.__name__.strip("_").replace("_", " ")] = program, code, arrange
        return arrange

    return add


@case(BAKE, 0)
def _bake_of_an_alarm_that_is_ok(it: World) -> None:
    it.alarm("OK")


@case(BAKE, 0)
def _bake_that_a_hotfix_skips(it: World) -> None:
    it.alarm("ALARM")
    it.variables(HOTFIX="yes")


@case(BAKE, 1)
def _bake_of_an_alarm_in_alarm(it: World) -> None:
    it.alarm("ALARM")


@case(BAKE, 1)
def _bake_of_an_alarm_that_is_ok_again(it: World) -> None:
    it.alarm("OK", ["Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK"])


@case(BAKE, 2)
def _bake_without_an_alarm(it: World) -> None:
    it.alarm("none")


@case(BAKE, 2)
def _bake_of_an_alarm_that_aws_denies(it: World) -> None:
    it.alarm(DENIED)


@case(BAKE, 2)
def _bake_that_cannot_reach_aws(it: World) -> None:
    it.alarm(EndpointConnectionError(endpoint_url="https://monitoring"))


@case(BAKE, 2)
def _bake_without_a_variable(it: World) -> None:
    it.alarm("OK")
    it.variables(BAKE_MINUTES="")


@case(REVIEW, 0)
def _review_without_a_finding(it: World) -> Sequence[str]:
    return it.review()


@case(REVIEW, 0)
def _review_of_an_accepted_change(it: World) -> Sequence[str]:
    # As after a retry.
    (it.folder / "new" / "report").mkdir(parents=True)
    return it.review(ACCEPTED)


@case(REVIEW, 1)
def _review_of_a_loss_after_an_accepted_one(it: World) -> Sequence[str]:
    return it.review(ACCEPTED, STOPS)


@case(REVIEW, 1)
def _review_of_a_loss_before_an_accepted_one(it: World) -> Sequence[str]:
    return it.review(STOPS, ACCEPTED)


@case(REVIEW, 2)
def _review_of_what_cannot_be_read(it: World) -> Sequence[str]:
    arguments = it.review()
    it.patch.setattr("jobs.change_review.review.review", gives(UserError("it is broken")))
    return arguments


@case(REVIEW, 2)
def _review_with_half_of_its_variables(it: World) -> Sequence[str]:
    it.variables(COMMIT="c0ffee")
    return it.review()


@case(BEFORE_PUSH, 0)
def _nothing_to_accept_before_a_push(it: World) -> Sequence[str]:
    it.review(ACCEPTED)
    return it.assembly(compared=0)


@case(BEFORE_PUSH, 1)
def _permissions_of_the_pipeline_to_accept(it: World) -> Sequence[str]:
    it.review()
    return it.assembly(compared=1)


@case(BEFORE_PUSH, 1)
def _loss_to_accept_before_a_push(it: World) -> Sequence[str]:
    it.review(ACCEPTED, STOPS)
    return it.assembly(compared=0)


@case(BEFORE_PUSH, 2)
def _pipeline_that_cannot_be_compared(it: World) -> Sequence[str]:
    it.review()
    return it.assembly(compared=1, compared_again=1)


@case(BEFORE_PUSH, 2)
def _no_assembly_before_a_push(it: World) -> Sequence[str]:
    return ["--assembly", str(it.folder)]


@case(BEFORE_PUSH, 2)
def _environment_that_cannot_be_compared(it: World) -> Sequence[str]:
    it.patch.setattr("jobs.change_review.review.review", gives(UserError("it is broken")))
    return it.assembly(compared=0)


@case(BEFORE_PUSH, 1)
def _pipeline_that_would_move(it: World) -> Sequence[str]:
    it.review()
    arguments = it.assembly(compared=0)
    it.patch.setattr("jobs.change_review.moved_pipeline.former_place", gives("222222222222, eu-west-1"))
    return arguments


@case(HISTORY, 0)
def _history_without_git(it: World) -> Sequence[str]:
    it.variables(PATH="")
    return [str(it.folder)]


@case(HISTORY, 1)
def _history_of_an_assembly_that_is_not_there(it: World) -> Sequence[str]:
    return [str(it.folder / "nothing")]


@case(COST, 0)
def _cost_of_an_assembly(it: World) -> Sequence[str]:
    it.assembly(compared=0)
    return ["--assembly", str(it.folder)]


@case(COST, 2)
def _cost_without_an_assembly(it: World) -> Sequence[str]:
    return ["--assembly", str(it.folder)]


@case(COST, 2)
def _cost_whose_page_cannot_be_written(it: World) -> Sequence[str]:
    it.assembly(compared=0)
    return ["--assembly", str(it.folder), "--page", str(it.folder / "nothing" / "page.md")]


def _task_ends(it: World, end: Exit | Exception) -> None:
    async def run(_: object) -> Exit:
        if isinstance(end, Exception):
            raise end
        return end

    it.variables(**environment(it.folder))
    it.patch.setattr("supervisor.task.Task.run", run)
    it.patch.setattr("os.umask", gives(0))


CASES |= {f"task that ends as {end.name}": (SUPERVISOR, end, partial(_task_ends, end=end)) for end in Exit}


@case(SUPERVISOR, Exit.FAILED)
def _task_that_raises_an_error(it: World) -> None:
    _task_ends(it, RuntimeError("a defect"))


@case(SUPERVISOR, Exit.VARIABLES)
def _task_without_a_variable(it: World) -> None:
    _task_ends(it, Exit.ENDED)
    it.variables(YAWL_DB_HOST="")


@pytest.mark.parametrize("name", CASES)
def test_program_ends_with_its_exit_code(name: str, task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, code, arrange = CASES[name]
    for variable in (
        "HOTFIX",
        "ALARM_READER_ROLE_ARN",
        "COMMIT",
        "PIPELINE",
        "EXECUTION",
        "PUBLISH_TO",
        "LATER_STAGES",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "argv", [program, *(arrange(World(monkeypatch, task_folder)) or ())])
    assert run(ROOT / program) == code


def run(program: Path) -> int:
    """Run a program in this process; return its exit code as Python would."""
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:  # noqa: BLE001 - Python ends with 1 after any error
        return 1
    return 0


def programs(*folders: str) -> Iterator[str]:
    """Return every file that can be run."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if '\nif __name__ == "__main__":' in file.read_text():
                yield str(file.relative_to(ROOT))


def documented(program: str) -> set[int]:
    """Return the exit codes that a program's docstrings and help name."""
    if program == SUPERVISOR:
        table = (ROOT / "container" / "README.md").read_text().partition("### Exit codes")[2].partition("###")[0]
        return {int(code) for code in re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE)}
    texts = [node.value for node in ast.walk(ast.parse((ROOT / program).read_text())) if isinstance(node, ast.Constant)]
    lists = [text.partition("xit codes: ")[2] for text in texts if isinstance(text, str)]
    return {int(code) for text in lists for code in re.findall(r"(?:^|[;,]\s)(\d+)\s", text)}


def test_every_program_has_a_case_for_each_exit_code_that_it_documents() -> None:
    tested = {program: {code for it, code, _ in CASES.values() if it == program} for program, _, _ in CASES.values()}
    found = set(programs("jobs", "container/supervisor", "container/image"))
    assert found == tested.keys() | TESTED_ELSEWHERE.keys()
    assert {program: documented(program) for program in tested} == tested


@pytest.mark.parametrize("program", [*programs("jobs", "container", "pipeline", "rehearsal", "settings", "tools")])
def test_program_passes_on_what_its_main_returns(program: str) -> None:
    tree = ast.parse((ROOT / program).read_text())
    [main] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"] or [None]
    last = tree.body[-1]
    assert isinstance(last, ast.If)
    started = ast.unparse(last.body[0])
    returns = main is not None and main.returns is not None and ast.unparse(main.returns) == "int"
    assert (re.fullmatch(r"sys\.exit\(main\(.*\)\)", started) is not None) == returns, started

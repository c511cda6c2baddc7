"""What the change review writes and says at its limits: files for the build, tables before a push, long lists."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.change_review.__main__ import export
from jobs.change_review.approval.release import Release
from jobs.change_review.before_push import _block
from jobs.change_review.costs import LONGEST_NAME, cost_change, cost_phrase
from jobs.change_review.dependents import SUBJECT as OUTPUTS
from jobs.change_review.differences import INTERRUPTED_ONLY, Difference, ResourceChange, only_interrupted
from jobs.change_review.execution_permissions import SUBJECT as EXECUTION
from jobs.change_review.findings import Finding
from jobs.change_review.left_behind.search import SUBJECT as STACKS
from jobs.change_review.left_behind.search import _shortened
from jobs.change_review.permissions import SUBJECT as PERMISSIONS
from jobs.change_review.review import Review, StackReview, _findings, _is_whole
from jobs.cost.unpriced import Unpriced
from tests.paths import ROOT

NOTHING = Review(
    environment="dev", stacks=(), findings=(), orphaned_stacks=(), cost=cost_change("dev", [], []), is_first=False
)
STOPS = Finding(
    stack="yawl-dev-database", subject="Database", title="it would be lost", details=("because",), change="0123456789ab"
)


CHANGE = ResourceChange(logical_id="D", type="T", impact="WILL_UPDATE", because=(), before={}, after={})
BROADENED = Difference(resources=(CHANGE,), outputs=0, broadened=True, permissions={}, rules={}, text="")
STAGES = [
    [
        StackReview(name=f"yawl-{name}", account="1", region="us-east-1", is_new=False, difference=BROADENED)
        for name in its
    ]
    for its in (["network", "service"], ["eu-network", "eu-service"])
]


@pytest.mark.parametrize("whole", [0, 1])
def test_broader_permissions_stop_only_where_a_stage_was_deployed_once(whole: int) -> None:
    """The permissions of a first deployment are all new."""
    names = {stack.name for stack in STAGES[whole]}
    found = _findings([stack for stage in STAGES for stack in stage], names)
    assert [one.stack for one in found if one.subject == "permissions"] == [stack.name for stack in STAGES[whole]]


@pytest.mark.parametrize(
    ("there", "last", "whole"),
    [
        ([], ["service"], False),
        (["network"], ["service"], False),
        (["service"], ["service"], True),
        (["network"], [], True),
        (["network"], ["another stage's"], True),
        (["another stage's"], ["another stage's"], False),
        ([], [], False),
    ],
)
def test_stage_is_whole_once_its_last_stack_exists(there: list[str], last: list[str], whole: bool) -> None:
    stage: Any = [SimpleNamespace(name=name) for name in ("network", "service")]
    assert _is_whole(stage, set(there), set(last)) is whole


IMPOSSIBLE, NOTHING_LOST, NOT_BROADENED = "impossible", "no stateful resources lost", "no permissions broadened"


@pytest.mark.parametrize(
    ("subjects", "phrases"),
    [
        ([], [NOTHING_LOST, NOT_BROADENED]),
        (["D"], ["1 stateful resource lost", NOT_BROADENED]),
        ([PERMISSIONS, PERMISSIONS], [NOTHING_LOST, "permissions broadened in 2 stacks"]),
        (["D", PERMISSIONS, "E"], ["2 stateful resources lost", "permissions broadened in 1 stack"]),
        ([EXECUTION], [NOTHING_LOST, NOT_BROADENED, "CloudFormation needs more permissions"]),
        ([OUTPUTS, OUTPUTS], ["2 stacks may keep a replaced resource's old value", NOTHING_LOST, NOT_BROADENED]),
        (
            [STACKS, "D"],
            ["stacks may be left behind where AWS denies access", "1 stateful resource lost", NOT_BROADENED],
        ),
        ([IMPOSSIBLE, IMPOSSIBLE], ["2 updates that AWS would reject", NOTHING_LOST, NOT_BROADENED]),
    ],
)
def test_summary_counts_each_finding_as_what_it_is(subjects: list[str], phrases: list[str]) -> None:
    findings = tuple(replace(STOPS, subject=one, impossible=one == IMPOSSIBLE) for one in subjects)
    found = replace(NOTHING, stacks=tuple(STAGES[0][:1]), findings=findings)
    assert found.summary().split("; ")[1:-1] == phrases


def test_build_reads_what_the_review_writes(tmp_path: Path) -> None:
    published: dict[str, Any] = {}

    def publish(environment: str, files: dict[str, str]) -> str:
        published.update(files, environment=environment)
        return "https://review"

    release = Release(commit="c0ffee", title="Keep cases longer", execution="one")
    run: Any = SimpleNamespace(publish=publish)
    assert export(NOTHING, release, "<p>", run, tmp_path) == "https://review"
    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    step = (ROOT / "pipeline/steps/change_review_step.py").read_text()
    assert {*re.findall(r"cat report/([a-z-]+\.txt)", step)} == {*written, "change-review.txt"}
    assert json.loads(written.pop("commits.txt")) == release.mailed()
    assert written.pop("risk.txt").strip()
    assert written == {
        "title.txt": "Keep cases longer\n",
        "address.txt": "https://review\n",
        "runs.txt": "no release on record\n",
    }
    assert (published["environment"], published[".html"]) == ("dev", "<p>")
    record = json.loads(published[".json"])
    assert {name: record[name] for name in ("environment", "execution", "commit", "replaces", "stacks")} == {
        "environment": "dev",
        "execution": "one",
        "commit": "c0ffee",
        "replaces": [],
        "stacks": {},
    }


@pytest.mark.parametrize(
    ("finding", "ending"),
    [
        (STOPS, 'reason = "because"'),
        (replace(STOPS, impossible=True), "#   AWS would reject it, so change the release"),
        (replace(STOPS, command="make destroy"), "#   run make destroy"),
        (replace(STOPS, command="make destroy", impossible=True), "#   run make destroy"),
    ],
)
def test_only_what_can_be_accepted_has_a_table(finding: Finding, ending: str) -> None:
    block = _block(finding, NOTHING, "because")
    assert block.splitlines()[:2] == ["# yawl-dev-database: it would be lost", "# because"]
    assert ending in block.splitlines()
    assert ("accepted_changes" in block) is (finding is STOPS)


@pytest.mark.parametrize("kind", INTERRUPTED_ONLY)
def test_change_of_all_properties_that_interrupt_keeps_the_resource(kind: str) -> None:
    properties = INTERRUPTED_ONLY[kind]
    assert only_interrupted(kind, properties)
    assert all(only_interrupted(kind, [one]) for one in properties)
    assert not only_interrupted(kind, [*properties, "Engine"])
    assert not only_interrupted(kind, [])
    assert not only_interrupted("AWS::SNS::Topic", properties)


@pytest.mark.parametrize(
    ("number", "last"),
    [(0, []), (1, ["line 0"]), (20, ["line 19"]), (21, ["line 19", "and 1 more"]), (22, ["and 2 more"])],
)
def test_twenty_lines_of_a_stack_left_behind_are_listed(number: int, last: list[str]) -> None:
    shown = _shortened([f"line {index}" for index in range(number)])
    assert shown[len(shown) - len(last) :] == last
    assert len(shown) == min(number, 20) + (number > 20)


@pytest.mark.parametrize(("length", "shown"), [(LONGEST_NAME, "x" * LONGEST_NAME), (LONGEST_NAME + 1, f"{'x' * 22}…")])
def test_name_of_a_charge_without_a_price_is_cut(length: int, shown: str) -> None:
    lacking = Unpriced(environment="dev", stack="s", region="r", resource="R", what="x" * length, reason="no price")
    cost = replace(NOTHING.cost, unpriced_after=(lacking,))
    assert cost_phrase(cost) == f"monthly cost at least $0.00 without {shown}"

"""Where the review chooses one of several, it chooses the right one: each fixture has two that look right.

And what may be replaced counts as replaced, everywhere.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.change_review.approval.exercised import received
from jobs.change_review.approval.page import highest_risk
from jobs.change_review.approval.release import read
from jobs.change_review.approval.release_records import ReleaseRecords
from jobs.change_review.approval.risks import Level, risks
from jobs.change_review.costs import cost_change
from jobs.change_review.dependents import (
    MAY_BE_REPLACED,
    REPLACED,
    UNKNOWN,
    UPDATED,
    StackChange,
    dependents,
    spread_losses,
)
from jobs.change_review.differences import Difference, ResourceChange, ResourceType, resource_change
from jobs.change_review.findings import Acceptance, Finding, mark_accepted
from jobs.change_review.pipeline_run import PipelineRun
from jobs.change_review.review import Review, StackReview
from jobs.change_review.stateful import losses

DATABASE = "AWS::RDS::DBInstance"
CACHE = "AWS::ElastiCache::ReplicationGroup"


def compared(kind: str, impact: str, **properties: str) -> ResourceChange:
    """What the library says of a resource: its impact, and that of each property."""
    impacts = [{"name": name, "impact": one} for name, one in properties.items()]
    found = {"logicalId": "One", "type": kind, "impact": impact, "properties": impacts, "attributes": ""}
    return resource_change({**found, "before": {}, "after": {}})


MAYBE: dict[str, tuple[ResourceChange, str]] = {
    "one that may be replaced": (compared(DATABASE, "MAY_REPLACE", Engine="MAY_REPLACE"), "may be replaced"),
    "one that is only interrupted": (compared(DATABASE, "MAY_REPLACE", MultiAZ="MAY_REPLACE"), ""),
    "one that may be replaced, and is interrupted": (
        compared(DATABASE, "MAY_REPLACE", MultiAZ="MAY_REPLACE", Engine="MAY_REPLACE"),
        "may be replaced",
    ),
    "one that is interrupted, and may be replaced": (
        compared(DATABASE, "MAY_REPLACE", Engine="MAY_REPLACE", MultiAZ="MAY_REPLACE"),
        "may be replaced",
    ),
    "another type, which has no such exception": (
        compared(CACHE, "MAY_REPLACE", MultiAZ="MAY_REPLACE"),
        "may be replaced",
    ),
    "one that would be replaced": (compared(DATABASE, "WILL_REPLACE", MultiAZ="WILL_REPLACE"), "would be replaced"),
}


def difference(*changes: ResourceChange, types: Mapping[str, ResourceType] | None = None) -> Difference:
    return Difference(
        resources=changes, outputs=0, broadened=False, permissions={}, rules={}, text="x", types=types or {}
    )


def review_of(*changes: ResourceChange, findings: Sequence[Finding] = ()) -> Review:
    stack = StackReview(
        name="yawl-prod-data", account="4", region="us-east-1", is_new=False, difference=difference(*changes)
    )
    return Review(
        environment="prod",
        stacks=(stack,),
        findings=tuple(findings),
        orphaned_stacks=(),
        cost=cost_change("prod", [], []),
        is_first=False,
    )


@pytest.mark.parametrize("which", MAYBE)
def test_resource_that_may_be_replaced_may_be_lost(which: str) -> None:
    change, words = MAYBE[which]
    assert change.kind == ("replaced" if words else "changed")
    titles = [finding.title for finding in losses("yawl-prod-data", difference(change))]
    assert [f" {words}, because " in title for title in titles] == ([True] if words else [])
    review = review_of(change)
    assert f"resources 1 {change.kind}, " in review.summary()
    assert [one.level for one in risks(review)] == [Level.REPLACEMENT if words else Level.INTERRUPTION]


def test_every_property_that_may_replace_is_named() -> None:
    change = compared(DATABASE, "MAY_REPLACE", MultiAZ="MAY_REPLACE", Port="WILL_UPDATE", Engine="MAY_REPLACE")
    assert change.because == ("MultiAZ", "Engine")


EFFECTS = {
    "AWS::Test::Yes": REPLACED,
    "AWS::Test::Maybe": MAY_BE_REPLACED,
    "AWS::Test::No": UPDATED,
    "AWS::Test::Unknown": UNKNOWN,
}
TYPES = {
    name: ResourceType(stateful=True, identifier=(), replacing={"Ref": answer, "Other": "no"} if answer else {})
    for name, answer in zip(EFFECTS, ("yes", "maybe", "no", ""), strict=True)
}


def test_what_refers_to_a_replaced_resource_may_be_replaced_too() -> None:
    """Each of them refers to it by two properties; only one of them says what happens."""
    template = {
        "Resources": {
            "Source": {"Type": "AWS::Test::No"},
            **{
                name.rpartition(":")[2]: {
                    "Type": name,
                    "Properties": {key: {"Ref": "Source"} for key in ("Other", "Ref")},
                }
                for name in EFFECTS
            },
            "AfterMaybe": {"Type": "AWS::Test::Yes", "Properties": {"Ref": {"Ref": "Maybe"}}},
            "AfterNo": {"Type": "AWS::Test::Yes", "Properties": {"Ref": {"Ref": "No"}}},
        }
    }
    stacks = [StackChange(name="data", template=template, replaced={"Source"}, types=TYPES)]
    found = dependents(stacks)
    assert {one.logical_id: one.effect for one in found} == {
        **{name.rpartition(":")[2]: effect for name, effect in EFFECTS.items()},
        "AfterMaybe": REPLACED,
    }
    lost = {finding.subject: finding.title for finding in spread_losses(found, stacks)}
    assert set(lost) == {"Yes", "Maybe", "AfterMaybe"}
    assert f" {MAY_BE_REPLACED}, because " in lost["Maybe"]


def test_highest_risk_is_the_first_of_the_worst() -> None:
    changes = [
        compared(DATABASE, "WILL_UPDATE", DBInstanceClass="WILL_UPDATE"),
        compared("AWS::EC2::Subnet", "WILL_REPLACE", CidrBlock="WILL_REPLACE"),
        compared("AWS::SNS::Topic", "WILL_DESTROY"),
    ]
    named = [replace(one, logical_id=name) for one, name in zip(changes, "ABC", strict=True)]
    assert highest_risk(risks(review_of(*named))) == "replaced or removed: B in yawl-prod-data and 1 more"


def test_risk_that_stops_comes_before_an_accepted_one() -> None:
    accepted, stops = (Finding(stack="s", subject=name, title=name, change=name * 12) for name in "ab")
    [accepted] = [mark_accepted(accepted, [Acceptance(stack="s", subject="a", change="a" * 12, reason="meant")])]
    assert [one.subject for one in risks(review_of(findings=[accepted, stops]))] == ["b", "a"]


def test_acceptance_belongs_to_its_own_stack_subject_and_change() -> None:
    finding = Finding(stack="prod", subject="Database", title="lost", change="new")
    others = [("dev", "Database", "new"), ("prod", "Cache", "new"), ("prod", "Database", "old")]
    acceptances = [Acceptance(stack=stack, subject=one, change=it, reason="other") for stack, one, it in others]
    assert mark_accepted(finding, acceptances).accepted is None
    own = Acceptance(stack="prod", subject="Database", change="new", reason="own")
    assert mark_accepted(finding, [*acceptances, own, *acceptances]).accepted == "own"


RECORDS = {
    # Listed in another order than deployed; the names begin with the times.
    "prod/2026-11-03T100000Z-3.json": ("c3", "3", ["yawl-prod-network"]),
    "prod/2026-11-01T100000Z-1.json": ("c1", "1", ["yawl-prod-network", "yawl-prod-eu-network"]),
    "prod/2026-11-04T100000Z-4.json": ("c4", "4", ["yawl-prod-other"]),
    "prod/2026-11-02T100000Z-2.json": ("c2", "2", ["yawl-prod-network"]),
    "prod/2026-10-01T100000Z-0.json": ("c2", "0", ["yawl-prod-network", "yawl-prod-eu-network"]),
}


def records(objects: Mapping[str, tuple[str, str, Sequence[str]]]) -> ReleaseRecords:
    def paginate(**_: object) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": name}]} for name in objects]

    def get_object(*, Key: str, **_: object) -> dict[str, Any]:  # noqa: N803
        commit, execution, stacks = objects[Key]
        content = {"commit": commit, "execution": execution, "templates": dict.fromkeys(stacks, "")}
        return {"Body": io.BytesIO(json.dumps(content).encode())}

    def paginator(_: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=paginate)

    return ReleaseRecords(
        client=SimpleNamespace(get_paginator=paginator, get_object=get_object), bucket="records", reviews="reviews"
    )


def test_each_stage_runs_the_newest_release_of_its_own_stacks() -> None:
    stages = [{"yawl-prod-eu-network"}, {"yawl-prod-network"}, {"yawl-prod-nothing"}]
    running = records(RECORDS).running("prod", stages)
    assert [one and one.commit for one in running] == ["c1", "c3", None]


def test_environment_received_what_came_after_it_last_ran_a_commit() -> None:
    found = records(RECORDS)
    assert found.since("prod", "c2") == (("4", "3"), True)
    assert found.since("prod", "c4") == ((), True)
    assert found.since("prod", "c9") == (("4", "3", "2", "1", "0"), False)


def test_earlier_environment_received_what_any_of_its_reviews_has() -> None:
    def change(name: str) -> dict[str, Any]:
        return {"logical_id": name, "kind": "changed", "because": ["P"]}

    stored = [{"data": [change("A")]}, {"data": [change("B")], "other": [change("C")]}]
    found = received("dev", stored, releases=2, is_complete=True)
    names = {stack: sorted(identity[0] for identity in identities) for stack, identities in found.changes.items()}
    assert names == {"data": ["A", "B"], "other": ["C"]}


def test_same_change_has_its_properties_in_any_order() -> None:
    one = compared(DATABASE, "WILL_UPDATE", Port="WILL_UPDATE", MultiAZ="WILL_UPDATE")
    stored = [{"data": [{"logical_id": "One", "kind": "changed", "because": ["MultiAZ", "Port"]}]}]
    found = received("dev", stored, releases=1, is_complete=True)
    assert found.has("data", one)
    assert not found.has("other", one)
    assert not found.has("data", replace(one, because=("Port",)))


def test_address_of_a_stored_review_is_that_of_its_page() -> None:
    run = PipelineRun(
        commit="c", pipeline="p", execution="e", publish_to="bucket/reviews", later_stages=("ProdApproval", "Prod")
    )
    stored: list[str] = []

    def client(_: PipelineRun, service: str) -> SimpleNamespace:
        def put_object(*, Key: str, **_: object) -> None:  # noqa: N803
            stored.append(Key)

        assert service == "s3"
        return SimpleNamespace(put_object=put_object, meta=SimpleNamespace(region_name="us-east-1"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PipelineRun, "_client", client)
        address = run.publish("prod", {".html": "page", ".json": "{}"})
    assert stored == ["reviews/prod/e.html", "reviews/prod/e.json"]
    assert address.endswith("prefix=reviews/prod/e.html")


@pytest.mark.parametrize(("missing", "is_complete"), [("", True), ("4", False), ("now", False)])
def test_what_was_exercised_is_complete_with_every_review(
    missing: str, is_complete: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prod runs c3; dev has received another release since, and this one."""

    def stored(_: ReleaseRecords, environment: str, execution: str) -> dict[str, Any] | None:
        assert environment == "dev"
        return None if execution == missing else {"stacks": {}}

    def answer(value: object) -> Callable[[PipelineRun], object]:
        return lambda _: value

    monkeypatch.setattr(ReleaseRecords, "review", stored)
    for name, value in {"records": records(RECORDS), "title": "", "link": "", "failed_stages": ()}.items():
        monkeypatch.setattr(PipelineRun, name, answer(value))
    run = PipelineRun(commit="c5", pipeline="p", execution="now", publish_to="records/reviews", later_stages=())
    review = replace(review_of(), stages=(frozenset({"yawl-prod-network"}),))
    [found] = read(review, run, assembly=tmp_path, earlier=["dev"]).earlier
    assert (found.releases, found.is_complete) == (2, is_complete)

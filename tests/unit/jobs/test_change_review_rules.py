"""Rules of the change review at their limits, each with two of everything: refused updates, acceptances, risks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import UserError
from jobs.change_review.accepted_changes import entry_for, pipeline_acceptances, read_acceptances
from jobs.change_review.approval.exercised import exercises, received
from jobs.change_review.approval.risks import Level, counted, risks
from jobs.change_review.differences import Difference, ResourceChange
from jobs.change_review.findings import Acceptance, Finding, fingerprint, mark_accepted
from jobs.change_review.permissions import broadened, security_lines
from jobs.change_review.refused_updates import refused_updates
from jobs.change_review.review import Review, StackReview
from jobs.cost.difference import Difference as Cost
from jobs.cost.formatting import aligned, dollars, figure, signed
from jobs.cost.schedule import capacity_hours
from jobs.cost.usage import HOURS

DATABASE, CACHE, KEY = "AWS::RDS::DBInstance", "AWS::ElastiCache::ReplicationGroup", "AWS::KMS::Key"
BUCKET, VAULT = "AWS::S3::Bucket", "AWS::Backup::BackupVault"
COMPLIANCE = {"ChangeableForDays": 3, "MinRetentionDays": 7}


def resource(
    kind: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, **rest: Any
) -> ResourceChange:
    change = ResourceChange(
        logical_id="One",
        type=kind,
        impact="WILL_UPDATE",
        because=(),
        before=None if before is None else {"Properties": before},
        after=None if after is None else {"Properties": after},
    )
    return replace(change, **rest)


def difference(*changes: ResourceChange, **rest: Any) -> Difference:
    found = Difference(resources=changes, outputs=0, broadened=False, permissions={}, rules={}, text="")
    return replace(found, **rest)


UPDATES: Sequence[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (DATABASE, {"AllocatedStorage": "100"}, {"AllocatedStorage": "100"}, ""),
    (DATABASE, {"AllocatedStorage": "100"}, {"AllocatedStorage": "110"}, ""),
    (DATABASE, {"AllocatedStorage": "100"}, {"AllocatedStorage": "109"}, "RDS requires at least 10 %"),
    (DATABASE, {"AllocatedStorage": "100"}, {"AllocatedStorage": "99"}, "cannot shrink"),
    (DATABASE, {"AllocatedStorage": "100"}, {}, ""),
    (DATABASE, {}, {"AllocatedStorage": "20"}, ""),
    (DATABASE, {"EngineVersion": "15.4"}, {"EngineVersion": "15.5"}, ""),
    (DATABASE, {"EngineVersion": "15.9"}, {"EngineVersion": "15.10"}, ""),
    (DATABASE, {"EngineVersion": "15.10"}, {"EngineVersion": "15.9"}, "downgraded from 15.10 to 15.9"),
    (DATABASE, {"EngineVersion": "15.4"}, {"EngineVersion": "16.1"}, "without AllowMajorVersionUpgrade"),
    (DATABASE, {"EngineVersion": "15.4"}, {"EngineVersion": "16.1", "AllowMajorVersionUpgrade": True}, ""),
    (DATABASE, {"EngineVersion": "15.4"}, {"EngineVersion": "16.1", "AllowMajorVersionUpgrade": "true"}, ""),
    (DATABASE, {"EngineVersion": "16.1"}, {"EngineVersion": "15", "AllowMajorVersionUpgrade": True}, "downgraded"),
    (DATABASE, {"EngineVersion": "15.4"}, {"EngineVersion": {"Ref": "Version"}}, ""),
    (DATABASE, {"EngineVersion": {"Ref": "Version"}}, {"EngineVersion": "14"}, ""),
    (CACHE, {"EngineVersion": "7.1"}, {"EngineVersion": "7.0"}, "ElastiCache supports only for a new group"),
    (CACHE, {"EngineVersion": "7.1"}, {"EngineVersion": "7.1"}, ""),
    (CACHE, {"EngineVersion": "7.1", "Engine": "redis"}, {"EngineVersion": "7.0", "Engine": "valkey"}, ""),
    (BUCKET, {"ObjectLockEnabled": True}, {"ObjectLockEnabled": True}, ""),
    (BUCKET, {"ObjectLockEnabled": True}, {}, "Object Lock would be removed"),
    (BUCKET, {}, {"ObjectLockEnabled": True}, ""),
    (KEY, {}, {"KeySpec": "SYMMETRIC_DEFAULT", "MultiRegion": False}, ""),
    (KEY, {}, {"MultiRegion": True}, "MultiRegion would change"),
    (KEY, {"KeyUsage": "SIGN_VERIFY"}, {}, "KeyUsage would change"),
    (VAULT, {"LockConfiguration": COMPLIANCE}, {"LockConfiguration": COMPLIANCE}, ""),
    (VAULT, {"LockConfiguration": COMPLIANCE}, {}, "compliance mode"),
    (VAULT, {"LockConfiguration": {"MinRetentionDays": 7}}, {}, ""),
    (VAULT, {}, {"LockConfiguration": COMPLIANCE}, ""),
]


@pytest.mark.parametrize(("kind", "before", "after", "why"), UPDATES)
def test_update_that_aws_refuses(kind: str, before: dict[str, Any], after: dict[str, Any], why: str) -> None:
    found = list(refused_updates("stack", difference(resource(kind, before, after))))
    assert [finding.impossible for finding in found] == [True] * bool(why)
    assert all(why in finding.title for finding in found)


@pytest.mark.parametrize("impact", ["WILL_CREATE", "WILL_REPLACE", "MAY_REPLACE", "WILL_DESTROY"])
def test_only_updates_in_place_are_refused(impact: str) -> None:
    change = resource(DATABASE, {"AllocatedStorage": "100"}, {"AllocatedStorage": "99"}, impact=impact)
    assert not list(refused_updates("stack", difference(change)))


FINDING = Finding(stack="yawl-prod-database", subject="Database", title="lost", change="0123456789ab")


@pytest.mark.parametrize(
    ("changed", "accepted"),
    [
        ({}, True),
        ({"stack": "yawl-prod-cache"}, False),
        ({"subject": "Other"}, False),
        ({"change": "ba9876543210"}, False),
    ],
)
def test_acceptance_is_of_one_stack_subject_and_change(changed: dict[str, str], accepted: bool) -> None:
    right = {"stack": FINDING.stack, "subject": FINDING.subject, "change": FINDING.change}
    other = Acceptance(stack="yawl-prod-network", subject="Vpc", change="0", reason="another")
    one = Acceptance(**{**right, **changed}, reason="moved")
    assert mark_accepted(FINDING, [other, one]).accepted == ("moved" if accepted else None)


@pytest.mark.parametrize("rest", [{"impossible": True}, {"command": "make bootstrap"}])
def test_what_would_fail_anyway_cannot_be_accepted(rest: dict[str, Any]) -> None:
    finding = Finding(stack="s", subject="x", title="t", change="c", **rest)
    assert mark_accepted(finding, [Acceptance(stack="s", subject="x", change="c", reason="please")]).accepted is None


def test_fingerprint_is_of_the_values_in_order() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint("a", "b") != fingerprint("b", "a")
    assert len(fingerprint("a")) == 12


def test_entries_are_read_for_their_environment_only(tmp_path: Path) -> None:
    file = tmp_path / "delivery.toml"
    own, shared = FINDING, Finding(stack="yawl-delivery", subject="X", title="t", change="00000000000a")
    file.write_text(
        "\ufeff"
        + "\n".join([entry_for(own, "prod", reason='a "b" ü'), entry_for(shared, "prod"), entry_for(own, "dev")])
        + '\n[pipeline.accepted_changes.00000000000b]\nreason = "r"\n',
        encoding="utf-8",
    )
    assert read_acceptances(file, "prod") == (
        Acceptance(stack=own.stack, subject="Database", change=own.change, reason='a "b" ü'),
        Acceptance(stack="yawl-delivery", subject="X", change=shared.change, reason="…"),
    )
    assert pipeline_acceptances(file) == {"00000000000b"}
    with pytest.raises(UserError, match="lacks 'test'"):
        read_acceptances(file, "test")
    file.write_bytes(b"\xff")
    with pytest.raises(UserError, match="is not UTF-8"):
        read_acceptances(file, "prod")


STATEMENT = {
    "effect": "Allow",
    "actions": {"not": False, "values": ["s3:Get*", "s3:Put*"]},
    "resources": {"not": True, "values": ["*"]},
    "principals": {"not": False, "values": ["AWS:*"]},
    "condition": {"Bool": 1},
}


def test_each_broadened_permission_is_a_line() -> None:
    found = difference(
        broadened=True,
        permissions={
            "statementAdditions": [STATEMENT, {"value": {"effect": "Deny"}}],
            "statementRemovals": ["unknown"],
            "managedPolicyAdditions": [{"managedPolicyArn": "arn:a", "identityArn": "role"}],
        },
        rules={
            "ingressRuleAdditions": [
                {"ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "groupId": "g", "peer": {"kind": "x", "ip": "any"}},
                {"ipProtocol": "tcp", "fromPort": 80, "toPort": 81, "groupId": "g"},
            ],
            "egressRuleRemovals": [{"ipProtocol": "all", "groupId": "h", "peer": {"kind": "x"}}],
        },
    )
    lines = [
        "+ Allow s3:Get*, s3:Put* on not * by AWS:* if {'Bool': 1}",
        "+ Deny nothing on nothing",
        "+ arn:a attached to role",
        "+ ingress tcp port 80 of g, peer any",
        "+ ingress tcp ports 80-81 of g, peer unknown",
        "- unknown",
        "- egress all all ports of h, peer unknown",
    ]
    assert list(security_lines(found)) == lines
    [finding] = broadened("stack", found)
    assert (finding.subject, finding.details) == ("permissions", tuple(lines))
    assert not list(broadened("stack", difference(permissions={"statementAdditions": [STATEMENT]})))


def review(*changes: ResourceChange, findings: Sequence[Finding] = (), is_new: bool = False) -> Review:
    stack = StackReview(
        name="yawl-prod-database",
        account="1",
        region="us-east-1",
        is_new=is_new,
        difference=difference(*changes),
        part="database",
    )
    cost = Cost(before=Decimal(1), after=Decimal(1), changes=(), unpriced_before=(), unpriced_after=())
    return Review(
        environment="prod",
        stacks=(stack,),
        findings=tuple(findings),
        orphaned_stacks=(),
        cost=cost,
        is_first=False,
        stages=(frozenset([stack.name]),),
    )


CHANGES: Sequence[tuple[ResourceChange, Level | None]] = [
    (resource("AWS::SNS::Topic", {}, {}, impact="WILL_REPLACE"), Level.REPLACEMENT),
    (resource("AWS::SNS::Topic", {}, {}, impact="MAY_REPLACE"), Level.REPLACEMENT),
    (resource("AWS::SNS::Topic", {}, None, impact="WILL_DESTROY"), Level.REPLACEMENT),
    (resource("AWS::SNS::Topic", {}, None, impact="WILL_ORPHAN"), Level.REPLACEMENT),
    (resource("AWS::SNS::Topic", None, {}, impact="WILL_CREATE"), None),
    (resource("AWS::SNS::Topic", {}, {}, because=("DisplayName",)), None),
    (resource(DATABASE, {}, {}, because=("DBInstanceClass",)), Level.INTERRUPTION),
    (resource(DATABASE, {}, {}, because=("Tags", "EngineVersion")), Level.INTERRUPTION),
    (resource(DATABASE, {}, {}, because=("Tags",)), None),
    (resource("AWS::ECS::TaskDefinition", {}, {}, impact="WILL_REPLACE"), Level.REVISION),
]


@pytest.mark.parametrize(("change", "level"), CHANGES)
def test_risk_of_a_change(change: ResourceChange, level: Level | None) -> None:
    assert [risk.level for risk in risks(review(change))] == ([] if level is None else [level])
    if level is not None:
        lost = Finding(stack="yawl-prod-database", subject="One", title="lost", change="c")
        assert [risk.level for risk in risks(review(change, findings=[lost]))] == [Level.DATA]


def test_worst_risks_come_first_and_those_that_stop_before_accepted_ones() -> None:
    found = risks(
        review(
            *(change for change, _ in CHANGES[:1]),
            findings=[
                Finding(stack="s", subject="permissions", title="opens", change="1"),
                Finding(stack="s", subject="A", title="accepted", change="2", accepted="because"),
                Finding(stack="s", subject="B", title="lost", change="3"),
                Finding(stack="s", subject="C", title="refused", change="4", impossible=True),
            ],
        )
    )
    assert [(risk.level, risk.stops) for risk in found] == [
        (Level.REFUSED, True),
        (Level.DATA, True),
        (Level.DATA, False),
        (Level.REPLACEMENT, False),
        (Level.INTERRUPTION, True),
    ]
    assert list(counted(found)) == [
        (Level.REFUSED, 1),
        (Level.DATA, 2),
        (Level.REPLACEMENT, 1),
        (Level.INTERRUPTION, 1),
    ]


def test_change_is_exercised_where_the_same_resource_changed_for_the_same_reason() -> None:
    one = resource(DATABASE, {}, {}, because=("B", "A"))
    two = resource(DATABASE, {}, {}, logical_id="Two", because=("A",))

    def stored(*rows: tuple[str, str, list[str]]) -> list[dict[str, Any]]:
        return [{"logical_id": name, "type": DATABASE, "kind": kind, "because": why} for name, kind, why in rows]

    def words(*rows: tuple[str, str, list[str]], part: str = "database") -> str:
        earlier = received("dev", [{part: stored(*rows)}], releases=1, is_complete=True)
        [found] = exercises(review(one, two), [earlier])
        assert found.is_whole == (found.words == "received the same 2 changes")
        return found.words

    both = (("One", "changed", ["A", "B"]), ("Two", "changed", ["A"]))
    assert words(*both) == "received the same 2 changes"
    assert words(both[0]) == "received 1 of 2 changes"
    assert words(("One", "changed", ["A"]), ("Two", "replaced", ["A"])) == "received 0 of 2 changes"
    assert words(*both, part="cache") == "did not change there: not tested there"
    assert not list(exercises(review(one, is_new=True), [received("dev", [], releases=1, is_complete=True)]))
    assert not list(exercises(review(), [received("dev", [], releases=1, is_complete=True)]))


@pytest.mark.parametrize(
    ("days", "share"), [("MON-FRI", 5), ("FRI-MON", 4), ("SUN", 1), ("1,7", 2), ("*", 7), ("SAT-SUN", 2), ("?", 7)]
)
def test_hours_of_a_schedule(days: str, share: int) -> None:
    def action(hour: int, capacity: int) -> dict[str, Any]:
        return {"Schedule": f"cron(30 {hour} ? * {days} *)", "ScalableTargetAction": {"MinCapacity": capacity}}

    found = capacity_hours({"MinCapacity": 1, "ScheduledActions": [action(7, 2), action(19, 0)]})
    awake = HOURS * 12 * share / (7 * 24)
    assert found == {Decimal(2): awake, Decimal(0): HOURS - awake}


def test_capacity_without_a_schedule_is_held_all_month() -> None:
    maximum = [{"Schedule": "cron(0 7 ? * MON *)", "ScalableTargetAction": {"MaxCapacity": 2}}]
    assert capacity_hours({"MinCapacity": 3, "ScheduledActions": maximum}) == {Decimal(3): HOURS}


def test_figures_are_formatted() -> None:
    assert [signed(Decimal(text)) for text in ("0.004", "-0.004", "0.01", "-1234.5")] == [
        "±$0.00",
        "±$0.00",
        "+$0.01",
        "-$1,234.50",
    ]
    assert (dollars(Decimal("1234.5")), dollars(Decimal(0))) == ("1,234.50", "0.00")
    assert [figure(Decimal(text)) for text in ("730", "1000", "0.2190", "0.00004")] == ["730", "1,000", "0.219", "0"]
    assert aligned([["a", "1"], ["bcd", "23"]], numbers=[1]) == ["a     1", "bcd  23"]
    assert aligned([], numbers=[]) == []

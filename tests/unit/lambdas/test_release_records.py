"""The release records of recorded sequences of events."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.delivery_events.record import write_record
from tests.unit.recorded_delivery import (
    VARIABLES,
    Recording,
    approved,
    begun,
    deployed,
    failed,
    reviewed,
    rolled_back,
)

RECORDER = {**VARIABLES, "ENVIRONMENTS": json.dumps({"Dev": "dev", "Prod": "prod"})}
TEMPLATE = {"Resources": {"Service": {"Type": "AWS::ECS::Service"}, "Other": {"Type": "AWS::SNS::Topic"}}}


def delivered() -> Recording:
    it = Recording(templates={"yawl-prod-application": TEMPLATE})
    begun(it)
    reviewed(it, "Prod")
    approved(it)
    deployed(it, "Prod")
    return it


def hotfix() -> Recording:
    it = delivered()
    it.executions["one"]["variables"] = [{"name": "HOTFIX", "resolvedValue": "yes"}]
    return it


def failing() -> Recording:
    it = delivered()
    begun(it, "two", CommitId="2" * 40)
    failed(it, "Prod/Deploy", "two")
    return it


def undone() -> Recording:
    it = failing()
    roll_back(it)
    return it


def undone_by_hand() -> Recording:
    it = failing()
    # It ends before the stage.
    begun(it, "three", CommitId="3" * 40)
    roll_back(it)
    it.executions["rollback"]["trigger"] = {"triggerType": "ManualRollback", "triggerDetail": "arn:aws:iam::1:user/ada"}
    return it


def undone_by_hand_without_history() -> Recording:
    it = undone_by_hand()
    for execution in ("one", "two"):
        it.executions[execution]["actions"] = [
            one for one in it.executions[execution]["actions"] if one["stageName"] != "Prod"
        ]
    return it


def roll_back(it: Recording) -> None:
    rolled_back(it, "Prod", target="one", failed_execution="two")
    configuration = {"StackName": "yawl-prod-application", "RoleArn": "arn:aws:iam::444444444444:role/cdk"}
    it.action("rollback", "Prod/Deploy", "SUCCEEDED", configuration=configuration)
    it.stage("rollback", "Prod", "SUCCEEDED")


def record_of(it: Recording) -> dict[str, Any]:
    """The record of the last event."""
    return json.loads(it.objects[write_record(it.events[-1], it, RECORDER)])


FACTS: dict[str, tuple[Callable[[], Recording], str, Any]] = {
    "the environment": (delivered, "environment", "prod"),
    "the commit": (delivered, "commit", "1a2b3c4d5e6f" + "0" * 28),
    "its title": (delivered, "title", "Keep cases for a week longer"),
    "its author": (delivered, "author", "Ada Lovelace"),
    "who approved": (delivered, "approver", "arn:aws:sts::111111111111:assumed-role/Approver/grace"),
    "what the approver said": (delivered, "approval_comment", "go"),
    "the tests": (delivered, "tests", ["prod: 24 passed in 12.3 s, p99 31 ms"]),
    "what the tasks run, by its digest": (delivered, "images", ["repository/yawl:6.1.0@sha256:1234"]),
    "the execution": (delivered, "execution", "one"),
    "its review": (delivered, "review", "change-reviews/prod/one.html"),
    "of a rollback, the review of what is there again": (undone, "review", "change-reviews/prod/one.html"),
    "of a hotfix, that it is one": (hotfix, "hotfix", True),
    "of others, that they are none": (delivered, "hotfix", False),
    "that nothing was undone": (delivered, "rolled_back_from", ""),
    "of a rollback, the commit it goes back to": (undone, "commit", "1a2b3c4d5e6f" + "0" * 28),
    "of a rollback, what it undoes": (undone, "rolled_back_from", "two"),
    "of a rollback by hand, what it undoes": (undone_by_hand, "rolled_back_from", "two"),
    "of a rollback of what CodePipeline has forgotten, nothing": (
        undone_by_hand_without_history,
        "rolled_back_from",
        "",
    ),
    "of a rollback, who approved what is there again": (
        undone,
        "approver",
        "arn:aws:sts::111111111111:assumed-role/Approver/grace",
    ),
}


@pytest.mark.parametrize("fact", FACTS)
def test_record_content(fact: str) -> None:
    happening, key, value = FACTS[fact]
    assert record_of(happening())[key] == value


def test_record_time() -> None:
    it = delivered()
    record = record_of(it)
    assert record["released"] == it.events[-1]["time"]
    assert record["began"] < record["approved"] < record["released"]


def test_template_digest_ignores_formatting() -> None:
    first, same, other = delivered(), delivered(), delivered()
    same.templates["yawl-prod-application"] = {"Resources": dict(reversed(TEMPLATE["Resources"].items()))}
    other.templates["yawl-prod-application"] = {"Resources": {"Other": {"Type": "AWS::SNS::Topic"}}}
    hashes = [record_of(one)["templates"]["yawl-prod-application"] for one in (first, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


def test_duplicate_event_writes_nothing() -> None:
    it = delivered()
    name = write_record(it.events[-1], it, RECORDER)
    it.objects[name] = b"as it was"
    assert write_record(it.events[-1], it, RECORDER) == name
    assert it.objects == {name: b"as it was"}
    assert name.startswith("prod/2026-11-03T")


def test_record_is_complete_or_absent() -> None:
    it = delivered()
    it.unreadable_stacks = ("yawl-prod-application",)
    with pytest.raises(ClientError):
        write_record(it.events[-1], it, RECORDER)
    assert it.objects == {}


def test_record_reports_unknown_values_without_a_role() -> None:
    it = delivered()
    it.without_role = True
    record = record_of(it)
    assert record["images"] == ["not known"]
    assert record["templates"] == {"yawl-prod-application": "not known"}
    assert record["tests"] == ["prod: 24 passed in 12.3 s, p99 31 ms"]


def test_no_approver_without_an_approval() -> None:
    it = Recording()
    begun(it)
    deployed(it, "Dev")
    record = record_of(it)
    assert (record["environment"], record["approver"], record["approved"]) == ("dev", "", "")

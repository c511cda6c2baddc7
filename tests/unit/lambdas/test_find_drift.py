"""The daily drift check against a fake CloudFormation: which stacks and resources it counts, and when it gives up."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from lambdas.daily_checks import find_drift
from tests.unit.recorded_runs import NOON

EARLIER = NOON - timedelta(seconds=1)
CHANGED = {"PropertyPath": "/Name", "ExpectedValue": "a", "ActualValue": "b", "DifferenceType": "NOT_EQUAL"}
ALLOWED = {
    "PropertyPath": "/AllocatedStorage",
    "ExpectedValue": "20",
    "ActualValue": "40",
    "DifferenceType": "NOT_EQUAL",
}


def drift(name: str, status: str, *differences: Mapping[str, str], at: Any = NOON) -> dict[str, Any]:
    return {
        "LogicalResourceId": name,
        "ResourceType": "AWS::RDS::DBInstance",
        "StackResourceDriftStatus": status,
        "ExpectedProperties": '{"MaxAllocatedStorage": 100}',
        "PropertyDifferences": list(differences),
        "Timestamp": at,
    }


class Aws:
    """CloudFormation with stacks by name, each with its status and drifts; CloudWatch; and a clock."""

    def __init__(self, stacks: Mapping[str, str], drifts: list[dict[str, Any]], *, looks: int = 1) -> None:
        self.stacks = stacks
        self.drifts = drifts
        self.looks = looks
        self.compared: list[str] = []
        self.published: list[tuple[str, str, int]] = []
        self.seconds = 0.0

    def client(self, service: str, config: object) -> "Aws":
        assert service in ("cloudformation", "cloudwatch")
        assert config
        return self

    def get_paginator(self, name: str) -> "Aws":
        self.asked = name
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        if self.asked == "describe_stacks":
            return ({"Stacks": [{"StackName": name, "StackStatus": status}]} for name, status in self.stacks.items())
        names = dict.fromkeys([*(one["LogicalResourceId"] for one in self.drifts), "Unread"])
        return ({"StackResourceSummaries": [{"LogicalResourceId": name, "ResourceType": "T"}]} for name in names)

    def detect_stack_drift(self, StackName: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        self.compared.append(StackName)
        return {"StackDriftDetectionId": "id"}

    def describe_stack_drift_detection_status(self, **_: str) -> dict[str, Any]:
        self.looks -= 1
        return {
            "DetectionStatus": "DETECTION_COMPLETE" if self.looks <= 0 else "DETECTION_IN_PROGRESS",
            "Timestamp": NOON,
        }

    def describe_stack_resource_drifts(self, NextToken: str = "0", **_: str) -> dict[str, Any]:  # noqa: N803
        page = int(NextToken)
        more = {"NextToken": str(page + 1)} if page + 1 < len(self.drifts) else {}
        return {"StackResourceDrifts": self.drifts[page : page + 1], **more}

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        [one] = MetricData
        self.published.append((Namespace, one["Dimensions"][0]["Value"], one["Value"]))

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def run(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, list[str]]]:
    monkeypatch.setenv("STACK_PREFIX", "yawl-prod-")
    monkeypatch.setenv("ENVIRONMENT", "prod")
    monkeypatch.setattr(find_drift.boto3, "client", aws.client)
    monkeypatch.setattr(find_drift.time, "sleep", aws.sleep)
    monkeypatch.setattr(find_drift.time, "monotonic", lambda: aws.seconds)
    return find_drift.handler({}, None)


def test_each_resource_is_drifted_unknown_or_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws(
        {"yawl-prod-database": "UPDATE_COMPLETE"},
        [
            drift("Deleted", "DELETED"),
            drift("Changed", "MODIFIED", ALLOWED, CHANGED),
            drift("Grown", "MODIFIED", ALLOWED),
            drift("Same", "IN_SYNC"),
            drift("Skipped", "NOT_CHECKED"),
            drift("Stale", "IN_SYNC", at=EARLIER),
            drift("StaleDrift", "DELETED", at=EARLIER),
        ],
    )
    assert run(aws, monkeypatch) == {
        "drifted": {"yawl-prod-database": ["Deleted (deleted)", "Changed (modified)"]},
        "not compared": {"yawl-prod-database": ["Skipped (T)", "Stale (T)", "StaleDrift (T)", "Unread (T)"]},
    }
    assert aws.published == [("YAWLMaintenance", "prod", 2)]


def test_only_settled_stacks_of_the_environment_are_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = ("yawl-prod-us-network", "yawl-dev-network", "yawl-delivery", "other")
    stacks = dict.fromkeys(others, "UPDATE_COMPLETE")
    stacks |= {"yawl-prod-network": "UPDATE_COMPLETE", "yawl-prod-cache": "UPDATE_IN_PROGRESS"}
    aws = Aws(stacks, [drift("Vpc", "DELETED")])
    found = run(aws, monkeypatch)
    assert aws.compared == ["yawl-prod-network"]
    assert found == {
        "drifted": {"yawl-prod-network": ["Vpc (deleted)"]},
        "not compared": {"yawl-prod-network": ["Unread (T)"], "yawl-prod-cache": ["all: UPDATE_IN_PROGRESS"]},
    }
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "drifted in yawl-prod-network: Vpc (deleted)"
    assert set(printed[1:]) == {
        "not compared in yawl-prod-network: Unread (T)",
        "not compared in yawl-prod-cache: all: UPDATE_IN_PROGRESS",
    }


def test_without_drift_zero_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws({"yawl-prod-cache": "CREATE_COMPLETE"}, [drift("Group", "IN_SYNC")])
    assert run(aws, monkeypatch)["drifted"] == {}
    assert aws.published == [("YAWLMaintenance", "prod", 0)]


def test_comparison_is_awaited_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Aws({"yawl-prod-cache": "CREATE_COMPLETE"}, [drift("Group", "IN_SYNC")], looks=4)
    run(patient, monkeypatch)
    assert patient.seconds == 3 * find_drift.LOOK_SECONDS
    endless = Aws({"yawl-prod-cache": "CREATE_COMPLETE"}, [], looks=10**6)
    with pytest.raises(RuntimeError, match="the comparison of yawl-prod-cache takes longer than"):
        run(endless, monkeypatch)
    assert find_drift.GIVE_UP_SECONDS < endless.seconds <= find_drift.GIVE_UP_SECONDS + find_drift.LOOK_SECONDS
    assert endless.published == []

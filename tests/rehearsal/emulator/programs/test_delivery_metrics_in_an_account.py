"""The figures of delivery, from what CodePipeline's API and a real table say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.delivery_metrics.handler import publish
from lambdas.delivery_metrics.history import Environment
from lambdas.delivery_metrics.incidents import Incident, Watched, read_incidents
from lambdas.delivery_metrics.published_figures import PublishedFigures
from tests.rehearsal.emulator.aws.test_events import publish_event
from tests.rehearsal.emulator.conftest import Account, resource

KEYS = {"execution": "HASH", "figure": "RANGE"}
PROD = Environment(name="prod", stages={"Prod": ["Bake"]})


@pytest.fixture
def published(account: Account) -> PublishedFigures:
    ids = account.deploy(
        Published=resource(
            "AWS::DynamoDB::Table",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS.items()],
            BillingMode="PAY_PER_REQUEST",
        )
    )
    return PublishedFigures(account.client("dynamodb"), ids["Published"])


def run(account: Account, *, commit: str) -> None:
    """Tell of a run whose one stage besides the source is prod's."""
    publish_event(account, "STARTED", execution=commit)
    for number, (stage, name, category) in enumerate([("Source", "Source", "Source"), ("Prod", "Bake", "Build")]):
        received: dict[str, Any] = {
            "stage": stage,
            "action": name,
            "action-execution-id": f"{commit}-{number}",
            "type": {"owner": "AWS", "provider": "any", "category": category, "version": "1"},
            "region": account.place.region,
        }
        variables = {"CommitId": commit, "CommitMessage": f"Change {commit}", "AuthorDate": "2026-11-24T11:00:00Z"}
        publish_event(account, "STARTED", execution=commit, **received, known={})
        publish_event(account, "SUCCEEDED", execution=commit, **received, known={"variables": variables})
    publish_event(account, "SUCCEEDED", execution=commit)


def test_releases_are_published_once(
    account: Account, published: PublishedFigures, capsys: pytest.CaptureFixture[str]
) -> None:
    for commit in ("a", "b"):
        run(account, commit=commit)
    for commit in ("b", "a", "b"):
        now = datetime.now(UTC)
        event = {"time": now.isoformat(), "detail": {"execution-id": commit, "state": "SUCCEEDED"}}
        client = account.client("codepipeline")
        publish(
            event,
            client,
            published,
            [PROD],
            pipeline="pipeline",
            region=account.place.region,
            now=now,
            incidents=list[Incident],
        )
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    releases = [line for line in lines if line["figure"] == "release/prod"]
    assert [(line["commit"], line["title"], line["Releases"]) for line in releases] == [
        ("a", "Change a", 1),
        ("b", "Change b", 1),
    ]
    assert len(lines) == len({(line["execution"], line["figure"], line["commit"]) for line in lines})
    assert "CycleTime" not in releases[0]
    assert "CycleTime" in releases[1]
    assert published.settled_until is not None


class InAccount:
    """A session whose CloudWatch is the account's, whatever role it assumes."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def client(self, service: str, **_: Any) -> Any:
        return self if service == "sts" else self._account.client(service)

    def assume_role(self, **_: Any) -> dict[str, Any]:
        return {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}}


def test_incident_is_read_from_the_history_of_an_alarm(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="yawl-prod-error-rate",
        Namespace="Tests",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    for state in ("ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName="yawl-prod-error-rate", StateValue=state, StateReason="a test")
    watched = Watched(role="role", region=account.place.region, alarms=["yawl-prod-error-rate"])
    [incident] = read_incidents(InAccount(account), [watched], now=datetime.now(UTC))
    assert incident.alarm == "yawl-prod-error-rate"
    assert incident.end is not None
    assert incident.start <= incident.end

"""Limits of the bake and the review from both sides: times, statuses, lengths and numbers."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from cloud_assembly import UserError
from jobs import assumed_role
from jobs.aws_errors import DENIED, THROTTLED, code_of, explained, has_no_stack, is_denied, is_temporary
from jobs.bake.__main__ import main
from jobs.bake.watch import AlarmTriggered, watch
from jobs.change_review import pipeline_run
from jobs.change_review.approval.release_records import MOST_RECORDS, ReleaseRecords
from jobs.change_review.differences import resource_change
from jobs.change_review.pipeline_run import PipelineRun, one_line

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
BAKE = {"ENVIRONMENT": "dev", "ENVIRONMENT_REGION": "us-east-1", "ALARM_NAME": "health", "BAKE_MINUTES": "60"}
RUN = PipelineRun(
    commit="1a2b",
    pipeline="yawl-delivery",
    execution="own",
    publish_to="records/reviews/of/changes",
    later_stages=("ProdApproval", "Prod", "Prod-eu"),
)


def gives(answer: Any) -> Any:
    """Return a method of a client that always gives this answer."""

    def call(*_: object, **__: object) -> Any:
        return answer

    return call


def error(code: str, status: int = 400, message: str = "message") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Call")


class TestBake:
    def watch(
        self, alarms: Sequence[dict[str, Any]], history: Sequence[tuple[timedelta, str]] = ()
    ) -> tuple[AlarmTriggered | None, list[dict[str, Any]]]:
        """Watch once; return what was found, and what CloudWatch was asked."""
        asked: list[dict[str, Any]] = []

        def describe_alarms(**given: Any) -> Any:
            asked.append(given)
            return {"CompositeAlarms": list(alarms), "MetricAlarms": [{"StateValue": "OK"}]}

        def describe_alarm_history(**given: Any) -> Any:
            asked.append(given)
            items = [{"Timestamp": START + at, "HistorySummary": text} for at, text in history]
            return {"AlarmHistoryItems": items}

        cloudwatch = SimpleNamespace(describe_alarms=describe_alarms, describe_alarm_history=describe_alarm_history)
        return watch(lambda: cloudwatch, "health", seconds=0, since=START), asked

    @pytest.mark.parametrize(("seconds", "counts"), [(-5.001, False), (-5, True), (-1, True), (0, True), (1, True)])
    def test_clocks_may_differ_by_five_seconds(self, seconds: float, counts: bool) -> None:
        found, asked = self.watch(
            [{"StateValue": "OK"}], [(timedelta(seconds=seconds), "Alarm updated from OK to ALARM.")]
        )
        assert bool(found and found.cleared) is counts
        kinds = ["CompositeAlarm", "MetricAlarm"]
        assert asked == [
            {"AlarmNames": ["health"], "AlarmTypes": kinds},
            {
                "AlarmName": "health",
                "AlarmTypes": kinds,
                "HistoryItemType": "StateUpdate",
                "StartDate": START - timedelta(seconds=5),
            },
        ]

    @pytest.mark.parametrize("text", ["Alarm updated from ALARM to OK", "to ALARM or not", "Alarm created"])
    def test_other_changes_do_not_count(self, text: str) -> None:
        assert self.watch([{"StateValue": "OK"}], [(timedelta(), text)])[0] is None

    def test_first_of_two_alarms_in_the_history_counts(self) -> None:
        later, earlier = ((timedelta(seconds=at), f"{at} to ALARM") for at in (9, 3))
        found, _ = self.watch([{"StateValue": "OK"}], [(timedelta(), "to OK"), later, earlier])
        assert found
        assert found.reason == "9 to ALARM"

    @pytest.mark.parametrize(
        ("times", "at"),
        [
            ({"StateTransitionedTimestamp": START, "StateUpdatedTimestamp": START + timedelta(hours=1)}, START),
            ({"StateUpdatedTimestamp": START}, START),
        ],
    )
    def test_since_when(self, times: dict[str, datetime], at: datetime) -> None:
        found, asked = self.watch([{"StateValue": "ALARM", **times}, {"StateValue": "OK"}])
        assert found == AlarmTriggered(at=at, reason="no reason given", cleared=False)
        assert len(asked) == 1

    @pytest.mark.parametrize(("state", "seconds"), [("INSUFFICIENT_DATA", 40.0), ("OK", 15.0), ("OK", 0.0)])
    def test_pauses(self, state: str, seconds: float) -> None:
        pauses: list[float] = []
        cloudwatch: Any = SimpleNamespace(
            describe_alarms=gives({"MetricAlarms": [{"StateValue": state}]}),
            describe_alarm_history=gives({"AlarmHistoryItems": ()}),
        )
        options: Any = {"clock": lambda: sum(pauses), "sleep": pauses.append}
        assert watch(lambda: cloudwatch, "health", seconds=seconds, since=START, **options) is None
        assert pauses == {40.0: [15.0, 15.0, 10.0], 15.0: [15.0], 0.0: []}[seconds]

    @pytest.mark.parametrize(
        ("name", "value", "taken"),
        [
            ("BAKE_MINUTES", "9999", True),
            ("BAKE_MINUTES", "0.123456", True),
            ("BAKE_MINUTES", "10000", False),
            ("BAKE_MINUTES", "0.1234567", False),
            ("BAKE_MINUTES", "-1", False),
            ("BAKE_MINUTES", "ten", False),
            ("ENVIRONMENT", "prod-2", True),
            ("ENVIRONMENT", "2", False),
            ("ENVIRONMENT_REGION", "us-gov-west-1", True),
            ("ENVIRONMENT_REGION", "us-east", False),
            ("ALARM_NAME", " ", False),
        ],
    )
    def test_variables(self, name: str, value: str, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        for one, given in {**BAKE, name: value, "HOTFIX": "yes"}.items():
            monkeypatch.setenv(one, given)
        assert main() == (0 if taken else 2)


class TestErrors:
    @pytest.mark.parametrize(("status", "temporary"), [(400, False), (499, False), (500, True), (503, True)])
    def test_status_of_a_failure_of_aws(self, status: int, temporary: bool) -> None:
        assert is_temporary(error("Other", status)) is temporary
        assert ("Try again; AWS Health" in explained(error("Other", status), "rights")) is temporary

    def test_codes(self) -> None:
        assert all(is_temporary(error(code)) and not is_denied(error(code)) for code in THROTTLED)
        assert all(is_denied(error(code)) and not is_temporary(error(code)) for code in DENIED)
        assert "Try again in a minute" in explained(error("Throttling"), "rights")
        assert explained(error("AccessDenied", 403), "more rights").endswith("Try more rights")
        assert explained(error("Other"), "rights") == str(error("Other"))
        assert code_of(ValueError()) == ""

    @pytest.mark.parametrize(
        "lost", [EndpointConnectionError(endpoint_url="https://aws"), ReadTimeoutError(endpoint_url="https://aws")]
    )
    def test_network(self, lost: Exception) -> None:
        assert is_temporary(lost)
        assert explained(lost, "rights").startswith("AWS cannot be reached")

    @pytest.mark.parametrize(
        ("code", "message", "absent"),
        [
            ("ValidationError", "Stack with id yawl does not exist", True),
            ("ValidationError", "Stack name is not valid", False),
            ("AccessDenied", "Stack with id yawl does not exist", False),
        ],
    )
    def test_absent_stack(self, code: str, message: str, absent: bool) -> None:
        assert has_no_stack(error(code, 400, message)) is absent

    @pytest.mark.parametrize(("region", "used"), [(None, "us-east-1"), ("eu-west-1", "eu-west-1")])
    def test_assumed_role(self, region: str | None, used: str) -> None:
        asked: list[tuple[Any, ...]] = []

        class Caller:
            region_name = "us-east-1"

            def client(self, service: str, *, region_name: str | None, config: object) -> Any:
                asked.append((service, region_name, config))
                credentials = {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": START}

                def assume_role(**given: str) -> Any:
                    asked.append((given,))
                    return {"Credentials": credentials}

                return SimpleNamespace(assume_role=assume_role)

        caller, config = Caller(), object()
        options: Any = {"session_name": "bake", "config": config, "region": region}
        found = assumed_role.assume_role(caller, "arn", **options)  # pyrefly: ignore[bad-argument-type]  # a fake
        held: Any = found.session.get_credentials()
        assert (held.access_key, held.secret_key, held.token) == ("a", "s", "t")
        assert (found.session.region_name, found.expires) == (used, START)
        assert asked == [("sts", region, config), ({"RoleArn": "arn", "RoleSessionName": "bake"},)]


class TestRun:
    def run(self, monkeypatch: pytest.MonkeyPatch, *states: dict[str, Any]) -> PipelineRun:
        client = SimpleNamespace(get_pipeline_state=gives({"stageStates": list(states)}))
        made = PipelineRun(**vars(RUN))

        def of(_: object, service: str) -> Any:
            assert service == "codepipeline"
            return client

        monkeypatch.setattr(PipelineRun, "_client", of)
        return made

    def test_others_in_progress(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def runs(number: str, status: str = "InProgress") -> dict[str, str]:
            return {"pipelineExecutionId": number, "status": status}

        run = self.run(
            monkeypatch,
            {"stageName": "Dev", "latestExecution": runs("in dev")},
            {"stageName": "ProdApproval", "inboundExecution": runs("waiting")},
            {"stageName": "Prod", "latestExecution": runs("last"), "inboundExecutions": [runs("own"), runs("next")]},
            {"stageName": "Prod-eu", "latestExecution": runs("ended", "Succeeded")},
        )
        assert run.others_in_progress() == ("last", "next", "waiting")

    def test_failed_stages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def state(name: str, status: str) -> dict[str, Any]:
            return {"stageName": name, "latestExecution": {"status": status}}

        run = self.run(
            monkeypatch,
            *(state("Dev", "Failed"), state("ProdApproval", "Failed"), state("Prod", "Failed")),
            *(state("Prod-eu", "Succeeded"), {"stageName": "Prod-us"}),
        )
        assert run.failed_stages() == ("Prod",)

    @pytest.mark.parametrize(
        ("text", "most", "line"),
        [
            ("12345", 5, "12345"),
            ("123456", 5, "1234…"),
            ("a\tb\n\x00c", 10, "a b c"),
            ("  ", 10, ""),
        ],
    )
    def test_one_line(self, text: str, most: int, line: str) -> None:
        assert one_line(text, most) == line

    @pytest.mark.parametrize(
        ("summary", "title"),
        [
            ("Fix it\n\nLong", "Fix it"),
            ('{"ProviderType": "GitHub", "CommitMessage": "Fix it\\nMore"}', "Fix it"),
            ('{"ProviderType": "GitHub"}', '{"ProviderType": "GitHub"}'),
            ("7", "7"),
            ("", "(no title)"),
            ("\n ", "(no title)"),
            ("x" * 81, "x" * 79 + "…"),
            ("x" * 80, "x" * 80),
        ],
    )
    def test_title_and_link(self, summary: str, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
        run = PipelineRun(**vars(RUN))
        revision = {"revisionSummary": summary, "revisionUrl": "https://host/1a2b/diff"}
        monkeypatch.setitem(vars(run), "_revision", revision)
        assert (run.title(), run.link()) == (title, "https://host/{commit}/diff")
        for address in ("http://host/1a2b", "https://host/other", ""):
            revision["revisionUrl"] = address
            assert run.link() == ""

    def test_files_are_stored_by_environment_and_execution(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stored: list[dict[str, Any]] = []

        def put_object(**given: Any) -> None:
            stored.append(given)

        client = SimpleNamespace(put_object=put_object, meta=SimpleNamespace(region_name="us-east-1"))

        def of(_: object, service: str) -> Any:
            assert service == "s3"
            return client

        monkeypatch.setattr(PipelineRun, "_client", of)
        address = RUN.publish("prod", {".html": "<p>", ".json": "{}"})
        key = "reviews/of/changes/prod/own"
        assert address == f"https://console.aws.amazon.com/s3/object/records?region=us-east-1&prefix={key}.html"
        assert [(one["Key"], one["ContentType"], one["ChecksumAlgorithm"]) for one in stored] == [
            (f"{key}.html", "text/html; charset=utf-8", "SHA256"),
            (f"{key}.json", "application/json", "SHA256"),
        ]
        assert (RUN.records().bucket, RUN.records().reviews) == ("records", "reviews/of/changes")

    def test_client_has_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[tuple[str, object]] = []

        def client(service: str, *, config: object) -> None:
            made.append((service, config))

        monkeypatch.setattr(pipeline_run.boto3, "client", client)
        RUN._client("s3")
        assert made == [("s3", pipeline_run._CONFIG)]

    @pytest.mark.parametrize("missing", ["COMMIT", "PIPELINE", "EXECUTION", "PUBLISH_TO", "LATER_STAGES"])
    def test_variables_are_set_together(self, missing: str) -> None:
        variables = {
            "COMMIT": "1a2b",
            "PIPELINE": "yawl-delivery",
            "EXECUTION": "own",
            "PUBLISH_TO": "records/reviews/of/changes",
            "LATER_STAGES": "ProdApproval Prod  Prod-eu",
        }
        assert PipelineRun.read(variables) == RUN
        assert PipelineRun.read({}) is None
        with pytest.raises(UserError, match=f"without a value: {missing};"):
            PipelineRun.read({**variables, missing: ""})


class TestRecords:
    def records(self, *records: dict[str, Any]) -> tuple[ReleaseRecords, list[str]]:
        """Return a bucket with these records, oldest first on two pages, and the names that were read."""
        read: list[str] = []
        stored = {f"prod/{number:04}.json": record for number, record in enumerate(records)}
        names = [{"Key": name} for name in stored]

        def get_object(*, Bucket: str, Key: str) -> Any:  # noqa: N803 - boto3's names
            assert Bucket == "records"
            read.append(Key)
            return {"Body": io.BytesIO(json.dumps(stored[Key]).encode())}

        def paginate(**given: Any) -> Any:
            assert given == {"Bucket": "records", "Prefix": "prod/", "Delimiter": "/"}
            return [{"Contents": names[::2]}, dict[str, Any](), {"Contents": names[1::2]}]

        client = SimpleNamespace(get_object=get_object, get_paginator=gives(SimpleNamespace(paginate=paginate)))
        return ReleaseRecords(client=client, bucket="records", reviews="reviews"), read

    def test_last_release_of_each_stage(self) -> None:
        def record(commit: str, *stacks: str) -> dict[str, Any]:
            return {
                "commit": commit,
                "approver": "arn:aws:sts::1:assumed-role/r/ada",
                "templates": dict.fromkeys(stacks),
            }

        found, read = self.records(
            record("first", "a", "b"), record("second", "b"), record("third", "a"), record("fourth", "b")
        )
        stages = [{"a", "x"}, {"b"}]
        assert [one and one.commit for one in found.running("prod", stages)] == ["third", "fourth"]
        assert read == ["prod/0003.json", "prod/0002.json"]
        assert [one and one.commit for one in found.running("prod", [{"none"}])] == [None]
        last, *_ = found.running("prod", [{"a"}])
        assert last
        assert (last.approver, last.author, last.title) == ("ada", "unknown", "")

    def test_executions_since_a_commit(self) -> None:
        runs = [("old", "1"), ("new", "2"), ("new", "3"), ("new", "3")]
        found, _ = self.records(*({"commit": commit, "execution": execution} for commit, execution in runs))
        assert found.since("prod", "old") == (("3", "2"), True)
        assert found.since("prod", "never") == (("3", "2", "1"), False)
        assert found.since("prod", "new") == ((), True)

    @pytest.mark.parametrize("more", [0, 1])
    def test_old_records_are_not_read(self, more: int) -> None:
        oldest = {"commit": "old", "execution": "oldest"}
        others = [{"commit": "new", "execution": str(number)} for number in range(MOST_RECORDS - 1 + more)]
        found, read = self.records(oldest, *others)
        assert found.since("prod", "old")[1] is (more == 0)
        assert len(read) == MOST_RECORDS


@pytest.mark.parametrize(
    ("kind", "impact", "properties", "found", "because"),
    [
        ("AWS::RDS::DBInstance", "MAY_REPLACE", ["MultiAZ"], "WILL_UPDATE", ("MultiAZ",)),
        ("AWS::RDS::DBInstance", "MAY_REPLACE", ["MultiAZ", "Port"], "MAY_REPLACE", ("MultiAZ", "Port")),
        ("AWS::RDS::DBInstance", "WILL_REPLACE", ["MultiAZ"], "WILL_REPLACE", ("MultiAZ",)),
        ("AWS::SNS::Topic", "MAY_REPLACE", ["MultiAZ"], "MAY_REPLACE", ("MultiAZ",)),
        ("AWS::SNS::Topic", "MAY_REPLACE", [], "MAY_REPLACE", ("Other",)),
    ],
)
def test_decisive_properties(
    kind: str, impact: str, properties: list[str], found: str, because: tuple[str, ...]
) -> None:
    given: dict[str, Any] = {
        "logicalId": "R",
        "type": kind,
        "impact": impact,
        "attributes": [],
        "before": {},
        "after": {},
        "properties": [
            {"name": "Other", "impact": "NO_CHANGE"},
            *({"name": name, "impact": impact} for name in properties),
        ],
    }
    change = resource_change(given)
    assert (change.impact, change.because) == (found, because)
    moved = resource_change({**given, "attributes": ["Type"]})
    assert moved.because == ("Type",)

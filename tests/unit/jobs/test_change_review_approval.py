"""What an approver sees: from which commit to which, the commits between, the risks by rank, and what was exercised."""

import io
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_assembly import UserError
from jobs.change_review.approval import history, release
from jobs.change_review.approval.exercised import changes_of, exercises, received
from jobs.change_review.approval.history import Commit, History, Range
from jobs.change_review.approval.page import LONGEST_RISK, NO_RISK, as_html, highest_risk
from jobs.change_review.approval.release import LONGEST_LINE, LONGEST_RUNS, MOST_MAILED, Release
from jobs.change_review.approval.release_records import Deployed, ReleaseRecords
from jobs.change_review.approval.risks import Level, risks
from jobs.change_review.differences import Difference, ResourceChange
from jobs.change_review.findings import Finding
from jobs.change_review.pipeline_run import PipelineRun
from jobs.change_review.review import Review, StackReview
from jobs.cost.difference import Difference as Cost

OLD, MIDDLE, NEW, OTHER = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
LINK = "https://us-east-1.console.aws.amazon.com/redirect?Commit={commit}"


def change(logical_id: str, kind: str, impact: str, *because: str) -> ResourceChange:
    return ResourceChange(
        logical_id=logical_id, type=kind, impact=impact, because=because, before={"a": 1}, after={"a": 2}
    )


def stack(part: str, *changes: ResourceChange, is_new: bool = False) -> StackReview:
    difference = Difference(
        resources=changes, outputs=0, broadened=False, permissions={}, rules={}, text="text" if changes else ""
    )
    return StackReview(
        name=f"yawl-prod-{part}", account="1", region="us-east-1", is_new=is_new, difference=difference, part=part
    )


def review_of(*stacks: StackReview, findings: Sequence[Finding] = ()) -> Review:
    return Review(
        environment="prod",
        stacks=stacks,
        findings=tuple(findings),
        orphaned_stacks=(),
        cost=Cost(before=Decimal(100), after=Decimal("120.5"), changes=(), unpriced_before=(), unpriced_after=()),
        is_first=False,
        stages=(frozenset(one.name for one in stacks),),
    )


NETWORK = stack("network", change("Vpc", "AWS::EC2::VPC", "WILL_REPLACE", "CidrBlock"))
APPLICATION = stack(
    "application",
    change("Task", "AWS::ECS::TaskDefinition", "WILL_REPLACE", "ContainerDefinitions"),
    change("Worker", "AWS::ECS::TaskDefinition", "WILL_REPLACE", "ContainerDefinitions"),
    change("Service", "AWS::ECS::Service", "WILL_UPDATE", "TaskDefinition"),
)
DATABASE = stack(
    "database",
    change("Database", "AWS::RDS::DBInstance", "WILL_UPDATE", "DBInstanceClass"),
    change("Group", "AWS::RDS::DBSubnetGroup", "WILL_REPLACE", "DBSubnetGroupName"),
    change("Former", "AWS::SNS::Topic", "WILL_DESTROY"),
)
LOST = Finding(
    stack="yawl-prod-network",
    subject="Vpc",
    title="Vpc (AWS::EC2::VPC) would be replaced, because CidrBlock changes; this loses everything in it",
    change="0123456789ab",
)
OPENED = Finding(
    stack="yawl-prod-application",
    subject="permissions",
    title="yawl-prod-application broadens permissions or opens ports",
    details=("+ Allow s3:GetObject on *", "+ Allow s3:PutObject on *"),
    change="ba9876543210",
)
EVERYTHING = review_of(APPLICATION, DATABASE, NETWORK, findings=[OPENED, LOST])


def commit(identifier: str, *parents: str, author: str = "Ada", title: str = "Change") -> Commit:
    return Commit(id=identifier, parents=parents, author=author, date="2026-11-03T10:00:00+00:00", title=title)


def deployed(
    identifier: str = OLD, *, stacks: Sequence[str] = ("yawl-prod-network",), title: str = "Before"
) -> Deployed:
    return Deployed(
        commit=identifier,
        title=title,
        author="Grace",
        released="2026-11-01T09:00:00Z",
        approver="linus",
        execution="before",
        stacks=frozenset(stacks),
    )


BETWEEN = Range(added=(commit(NEW, MIDDLE, title="Third"), commit(MIDDLE, OLD, title="Second <b>")), taken_back=())
RELEASE = Release(
    commit=NEW,
    title="Third",
    execution="now",
    running=(deployed(),),
    commits=BETWEEN,
    link=LINK,
    acceptances={LOST.change: commit(OLD, author="Grace")},
)


class TestRisks:
    """A replaced VPC and a new task definition are not the same."""

    def test_worst_comes_first(self) -> None:
        found = [(risk.level, risk.subject.partition(" ")[0]) for risk in risks(EVERYTHING)]
        assert found == [
            (Level.DATA, "Vpc"),
            (Level.REPLACEMENT, "Group"),
            (Level.REPLACEMENT, "Former"),
            (Level.INTERRUPTION, "permissions"),
            (Level.INTERRUPTION, "Database"),
            (Level.REVISION, "Task"),
            (Level.REVISION, "Worker"),
        ]

    def test_resources_and_stacks_are_named(self) -> None:
        [*_, last] = risks(EVERYTHING)
        assert (last.stack, last.subject) == ("yawl-prod-application", "Worker (AWS::ECS::TaskDefinition)")

    @pytest.mark.parametrize(
        ("finding", "level"),
        [
            (replace(LOST, impossible=True), Level.REFUSED),
            (Finding(stack="s", subject="execution", title="t", change="1", command="make bootstrap"), Level.REFUSED),
            (Finding(stack="s", subject="outputs", title="t", change="1"), Level.REPLACEMENT),
            (Finding(stack="yawl-old-database", subject="a stack left behind", title="t", change="1"), Level.DATA),
        ],
        ids=["refused", "not permitted", "stale", "left behind"],
    )
    def test_every_kind_of_finding_has_a_rank(self, finding: Finding, level: Level) -> None:
        [risk] = [one for one in risks(review_of(NETWORK, findings=[finding])) if one.finding == finding]
        assert risk.level is level

    @pytest.mark.parametrize("subject", ["Vpc", "outputs"])
    def test_every_finding_about_one_subject_is_shown(self, subject: str) -> None:
        """An accepted one must not hide one that stops the release."""
        one = Finding(stack="yawl-prod-network", subject=subject, title="one", change="1")
        two = replace(one, title="two", change="2", accepted="on purpose")
        shown = [risk for risk in risks(review_of(NETWORK, findings=[one, two])) if risk.finding]
        assert [(risk.what, risk.stops) for risk in shown] == [("one", True), ("two", False)]

    def test_revision_is_not_counted_with_replacements(self) -> None:
        assert "resources 2 changed, 2 revised, 2 replaced, 1 removed, in 3 of 3 stacks" in EVERYTHING.summary()

    def test_highest_one_fits_the_approval(self) -> None:
        assert highest_risk(risks(EVERYTHING)) == "data or an address is lost: Vpc in yawl-prod-network"
        two = review_of(DATABASE)
        assert highest_risk(risks(two)) == "replaced or removed: Group in yawl-prod-database and 1 more"
        assert highest_risk(risks(review_of(stack("cache")))) == NO_RISK
        long = stack("network", change("V" * 255, "AWS::EC2::Subnet", "WILL_REPLACE", "CidrBlock"))
        assert len(highest_risk(risks(review_of(long, DATABASE)))) <= LONGEST_RISK


class TestExercised:
    """A change that an earlier environment did not receive was not tested there."""

    STORED = changes_of(review_of(APPLICATION, stack("database", DATABASE.difference.resources[1])))

    def test_stack_that_did_not_change_there_was_not_tested_there(self) -> None:
        stored = json.loads(json.dumps(self.STORED))
        dev = received("dev", [stored, changes_of(EVERYTHING)], releases=2, is_complete=True)
        staging = received("staging", [stored], releases=1, is_complete=True)
        found = [(one.stack, one.environment, one.words) for one in exercises(EVERYTHING, [dev, staging])]
        assert found == [
            ("yawl-prod-application", "dev", "received the same 3 changes"),
            ("yawl-prod-application", "staging", "received the same 3 changes"),
            ("yawl-prod-database", "dev", "received the same 3 changes"),
            ("yawl-prod-database", "staging", "received 1 of 3 changes"),
            ("yawl-prod-network", "dev", "received the same 1 change"),
            ("yawl-prod-network", "staging", "did not change there: not tested there"),
        ]
        untested = {risk.subject.partition(" ")[0]: risk.untested for risk in risks(EVERYTHING, earlier=[dev, staging])}
        assert untested["Vpc"] == ("staging",)
        assert untested["Task"] == ()

    def test_another_property_of_the_same_resource_is_another_change(self) -> None:
        other = stack("network", change("Vpc", "AWS::EC2::VPC", "WILL_REPLACE", "InstanceTenancy"))
        staging = received("staging", [changes_of(review_of(other))], releases=1, is_complete=True)
        [found] = exercises(review_of(NETWORK), [staging])
        assert found.words == "received 0 of 1 change"

    def test_new_stack_is_compared_with_nothing(self) -> None:
        new = replace(NETWORK, is_new=True)
        assert not list(exercises(review_of(new), [received("dev", [], releases=1, is_complete=True)]))


class TestPage:
    """The page has everything, needs nothing from elsewhere, and cannot be injected into."""

    def test_it_shows_from_and_to_and_every_commit_with_author_title_and_link(self) -> None:
        page = as_html(EVERYTHING, RELEASE)
        for one in (OLD, MIDDLE, NEW):
            assert f'<a href="{LINK.replace("{commit}", one).replace("&", "&amp;")}">{one[:12]}</a>' in page
        assert "Before" in page
        assert "by Grace, deployed 2026-11-01 09:00 UTC, approved by linus" in page
        assert page.count("<small>Ada, 2026-11-03</small>") == 2
        assert "2 commits to add" in page

    def test_it_escapes_what_others_wrote(self) -> None:
        page = as_html(EVERYTHING, RELEASE)
        assert "Second <b>" not in page
        assert "Second &lt;b&gt;" in page

    def test_acceptance_has_its_reason_and_its_author(self) -> None:
        accepted = [replace(LOST, accepted="moved on Sunday"), replace(OPENED, accepted="the upload needs it")]
        page = as_html(replace(EVERYTHING, findings=tuple(accepted)), RELEASE)
        assert "Accepted because: moved on Sunday <small>(by Grace)</small>" in page
        assert "Accepted because: the upload needs it <small>(by unknown)</small>" in page

    def test_it_is_self_contained(self) -> None:
        page = as_html(EVERYTHING, RELEASE)
        assert not re.findall(r"<(?:script|link|img|iframe)\b|\bsrc=|url\(|@import", page)
        assert "default-src 'none'" in page
        assert 'name="viewport" content="width=device-width' in page

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"running": ()}, "no release on record"),
            ({"running": (), "not_known": "the records in b cannot be read"}, "not known: the records in b cannot"),
            ({"commits": None, "no_commits": "the Synth action wrote no history"}, "commits not known: the Synth"),
            ({"commits": Range(added=(), taken_back=())}, "the same commit is deployed again"),
            ({"commits": Range(added=(), taken_back=(commit(OLD),))}, "1 to take back"),
            ({"link": ""}, "so there are no links"),
            ({"failed": ("Prod", "ProdWave2")}, "The last execution in ProdWave2 failed and was not rolled back"),
            ({"running": (deployed(OLD), deployed(MIDDLE, title="Elsewhere"))}, "Elsewhere"),
            ({"running": (deployed(OLD), None)}, "In other regions, no release is on record"),
        ],
    )
    def test_it_says_what_is_not_known_or_not_usual(self, changes: Mapping[str, Any], words: str) -> None:
        assert words in as_html(EVERYTHING, replace(RELEASE, **changes))

    def test_review_by_hand_has_no_release(self) -> None:
        assert "Runs now" not in as_html(EVERYTHING, None)


class TestRelease:
    """What the approval and its mail quote."""

    def test_what_runs_fits_the_approval(self) -> None:
        assert RELEASE.runs() == "aaaaaaaaaaaa “Before” (2 commits to add)"
        long = replace(RELEASE, running=(deployed(title="long " * 50),))
        assert len(long.runs()) <= LONGEST_RUNS
        assert long.runs().endswith("…” (2 commits to add)")
        regions = replace(RELEASE, running=(deployed(OLD), deployed(MIDDLE)))
        assert regions.runs() == "different commits in its regions: aaaaaaaaaaaa, bbbbbbbbbbbb"
        assert replace(RELEASE, commit=OLD).runs() == "aaaaaaaaaaaa, the same commit"
        assert replace(RELEASE, running=(None,)).runs() == "no release on record"
        assert replace(RELEASE, not_known="denied").runs() == "not known: see the review"

    def test_mail_lists_commits_in_single_lines_and_not_too_many(self) -> None:
        assert RELEASE.mailed() == ["+ cccccccccccc Third (Ada)", "+ bbbbbbbbbbbb Second <b> (Ada)"]
        many = Range(
            added=tuple(commit(f"{number:040x}", title="a\x00b\n" * 40) for number in range(30)),
            taken_back=(commit(OTHER),),
        )
        lines = replace(RELEASE, commits=many).mailed()
        assert lines[-1] == "and 11 more, see the review"
        assert len(lines) == MOST_MAILED + 1
        assert all(len(line) <= LONGEST_LINE and line.isprintable() for line in lines)

    def test_without_a_history_the_mail_says_so(self) -> None:
        assert replace(RELEASE, commits=None, no_commits="not cloned").mailed() == ["not known: not cloned"]


class Repository:
    """A repository with the settings that accept changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, author: str = "Ada") -> str:
        who = ["-c", f"user.name={author}", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.path), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, title: str, *, settings: str | None = None, author: str = "Ada") -> str:
        if settings is not None:
            (self.path / "delivery.toml").write_text(settings)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={title}", author=author)
        return self.git("rev-parse", "HEAD")

    def history(self) -> History:
        assert history.write(self.path, self.path) == ""
        return history.read(self.path)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


class TestHistory:
    """The Synth action writes it, the reviews read it."""

    def test_it_has_every_commit_between_two(self, repository: Repository) -> None:
        one, two, three = (repository.commit(title) for title in ("One", "Two “quoted”", "Three"))
        found = repository.history().between(one, three)
        assert found is not None
        assert [(commit.id, commit.title) for commit in found.added] == [(three, "Three"), (two, "Two “quoted”")]
        assert not found.taken_back

    def test_merge_adds_the_commits_of_both_sides(self, repository: Repository) -> None:
        one = repository.commit("One")
        repository.git("checkout", "--quiet", "-b", "side")
        repository.commit("Side one")
        repository.commit("Side two", author="Grace")
        repository.git("checkout", "--quiet", "main")
        repository.commit("Main")
        repository.git("merge", "--quiet", "--no-ff", "--message=Merge", "side")
        found = repository.history().between(one, repository.git("rev-parse", "HEAD"))
        assert found is not None
        assert {commit.title for commit in found.added} == {"Main", "Side one", "Side two", "Merge"}
        assert {commit.author for commit in found.added} == {"Ada", "Grace"}

    def test_older_commit_takes_newer_ones_back(self, repository: Repository) -> None:
        one, two, three = (repository.commit(title) for title in ("One", "Two", "Three"))
        repository.git("checkout", "--quiet", "--detach", one)
        found = repository.history().between(three, one)
        assert found is not None
        assert [commit.id for commit in found.taken_back] == [three, two]
        assert not found.added

    def test_commit_that_is_not_there_has_no_range(self, repository: Repository) -> None:
        one = repository.commit("One")
        assert repository.history().between(OTHER, one) is None

    def test_length_is_limited(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        one, _, three = (repository.commit(title) for title in ("One", "Two", "Three"))
        monkeypatch.setattr(history, "MOST_COMMITS", 2)
        found = repository.history()
        assert len(found.commits) == 2
        assert found.between(one, three) is None

    @pytest.mark.parametrize(
        "form",
        [
            '[environments.prod.accepted_changes.{0}]\nstack = "a"\nreason = "{2}"\n'
            '\n[environments.prod.accepted_changes.{1}]\nstack = "b"\nreason = "{3}"\n',
            '[environments.prod.accepted_changes]\n{0} = {{ stack = "a", reason = "{2}" }}\n'
            '{1} = {{ stack = "b", reason = "{3}" }}\n',
        ],
        ids=["tables", "inline tables"],
    )
    def test_acceptance_belongs_to_who_wrote_its_reason(self, form: str, repository: Repository) -> None:
        first, second = "0123456789ab", "ba9876543210"
        repository.commit("One", settings=form.format(first, second, "one", "one"))
        repository.commit("Two", settings=form.format(first, second, "one", "two"), author="Grace")
        found = repository.history().acceptances
        assert {change: commit.author for change, commit in found.items()} == {first: "Ada", second: "Grace"}

    def test_without_a_clone_it_says_why(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "not a git repository" in history.write(tmp_path, tmp_path)
        assert "not a git repository" in history.read(tmp_path).missing
        (tmp_path / history.FILE).unlink()
        assert "did not clone" in history.read(tmp_path).missing
        (tmp_path / history.FILE).write_text("{")
        assert "cannot be read" in history.read(tmp_path).missing
        assert not capsys.readouterr().err


class Bucket:
    """S3, as far as the reviews use it."""

    def __init__(self, objects: Mapping[str, Any], *, error: str = "") -> None:
        self.objects = dict(objects)
        self.error = error
        self.meta = SimpleNamespace(region_name="us-east-1")
        self.written: dict[str, dict[str, Any]] = {}

    def get_paginator(self, name: str) -> SimpleNamespace:
        assert name == "list_objects_v2"
        return SimpleNamespace(paginate=self._list)

    def _list(self, *, Bucket: str, Prefix: str, Delimiter: str) -> list[dict[str, Any]]:  # noqa: N803
        assert (Bucket, Delimiter) == ("records", "/")
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": self.error}}, "ListObjectsV2")
        keys = [key for key in self.objects if key.startswith(Prefix)]
        return [{"Contents": [{"Key": key}]} for key in keys] or [{}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803, ARG002
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": self.error or "NoSuchKey", "Message": "none"}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps(self.objects[Key]).encode())}

    def put_object(self, **request: Any) -> None:
        self.written[request["Key"]] = request


def record(identifier: str, execution: str, *stacks: str) -> dict[str, Any]:
    return {"commit": identifier, "title": "T", "execution": execution, "templates": dict.fromkeys(stacks, "hash")}


RECORDS = {
    "prod/2026-11-01T090000Z-1.json": record(OTHER, "1", "yawl-prod-network", "yawl-prod-cache"),
    "prod/2026-11-02T090000Z-2.json": record(OLD, "2", "yawl-prod-network", "yawl-prod-cache"),
    "prod/2026-11-01T100000Z-1.json": record(OTHER, "1", "yawl-prod-eu-west-1-network"),
    "staging/2026-11-02T080000Z-2.json": record(OLD, "2", "yawl-staging-network"),
    "staging/2026-11-03T080000Z-3.json": record(MIDDLE, "3", "yawl-staging-network"),
    "staging/2026-11-04T080000Z-4.json": record(NEW, "4", "yawl-staging-network"),
    "change-reviews/staging/3.json": {"stacks": changes_of(review_of(NETWORK))},
    "change-reviews/staging/4.json": {"stacks": changes_of(review_of(APPLICATION))},
}


def records(objects: Mapping[str, Any] = RECORDS, *, error: str = "") -> ReleaseRecords:
    return ReleaseRecords(client=Bucket(objects, error=error), bucket="records", reviews="change-reviews")


class TestRecords:
    """What runs is on record."""

    def test_each_region_runs_what_was_last_deployed_to_its_stacks(self) -> None:
        home, further = {"yawl-prod-network", "yawl-prod-cache"}, {"yawl-prod-eu-west-1-network"}
        found = records().running("prod", [home, further, {"yawl-prod-us-west-2-network"}])
        assert [one.commit if one else None for one in found] == [OLD, OTHER, None]

    def test_environment_received_what_came_after_the_commit_that_is_replaced(self) -> None:
        assert records().since("staging", OLD) == (("4", "3"), True)
        assert records().since("staging", OTHER) == (("4", "3", "2"), False)
        assert records().since("dev", OLD) == ((), False)

    def test_review_that_was_not_stored_is_none_and_one_that_may_not_be_read_an_error(self) -> None:
        assert records().review("staging", "2") is None
        with pytest.raises(UserError, match=r"the release records in records cannot be read: .*AccessDenied"):
            records({}, error="AccessDenied").review("staging", "2")
        with pytest.raises(UserError, match=r"AccessDenied"):
            records({}, error="AccessDenied").running("prod", [{"yawl-prod-network"}])


class TestRun:
    """A review of the pipeline gathers everything from what it may read."""

    @pytest.fixture
    def bucket(self) -> Bucket:
        return Bucket(RECORDS)

    @pytest.fixture
    def run(self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> PipelineRun:
        revision = {
            "revisionSummary": json.dumps({"ProviderType": "GitHub", "CommitMessage": "New\x07 title\n\nbody"}),
            "revisionUrl": f"https://example.com/redirect?Commit={NEW}",
        }
        states = [
            {"stageName": name, "latestExecution": {"pipelineExecutionId": "x", "status": "Failed"}}
            for name in ("Dev", "ProdApproval", "Prod", "ProdWave2")
        ]

        def get_pipeline_execution(**_: object) -> dict[str, Any]:
            return {"pipelineExecution": {"artifactRevisions": [revision]}}

        def get_pipeline_state(**_: object) -> dict[str, Any]:
            return {"stageStates": states}

        def client(service: str, **_: object) -> object:
            return bucket if service == "s3" else pipeline

        pipeline = SimpleNamespace(get_pipeline_execution=get_pipeline_execution, get_pipeline_state=get_pipeline_state)
        monkeypatch.setattr("boto3.client", client)
        return PipelineRun(
            commit=NEW,
            pipeline="yawl-delivery",
            execution="4",
            publish_to="records/change-reviews",
            later_stages=("ProdApproval", "Prod", "ProdWave2"),
        )

    def test_it_knows_from_to_between_and_what_was_exercised(self, run: PipelineRun, tmp_path: Path) -> None:
        commits = [commit(NEW, MIDDLE), commit(MIDDLE, OLD), commit(OLD)]
        entries = [[one.id, list(one.parents), one.author, one.date, one.title] for one in commits]
        (tmp_path / history.FILE).write_text(json.dumps({"commits": entries, "acceptances": {}, "missing": ""}))
        found = release.read(EVERYTHING, run, assembly=tmp_path, earlier=["dev", "staging"])
        assert found.runs() == "aaaaaaaaaaaa “T” (2 commits to add)"
        assert found.title == "New title"
        assert found.address(OLD) == f"https://example.com/redirect?Commit={OLD}"
        assert found.failed == ("Prod", "ProdWave2")
        dev, staging = found.earlier
        assert (dev.releases, dev.is_complete, staging.releases, staging.is_complete) == (1, False, 2, True)
        [vpc] = [risk for risk in risks(EVERYTHING, earlier=found.earlier) if risk.subject.startswith("Vpc")]
        assert vpc.untested == ("dev",)

    def test_what_cannot_be_read_stops_no_release(self, run: PipelineRun, bucket: Bucket, tmp_path: Path) -> None:
        bucket.error = "AccessDenied"
        found = release.read(EVERYTHING, run, assembly=tmp_path, earlier=["dev", "staging"])
        assert found.runs() == "not known: see the review"
        assert "AccessDenied" in found.not_known

    def test_it_is_stored_with_a_checksum_beside_the_records(self, run: PipelineRun, bucket: Bucket) -> None:
        address = run.publish("prod", {".html": "<p>", ".json": "{}"})
        assert address == (
            "https://console.aws.amazon.com/s3/object/records?region=us-east-1&prefix=change-reviews/prod/4.html"
        )
        assert {key: request["ContentType"] for key, request in bucket.written.items()} == {
            "change-reviews/prod/4.html": "text/html; charset=utf-8",
            "change-reviews/prod/4.json": "application/json",
        }
        assert {request["ChecksumAlgorithm"] for request in bucket.written.values()} == {"SHA256"}

"""The change review's report: losses, broadened permissions, counts, and accepted changes."""

import copy
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cloud_assembly import Stack, UserError
from jobs.change_review.accepted_changes import entry_for, read_acceptances
from jobs.change_review.approval.page import as_html
from jobs.change_review.costs import cost_change
from jobs.change_review.differences import Comparer, Difference
from jobs.change_review.findings import Acceptance, Finding, mark_accepted
from jobs.change_review.permissions import broadened
from jobs.change_review.pipeline_run import PipelineRun
from jobs.change_review.refused_updates import refused_updates
from jobs.change_review.report import as_text
from jobs.change_review.review import Review, StackReview
from jobs.change_review.stateful import losses
from tests.upgrades import STATEFUL as STATEFUL_LOGICAL_IDS

if TYPE_CHECKING:
    from aws_cdk.assertions import Template

COMPARER = Comparer()
ROLE: dict[str, Any] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
DATABASE: dict[str, Any] = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "DBInstanceIdentifier": "one",
        "Engine": "postgres",
        "AllocatedStorage": "20",
        "DBInstanceClass": "db.t3.small",
        "StorageType": "gp3",
    },
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
}


def execution(identifier: str, status: str = "InProgress") -> dict[str, str]:
    return {"pipelineExecutionId": identifier, "status": status}


@pytest.fixture(scope="module", autouse=True)
def comparing() -> Generator[None, None, None]:
    """Compare all templates of this file in one process."""
    with COMPARER:
        yield


def policy(*actions: str, effect: str = "Allow") -> dict[str, Any]:
    statement = {"Effect": effect, "Action": list(actions), "Resource": "arn:aws:s3:::mine/*"}
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "one", "Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": [statement]}},
    }


def ingress(port: int, peer: str = "10.0.0.0/16") -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {"GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": peer},
    }


def changed(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**copy.deepcopy(resource), "Properties": {**resource["Properties"], **properties}}


def difference(before: dict[str, Any], after: dict[str, Any]) -> Difference:
    [found] = COMPARER.compare([({"Resources": before}, {"Resources": after})])
    return found


def lost(before: dict[str, Any], after: dict[str, Any]) -> list[Finding]:
    return list(losses("yawl-prod-database", difference(before, after)))


def test_equal_templates_change_nothing() -> None:
    found = difference({"One": DATABASE}, {"One": DATABASE})
    assert found.nothing
    assert not list(losses("stack", found))


def test_cdk_metadata_is_not_a_change() -> None:
    rules: dict[str, Any] = {"CheckBootstrapVersion": {"Assertions": []}}
    [found] = COMPARER.compare([({"Resources": {}}, {"Resources": {}, "Rules": rules})])
    assert found.nothing


def test_replaced_database_names_resource_property_and_reason() -> None:
    [finding] = lost({"Database": DATABASE}, {"Database": changed(DATABASE, DBInstanceIdentifier="two")})
    assert finding.subject == "Database"
    assert finding.title == (
        "Database (AWS::RDS::DBInstance) would be replaced, because DBInstanceIdentifier changes; this loses its data"
    )


def test_retained_resource_leaving_its_stack_is_a_loss() -> None:
    [finding] = lost({"Database": DATABASE}, {})
    assert "retained but no longer belong to a stack" in finding.title
    [finding] = lost({"Database": {**DATABASE, "DeletionPolicy": "Delete"}}, {})
    assert "would be deleted" in finding.title


def test_changed_type_is_a_loss() -> None:
    [finding] = lost({"One": DATABASE}, {"One": {"Type": "AWS::SNS::Topic"}})
    assert finding.subject == "One"


@pytest.mark.parametrize("change", [{"AllocatedStorage": "40"}, {"BackupRetentionPeriod": 14}, {"MultiAZ": True}])
def test_in_place_update_is_not_a_loss(change: dict[str, Any]) -> None:
    assert not lost({"Database": DATABASE}, {"Database": changed(DATABASE, **change)})


def test_stateless_resource_may_be_replaced() -> None:
    assert not lost({"Rule": ingress(80)}, {"Rule": ingress(81)})


def test_replacement_propagates_to_references() -> None:
    """A security group is not stateful, but a database that moves to another network is."""
    subnets = {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {"DBSubnetGroupName": "a", "SubnetIds": ["x"]}}
    database = changed(DATABASE, DBSubnetGroupName={"Ref": "Subnets"})
    before = {"Subnets": subnets, "Database": database}
    after = {"Subnets": changed(subnets, DBSubnetGroupName="b"), "Database": database}
    [finding] = lost(before, after)
    assert finding.subject == "Database"
    assert "DBSubnetGroupName" in finding.title


def test_every_stateful_resource_of_an_environment_is_guarded(
    template: "Callable[[str, str], Template]",
) -> None:
    """The golden list of logical ids and the guard must agree."""
    for part, ids in STATEFUL_LOGICAL_IDS.items():
        before = dict(template("prod", part).to_json())
        kept = {name: item for name, item in before["Resources"].items() if name not in ids}
        [found] = COMPARER.compare([(before, {**before, "Resources": kept})])
        guarded = {finding.subject for finding in losses(f"yawl-prod-{part}", found)}
        # These hold nothing themselves; the review names what is in them.
        assert guarded == {name for name, kind in ids.items() if not kind.endswith(("::Subnet", "::SubnetGroup"))}, part


def test_new_action_broadens_permissions() -> None:
    found = difference({"Role": ROLE, "P": policy("s3:GetObject")}, {"Role": ROLE, "P": policy("s3:*")})
    [finding] = broadened("yawl-prod-application", found)
    assert finding.subject == "permissions"
    assert "+ Allow s3:* on arn:aws:s3:::mine/* by AWS:${Role}" in finding.details


def test_opened_port_broadens_permissions() -> None:
    [finding] = broadened("s", difference({"A": ingress(443)}, {"A": ingress(443), "B": ingress(22, "0.0.0.0/0")}))
    assert finding.details == ("+ ingress tcp port 22 of sg-1, peer 0.0.0.0/0",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"Role": ROLE, "P": policy("s3:GetObject")}, {"Role": ROLE}),
        ({"A": ingress(443), "B": ingress(22)}, {"A": ingress(443)}),
        ({"Role": ROLE}, {"Role": ROLE, "P": policy("s3:GetObject", effect="Deny")}),
    ],
)
def test_removal_does_not_broaden_permissions(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert not list(broadened("s", difference(before, after)))


def review_of(before: dict[str, Any], after: dict[str, Any], **more: Any) -> Review:
    found = difference(before, after)
    stack = StackReview(name="yawl-prod-database", account="4", region="us-east-1", is_new=not before, difference=found)
    findings = (*losses(stack.name, found), *broadened(stack.name, found))
    released = Stack(
        name=stack.name,
        account="4",
        region=more.get("region", stack.region),
        template={"Resources": after},
    )
    return Review(
        environment="prod",
        stacks=(stack,),
        findings=findings,
        orphaned_stacks=more.get("orphaned_stacks", ()),
        cost=cost_change("prod", [released], [{"Resources": before} if before else None]),
        is_first=not before,
    )


def test_summary_is_one_line_of_numbers() -> None:
    review = review_of(
        {"Database": DATABASE, "Old": ingress(1)}, {"Database": changed(DATABASE, MultiAZ=True), "New": ingress(1)}
    )
    assert review.summary() == (
        "prod: resources 1 added, 1 changed, 1 removed, in 1 of 1 stacks; "
        "no stateful resources lost; no permissions broadened; monthly cost +$28.58, from $28.58 to $57.16"
    )
    assert review_of({"D": DATABASE}, {"D": DATABASE}).summary() == "prod: nothing changes"
    assert review_of({}, {"D": DATABASE}).summary() == (
        "prod (first deployment): resources 1 added, in 1 of 1 stacks; no stateful resources lost; "
        "monthly cost +$28.58, from $0.00 to $28.58"
    )


def test_stack_that_is_left_behind_is_a_change() -> None:
    same = review_of({"D": DATABASE}, {"D": DATABASE}, orphaned_stacks=("yawl-prod-former (4, us-east-1)",))
    assert not same.nothing
    assert same.summary() == (
        "prod: resources none, in 0 of 1 stacks; 1 stack left behind; no stateful resources lost; no permissions "
        "broadened; monthly cost ±$0.00, from $28.58 to $28.58"
    )


def accepted_in(folder: Path, text: str) -> Path:
    file = folder / "delivery.toml"
    file.write_text(f"[environments.prod]\naccount = '1'\n{text}")
    return file


def test_printed_acceptance_covers_only_this_change(tmp_path: Path) -> None:
    before = {"Database": DATABASE}
    [finding] = lost(before, {"Database": changed(DATABASE, DBInstanceIdentifier="two")})
    entry = entry_for(finding, "prod").replace("…", "restored from the snapshot of today")
    acceptances = read_acceptances(accepted_in(tmp_path, entry), "prod")
    assert mark_accepted(finding, acceptances).accepted == "restored from the snapshot of today"
    [other] = lost(before, {"Database": changed(DATABASE, DBInstanceIdentifier="three")})
    assert mark_accepted(other, acceptances).accepted is None


def test_acceptance_for_another_environment_is_ignored(tmp_path: Path) -> None:
    [finding] = lost({"Database": DATABASE}, {})
    entry = entry_for(finding, "prod").replace("…", "because it is meant")
    file = accepted_in(tmp_path, entry + "\n[environments.dev]\naccount = '2'\n")
    assert mark_accepted(finding, read_acceptances(file, "dev")).accepted is None


def test_uncomparable_templates_are_an_error() -> None:
    with Comparer() as comparer:
        for _ in range(2):  # the second finds the process gone
            with pytest.raises(UserError, match=r"the templates cannot be compared: .*Error"):
                comparer.compare(
                    [({"Resources": {}}, {"Resources": {"P": changed(policy(), PolicyDocument={"Statement": [1]})}})]
                )


def test_missing_node_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="node is not on the PATH"), Comparer():
        pass


def test_unreadable_settings_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_acceptances(tmp_path / "none.toml", "prod")
    (tmp_path / "latin-1.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(UserError, match="is not UTF-8"):
        read_acceptances(tmp_path / "latin-1.toml", "prod")
    with pytest.raises(UserError, match="lacks 'staging'"):
        read_acceptances(accepted_in(tmp_path, ""), "staging")


def test_every_form_of_the_report_names_what_stops_and_how_to_accept_it() -> None:
    review = review_of({"Database": DATABASE}, {}, orphaned_stacks=("yawl-prod-former",))
    for text in (as_text(review), as_html(review, None)):
        assert "STOPPED before any deployment" in text
        assert "Database (AWS::RDS::DBInstance)" in text
        assert f"[environments.prod.accepted_changes.{review.findings[0].change}]" in text
        assert "yawl-prod-former" in text


def test_every_form_of_the_report_tells_the_cost_and_what_makes_it() -> None:
    review = review_of({"Database": DATABASE}, {"Database": changed(DATABASE, AllocatedStorage="120")})
    for text in (as_text(review), as_html(review, None)):
        assert "onthly cost +$11.50, from $28.58 to $40.08" in text
        assert "+$11.50  yawl-prod-database: Database, storage gp3" in text
    same = review_of({"Database": DATABASE}, {"Database": DATABASE})
    assert "onthly cost" not in as_text(same) + as_html(same, None)


def test_approval_is_required_while_another_release_is_in_progress() -> None:
    """The approval is skipped only for one exact line; another release may still change the result."""
    same = replace(review_of({"D": DATABASE}, {"D": DATABASE}), others_in_progress=("0123456789abcdef",))
    assert same.summary() == "prod: nothing changes; compared while execution 01234567 was still in progress"


def test_summary_that_is_cut_keeps_the_warning() -> None:
    review = replace(review_of({"D": DATABASE}, {}), others_in_progress=("0123456789abcdef", "fedcba9876543210"))
    whole = review.summary()
    cut = review.summary(most=120)
    assert (len(whole) > 120, len(cut)) == (True, 120)
    assert cut.endswith("…; compared while execution 01234567, fedcba98 was still in progress")
    assert review.summary(most=len(whole)) == whole


@pytest.mark.parametrize(
    ("stage", "under_way"),
    [
        ({"stageName": "ProdApproval", "latestExecution": execution("another")}, ("another",)),
        ({"stageName": "Prod", "latestExecution": execution("another")}, ("another",)),
        ({"stageName": "Prod", "inboundExecution": execution("another")}, ("another",)),
        ({"stageName": "Prod", "inboundExecutions": [execution("another")]}, ("another",)),
        ({"stageName": "Prod", "latestExecution": execution("another", "Succeeded")}, ()),
        ({"stageName": "Prod", "latestExecution": execution("another", "Failed")}, ()),
        ({"stageName": "Prod", "latestExecution": execution("own")}, ()),
        ({"stageName": "ProdReview", "inboundExecution": execution("another")}, ()),
        ({"stageName": "Dev", "latestExecution": execution("another")}, ()),
        ({"stageName": "Prod"}, ()),
    ],
    ids=[
        *("waits for approval", "deploys", "waits for the stage", "several wait", "has deployed", "has failed"),
        *("is this one", "is behind", "is elsewhere", "has never been"),
    ],
)
def test_release_in_progress_that_was_reviewed_before(
    stage: dict[str, Any], under_way: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(*, name: str) -> dict[str, Any]:
        return {"pipelineName": name, "stageStates": [stage]}

    def client(service: str, **_: object) -> SimpleNamespace:
        assert service == "codepipeline"
        return SimpleNamespace(get_pipeline_state=state)

    monkeypatch.setattr("boto3.client", client)
    variables = {"COMMIT": "c0ffee", "PIPELINE": "yawl-delivery", "EXECUTION": "own", "PUBLISH_TO": "bucket/reviews"}
    run = PipelineRun.read({**variables, "LATER_STAGES": "ProdApproval Prod"})
    assert run is not None
    assert run.others_in_progress() == under_way


def test_missing_price_is_reported_without_stopping() -> None:
    dear = changed(DATABASE, DBInstanceClass="db.x2g.large")
    review = review_of({"Database": DATABASE}, {"Database": dear, "Key": {"Type": "AWS::KMS::Key"}})
    assert "monthly cost at least $3.30 without db.x2g.large, one zone" in review.summary()
    assert "Monthly cost from $28.58 to at least $3.30 (no prices in us-east-1 for db.x2g.large, " in as_text(review)
    assert "    no price  yawl-prod-database: Database, db.x2g.large, " in as_text(review)
    elsewhere = review_of({}, {"Database": DATABASE}, region="eu-west-1")
    assert not elsewhere.stopping
    assert "no prices in eu-west-1 for db." in as_html(elsewhere, None)


def test_page_escapes_what_a_template_says() -> None:
    before = {"Database": changed(DATABASE, DBInstanceIdentifier="<script>alert(1)</script>")}
    page = as_html(review_of(before, {"Database": DATABASE}), None)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"AllocatedStorage": "100"}, {"AllocatedStorage": "50"}, "would shrink from 100 to 50 GiB"),
        ({"AllocatedStorage": "100"}, {"AllocatedStorage": "105"}, "requires at least 10 %"),
        ({"EngineVersion": "15.15"}, {"EngineVersion": "15.14"}, "would be downgraded from 15.15 to 15.14"),
        ({"EngineVersion": "15.15"}, {"EngineVersion": "16.11"}, "without AllowMajorVersionUpgrade"),
    ],
)
def test_update_that_aws_rejects_cannot_be_accepted(before: dict[str, str], after: dict[str, str], reason: str) -> None:
    [finding] = refused_updates(
        "stack", difference({"Database": changed(DATABASE, **before)}, {"Database": changed(DATABASE, **after)})
    )
    assert reason in finding.title
    acceptance = Acceptance(stack="stack", subject="Database", change=finding.change, reason="meant")
    assert mark_accepted(finding, [acceptance]).accepted is None
    review = review_of({"Database": changed(DATABASE, **before)}, {"Database": changed(DATABASE, **after)})
    review = replace(review, findings=(finding,))
    assert "1 update that AWS would reject" in review.summary()
    for text in (as_text(review), as_html(review, None)):
        assert "change the release" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"AllocatedStorage": "100"}, {"AllocatedStorage": "110"}),
        ({"EngineVersion": "15.14"}, {"EngineVersion": "15.15"}),
        ({"EngineVersion": "15.15"}, {"EngineVersion": "16.11", "AllowMajorVersionUpgrade": True}),
        ({"AllocatedStorage": {"Ref": "Size"}}, {"AllocatedStorage": "20"}),
    ],
)
def test_allowed_update_is_not_a_finding(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = difference({"Database": changed(DATABASE, **before)}, {"Database": changed(DATABASE, **after)})
    assert not list(refused_updates("stack", found))

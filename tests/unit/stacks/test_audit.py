"""What is written down of every account, once for each of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from aws_cdk.assertions import Match, Template

from settings import AuditSettings, AuditShare, Settings
from tests.unit.one_environment import a_context
from tests.unit.other_settings import ELSEWHERE, FURTHER_REGIONS, Synthesized, only, skip_with_example_only, synthesize

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

Templates: TypeAlias = Callable[[str, str], Template]

TRAIL = "AWS::CloudTrail::Trail"
DETECTOR = "AWS::GuardDuty::Detector"
RECORDER = "AWS::Config::ConfigurationRecorder"
CHANNEL = "AWS::Config::DeliveryChannel"
ONCE_A_REGION = (DETECTOR, RECORDER, CHANNEL)

ACCOUNTS = {"dev": "222222222222", "staging": "333333333333", "prod": "444444444444"}


def places(folder: Path, kind: str) -> list[tuple[str, str, str]]:
    """Return stack, account and region of every resource of a type in an assembly."""
    found: list[tuple[str, str, str]] = []
    for manifest in sorted(folder.rglob("manifest.json")):
        for artifact in json.loads(manifest.read_text())["artifacts"].values():
            if artifact["type"] != "aws:cloudformation:stack":
                continue
            template = json.loads((manifest.parent / artifact["properties"]["templateFile"]).read_text())
            _, _, account, region = artifact["environment"].split("/")
            name = artifact.get("properties", {}).get("stackName") or artifact["displayName"]
            found += [(name, account, region) for one in template["Resources"].values() if one["Type"] == kind]
    return sorted(found)


def test_each_account_has_one_trail(assembly: "CloudAssembly") -> None:
    assert places(Path(assembly.directory), TRAIL) == [
        ("yawl-delivery", "111111111111", "us-east-1"),
        *sorted((f"yawl-{name}-audit", account, "us-east-1") for name, account in ACCOUNTS.items()),
    ]


def test_optional_services_are_off_by_default(assembly: "CloudAssembly") -> None:
    assert [places(Path(assembly.directory), kind) for kind in ONCE_A_REGION] == [[], [], []]


@pytest.mark.parametrize("environment", ACCOUNTS)
def test_trail_covers_all_regions_with_validation(template: Templates, environment: str) -> None:
    audit = template(environment, "audit")
    audit.has_resource_properties(
        TRAIL,
        {
            "TrailName": f"yawl-{environment}",
            "IsLogging": True,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "EnableLogFileValidation": True,
            "KMSKeyId": Match.any_value(),
            "CloudWatchLogsLogGroupArn": Match.any_value(),
        },
    )


def bucket_of_the_trail(audit: Template) -> tuple[str, dict[str, Any]]:
    [trail] = audit.find_resources(TRAIL).values()
    name = trail["Properties"]["S3BucketName"]["Ref"]
    return name, dict(audit.find_resources("AWS::S3::Bucket")[name])


@pytest.mark.parametrize("environment", ACCOUNTS)
def test_trail_logs_are_retained(template: Templates, environment: str) -> None:
    _, bucket = bucket_of_the_trail(template(environment, "audit"))
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    properties = bucket["Properties"]
    assert properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 400}
    assert properties["ObjectLockEnabled"] is True
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    [encryption] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert properties["LoggingConfiguration"]["LogFilePrefix"] == "trail/"
    [rule] = properties["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 400, "as long as it is locked, nothing can be removed"


def test_key_and_access_logs_are_retained(template: Templates) -> None:
    for kind in ("AWS::KMS::Key", "AWS::S3::Bucket"):
        for one in template("dev", "audit").find_resources(kind).values():
            assert one["DeletionPolicy"] == "RetainExceptOnCreate"


def test_object_lock_cannot_be_bypassed_and_only_cloudtrail_writes(template: Templates) -> None:
    audit = template("prod", "audit")
    name, _ = bucket_of_the_trail(audit)
    [policy] = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for one in audit.find_resources("AWS::S3::BucketPolicy").values()
        if one["Properties"]["Bucket"] == {"Ref": name}
    ]
    refusals = [statement for statement in policy if statement["Effect"] == "Deny"]
    assert {json.dumps(statement["Action"]) for statement in refusals} == {'"s3:*"', '"s3:BypassGovernanceRetention"'}
    assert any("aws:SecureTransport" in json.dumps(statement) for statement in refusals)
    [keep] = [one for one in refusals if one["Action"] == "s3:BypassGovernanceRetention"]
    assert keep["Resource"] == {"Fn::Join": ["", [{"Fn::GetAtt": [name, "Arn"]}, "/*"]]}
    allowed = [statement for statement in policy if statement["Effect"] == "Allow"]
    assert sorted(statement["Action"] for statement in allowed) == ["s3:GetBucketAcl", "s3:PutObject"]
    trail = "arn:aws:cloudtrail:us-east-1:444444444444:trail/yawl-prod"
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert statement["Condition"]["StringEquals"]["aws:SourceArn"] == trail


def test_trail_depends_on_its_bucket_policy(template: Templates) -> None:
    audit = template("prod", "audit")
    [trail] = audit.find_resources(TRAIL).values()
    waits = {audit.to_json()["Resources"][name]["Type"] for name in trail["DependsOn"]}
    assert {"AWS::S3::BucketPolicy", "AWS::IAM::Policy"} <= waits


def test_organization_trail_replaces_it(small_app: Synthesized) -> None:
    assert places(small_app.folder, TRAIL) == []
    assert not list(small_app.folder.rglob("*audit*.template.json"))


@pytest.fixture(scope="module")
def in_the_pipelines_account(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Put dev into the pipeline's account, which keeps a month."""
    skip_with_example_only(request)
    month = AuditSettings(trail_retention_days=30)
    beside = only(settings, "dev", account=settings.pipeline.account).model_copy(update={"audit": month})
    return synthesize(beside, tmp_path_factory.mktemp("beside")).folder


def test_environment_in_the_pipelines_account_has_its_trail(in_the_pipelines_account: Path) -> None:
    assert places(in_the_pipelines_account, TRAIL) == [("yawl-dev-audit", "111111111111", "us-east-1")]


def test_retention_is_a_setting(in_the_pipelines_account: Path) -> None:
    [file] = in_the_pipelines_account.rglob("*Devaudit*.template.json")
    _, bucket = bucket_of_the_trail(Template.from_json(json.loads(file.read_text())))
    assert bucket["Properties"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"] == 30


@pytest.fixture(scope="module")
def everything(app_elsewhere: Synthesized) -> Path:
    """All of it: dev and prod in one account, prod in further regions as well."""
    return app_elsewhere.folder


@pytest.mark.parametrize("kind", ONCE_A_REGION)
def test_each_region_of_an_account_is_watched_once(everything: Path, kind: str) -> None:
    assert places(everything, kind) == [
        ("yawl-delivery", "111111111111", ELSEWHERE),
        ("yawl-dev-audit", "444444444444", ELSEWHERE),
        *sorted((f"yawl-prod-{region}-audit", "444444444444", region) for region in FURTHER_REGIONS),
    ]


def test_account_of_several_environments_and_regions_has_one_trail_in_the_first(everything: Path) -> None:
    assert places(everything, TRAIL) == [
        ("yawl-delivery", "111111111111", ELSEWHERE),
        ("yawl-dev-audit", "444444444444", ELSEWHERE),
    ]


def one_of(folder: Path, stack: str, kind: str) -> dict[str, Any]:
    [file] = folder.rglob(f"{stack}*.template.json")
    [found] = [one for one in json.loads(file.read_text())["Resources"].values() if one["Type"] == kind]
    return found["Properties"]


def test_global_resources_are_recorded_once(everything: Path) -> None:
    first = one_of(everything, "yawldeliveryDevaudit", RECORDER)
    second = one_of(everything, "yawldeliveryProdeucentral1audit", RECORDER)
    assert first["RecordingGroup"] == {"AllSupported": True, "IncludeGlobalResourceTypes": True}
    assert second["RecordingGroup"] == {"AllSupported": True, "IncludeGlobalResourceTypes": False}


def test_aws_config_has_a_bucket_that_is_not_locked(everything: Path) -> None:
    [file] = everything.rglob("yawldeliveryDevaudit*.template.json")
    resources = json.loads(file.read_text())["Resources"]
    [channel] = [one["Properties"] for one in resources.values() if one["Type"] == CHANNEL]
    bucket = resources[channel["S3BucketName"]["Ref"]]
    assert "ObjectLockEnabled" not in bucket["Properties"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert "Arn" in json.dumps(channel["S3KmsKeyArn"])


def test_guardduty_alone_needs_neither_key_nor_bucket() -> None:
    from aws_cdk import App

    from stacks.audit_stack import Audit

    share = AuditShare(settings=AuditSettings(trail=False, guardduty=True), first_in_account=True, first_in_region=True)
    stack = Audit(
        App(),
        context=a_context(),
        share=share,
    )
    types = {one["Type"] for one in Template.from_stack(stack).to_json()["Resources"].values()}
    assert types == {DETECTOR}

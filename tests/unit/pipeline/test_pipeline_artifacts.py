"""The buckets of the pipeline's artifacts, in its own region and in the others."""

import json
from typing import Any

import pytest
from aws_cdk.assertions import Template

from tests.unit.other_settings import ELSEWHERE, FURTHER_REGIONS, Synthesized
from tests.unit.pipeline_definition import Pipeline

Json = dict[str, Any]
REGION = next(iter(FURTHER_REGIONS))


def replica(app: Synthesized) -> Json:
    """Read the stack of the artifacts for the second wave."""
    return app.template(f"yawl-delivery-{REGION}")


@pytest.fixture(scope="module", params=["at home", "in another region"])
def store(request: pytest.FixtureRequest, pipeline_template: Template, app_elsewhere: Synthesized) -> Pipeline:
    """Read the stack that holds the artifacts."""
    template = pipeline_template.to_json() if request.param == "at home" else replica(app_elsewhere)
    # The pipeline's stack contains more than artifacts.
    others = ("Audit", "ReleaseRecords")
    return Pipeline({name: one for name, one in template["Resources"].items() if not name.startswith(others)})


@pytest.fixture(scope="module")
def bucket(store: Pipeline) -> Json:
    """Find the artifacts' bucket, which logs its access to another one."""
    [found] = [bucket for bucket in store.of_type("AWS::S3::Bucket") if "LoggingConfiguration" in bucket]
    return found


def test_artifacts_expire(bucket: Json) -> None:
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["ExpirationInDays"], rule["AbortIncompleteMultipartUpload"]) == (90, {"DaysAfterInitiation": 1})


def test_artifacts_are_encrypted_with_a_key_that_rotates(store: Pipeline, bucket: Json) -> None:
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    [key] = store.of_type("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True


def test_access_is_logged_and_the_log_expires(store: Pipeline, bucket: Json) -> None:
    log = store.resources[bucket["LoggingConfiguration"]["DestinationBucketName"]["Ref"]]["Properties"]
    [rule] = log["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 90


def test_nothing_is_public(store: Pipeline) -> None:
    blocked = [bucket["PublicAccessBlockConfiguration"] for bucket in store.of_type("AWS::S3::Bucket")]
    assert len(blocked) == 2
    assert all(list(configuration.values()) == [True] * 4 for configuration in blocked)


@pytest.mark.parametrize("condition", ['{"Bool": {"aws:SecureTransport": "false"}}', '{"s3:TlsVersion": 1.2}'])
def test_buckets_require_current_tls(condition: str, store: Pipeline) -> None:
    policies = store.of_type("AWS::S3::BucketPolicy")
    assert len(policies) == 2
    assert all(condition in json.dumps(policy) for policy in policies)


def test_delivered_artifacts_survive_the_stack(store: Pipeline) -> None:
    kept = {
        resource["DeletionPolicy"]
        for resource in store.resources.values()
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::KMS::Key")
    }
    assert kept == {"RetainExceptOnCreate"}


def test_pipeline_uses_its_regions_bucket(pipeline_template: Template) -> None:
    pipeline = Pipeline(pipeline_template.to_json()["Resources"])
    assert [store["Region"] for store in pipeline.definition["ArtifactStores"]] == ["us-east-1", "us-west-2"]


def test_artifacts_are_copied_to_the_environments_region(app_elsewhere: Synthesized) -> None:
    pipeline = app_elsewhere.pipeline
    stores = {store["Region"]: store["ArtifactStore"]["Location"] for store in pipeline.definition["ArtifactStores"]}
    [there] = [
        bucket["BucketName"]
        for bucket in Pipeline(replica(app_elsewhere)["Resources"]).of_type("AWS::S3::Bucket")
        if "BucketName" in bucket
    ]
    assert stores[REGION] == there
    regions = {action["Name"]: action.get("Region") for action in pipeline.stages[f"Prod-{REGION}"]}
    firewall = [name for name in regions if "firewall" in name]
    assert [regions.pop(name) for name in firewall] == ["us-east-1"]
    assert set(regions.values()) == {None, REGION}
    assert {action.get("Region") for action in pipeline.stages["Prod"]} == {None, "us-east-1", "us-west-2"}


def test_other_regions_store_is_deployed_before_the_pipeline(app_elsewhere: Synthesized) -> None:
    manifest = json.loads((app_elsewhere.folder / "manifest.json").read_text())
    assert f"yawl-delivery-{REGION}" in manifest["artifacts"]["yawl-delivery"]["dependencies"]
    assert f"yawl-delivery-{ELSEWHERE}" not in manifest["artifacts"]

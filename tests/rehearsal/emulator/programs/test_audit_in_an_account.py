"""An account's audit, all of it, deployed and deleted again."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from settings import AuditSettings, AuditShare
from tests.rehearsal.emulator.conftest import Account
from tests.unit.one_environment import a_context


def audit(account: Account) -> dict[str, Any]:
    """Return the resources of the stack `audit` with everything switched on."""
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from stacks.audit_stack import Audit

    place = account.place
    stack = Audit(
        App(),
        context=a_context(place.account, place.region),
        share=AuditShare(
            settings=AuditSettings(guardduty=True, config=True), first_in_account=True, first_in_region=True
        ),
    )
    return dict(Template.from_stack(stack).to_json()["Resources"])


def one(found: dict[str, str], resources: dict[str, Any], kind: str, part: str = "") -> str:
    """Return the id of the one deployed resource of a type, whose name has the part."""
    [name] = [name for name, resource in resources.items() if resource["Type"] == kind and part in name]
    return found[name]


def test_audit_stack_deploys_and_its_logs_survive_it(account: Account) -> None:
    resources = audit(account)
    found = account.deploy(**resources)
    for kind in ("AWS::CloudTrail::Trail", "AWS::GuardDuty::Detector", "AWS::Config::ConfigurationRecorder"):
        assert one(found, resources, kind)
    bucket = one(found, resources, "AWS::S3::Bucket", "Trail")
    key = one(found, resources, "AWS::KMS::Key")
    s3 = account.client("s3")
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 400}
    s3.put_object(Bucket=bucket, Key="AWSLogs/one", Body=b"{}")
    version = s3.head_object(Bucket=bucket, Key="AWSLogs/one")["VersionId"]
    account.delete()
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="AWSLogs/one", VersionId=version)
    assert s3.get_object(Bucket=bucket, Key="AWSLogs/one")["Body"].read() == b"{}"
    assert account.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"

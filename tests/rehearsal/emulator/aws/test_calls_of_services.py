"""After a deployment, the emulator checks the calls that AWS's services would make against the policies."""

from typing import Any

import pytest

from rehearsal.engine.cloud import Cloud, Forbidden
from tests.rehearsal.emulator.conftest import Account, ref, resource

USE = ["kms:Decrypt", "kms:GenerateDataKey*"]


def statement(principal: dict[str, str], *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": list(actions), "Resource": "*"}


def stack(account: Account, *, key_allows: str) -> dict[str, dict[str, Any]]:
    """An alarm that publishes to a topic whose key lets this service use it."""
    owner = statement({"AWS": f"arn:aws:iam::{account.place.account}:root"}, "kms:*")
    key = {"Statement": [owner, statement({"Service": key_allows}, *USE)]}
    topic = {"Statement": [statement({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")]}
    metric = {"Namespace": "test", "MetricName": "test", "Period": 60, "Statistic": "Sum"}
    rule = {"Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
    return {
        "Key": resource("AWS::KMS::Key", KeyPolicy=key),
        "Topic": resource("AWS::SNS::Topic", KmsMasterKeyId={"Fn::GetAtt": ["Key", "Arn"]}),
        "Policy": resource("AWS::SNS::TopicPolicy", Topics=[ref("Topic")], PolicyDocument=topic),
        "Alarm": resource("AWS::CloudWatch::Alarm", AlarmActions=[ref("Topic")], **metric, **rule),
    }


def test_key_policy_that_denies_a_service_fails_the_deployment(cloud: Cloud, account: Account) -> None:
    account.deploy(**stack(account, key_allows="events.amazonaws.com"))
    with pytest.raises(Forbidden) as refused:
        cloud.check_service_calls("stack", account.place, "")
    first = str(refused.value).splitlines()[0]
    assert first.startswith("User: cloudwatch.amazonaws.com is not authorized to perform: kms:")
    assert f"on resource: arn:aws:kms:{account.place.region}:{account.place.account}:key/" in first
    assert "no resource-based policy allows the kms:" in first
    assert "for stack/Alarm; see CloudWatch User Guide" in first


def test_fixed_policy_applies_to_the_next_deployment(cloud: Cloud, account: Account) -> None:
    account.deploy(**stack(account, key_allows="events.amazonaws.com"))
    with pytest.raises(Forbidden):
        cloud.check_service_calls("stack", account.place, "")
    account.deploy(**stack(account, key_allows="cloudwatch.amazonaws.com"))
    before = cloud.permission_summary()["service_calls"]["evaluated"]
    cloud.check_service_calls("stack", account.place, "")
    assert cloud.permission_summary()["service_calls"]["evaluated"] >= before > 0


def test_missing_key_permission_of_the_deploying_role_is_reported(cloud: Cloud, account: Account) -> None:
    owner = statement({"AWS": f"arn:aws:iam::{account.place.account}:root"}, "kms:*")
    key = resource("AWS::KMS::Key", KeyPolicy={"Statement": [owner]})
    secret = resource("AWS::SecretsManager::Secret", KmsKeyId={"Fn::GetAtt": ["Key", "Arn"]}, GenerateSecretString={})
    account.deploy(Key=key, Secret=secret)
    cloud.check_service_calls("stack", account.place, "")
    nobody = f"arn:aws:iam::{account.place.account}:role/nobody"
    with pytest.raises(Forbidden, match=r"assumed-role/nobody\S* is not authorized to perform: kms:GenerateDataKey"):
        cloud.check_service_calls("stack", account.place, nobody)

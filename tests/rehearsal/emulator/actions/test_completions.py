"""The small completions of ministack: one fact each."""

import json
import re
from typing import Any

import pytest

from tests.rehearsal.emulator.conftest import ERRORS, HEALTH, Account, attribute, ref, resource, tags
from tests.rehearsal.emulator.library_functions import library_function


def test_template_in_another_accounts_bucket(account: Account, other_account: Account) -> None:
    name = f"templates-{account.place.account}"
    account.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": account.place.region}
    )
    body = json.dumps({"Resources": {"Topic": resource("AWS::SNS::Topic")}}).encode()
    account.client("s3").put_object(Bucket=name, Key="deep/template.json", Body=body)
    cloudformation = other_account.client("cloudformation")
    url = f"https://s3.{account.place.region}.amazonaws.com/{name}/deep/template.json"
    cloudformation.create_stack(StackName="stack", TemplateURL=url)
    assert other_account.settled() == "CREATE_COMPLETE"


def database(**changes: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Engine": "postgres",
        "DBInstanceClass": "db.t3.small",
        "AllocatedStorage": "20",
        "MasterUsername": "yawl",
        "ManageMasterUserPassword": True,
    }
    return resource("AWS::RDS::DBInstance", **properties | changes)


def test_managed_secret_survives_updates(account: Account) -> None:
    account.deploy(Database=database())
    arn = account.attribute("Database", "MasterUserSecret.SecretArn")
    secret = json.loads(account.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert secret["username"] == "yawl"
    account.deploy(Database=database(BackupRetentionPeriod=30))
    assert account.attribute("Database", "MasterUserSecret.SecretArn") == arn
    assert account.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == json.dumps(secret)
    [instance] = account.client("rds").describe_db_instances()["DBInstances"]
    assert instance["MasterUserSecret"] == {"SecretArn": arn, "SecretStatus": "active"}


def test_managed_secret_is_deleted_with_its_database(account: Account) -> None:
    account.deploy(Database=database())
    account.delete()
    assert account.client("secretsmanager").list_secrets()["SecretList"] == []


def test_database_can_start_to_manage_its_secret(account: Account) -> None:
    account.deploy(Database=database(ManageMasterUserPassword=False, MasterUserPassword="not a secret"))
    account.deploy(Database=database())
    assert account.attribute("Database", "MasterUserSecret.SecretArn").startswith("arn:aws:secretsmanager:")


def test_rotation_schedule_is_identified_by_its_secret(account: Account) -> None:
    def template(days: int) -> dict[str, dict[str, Any]]:
        rules = {"AutomaticallyAfterDays": days}
        return {
            "Secret": resource("AWS::SecretsManager::Secret", Name="token"),
            "Schedule": resource("AWS::SecretsManager::RotationSchedule", SecretId=ref("Secret"), RotationRules=rules),
        }

    secrets = account.client("secretsmanager")
    for days in (7, 30):
        account.deploy(**template(days))
        found = secrets.describe_secret(SecretId="token")
        assert (found["RotationEnabled"], found["RotationRules"]["AutomaticallyAfterDays"]) == (True, days)
    account.deploy(Secret=template(30)["Secret"])
    assert not secrets.describe_secret(SecretId="token")["RotationEnabled"]


@pytest.mark.parametrize(
    ("image", "digest"), [("engine:1", r"sha256:[0-9a-f]{64}"), (f"engine@sha256:{'0a' * 32}", f"sha256:{'0a' * 32}")]
)
def test_tasks_report_their_image_digest(image: str, digest: str, account: Account) -> None:
    ids = account.deploy(
        Cluster=resource("AWS::ECS::Cluster"),
        Task=resource(
            "AWS::ECS::TaskDefinition", Family="engine", ContainerDefinitions=[{"Name": "one", "Image": image}]
        ),
        Service=resource("AWS::ECS::Service", Cluster=ref("Cluster"), TaskDefinition=ref("Task"), DesiredCount=2),
    )
    ecs = account.client("ecs")
    tasks = ecs.describe_tasks(cluster=ids["Cluster"], tasks=ecs.list_tasks(cluster=ids["Cluster"])["taskArns"])
    [received] = {task["containers"][0]["imageDigest"] for task in tasks["tasks"]}
    assert re.fullmatch(digest, received)


def test_alarm_on_an_expression(account: Account) -> None:
    metrics = [{"Id": "rate", "Expression": "100 * errors / requests", "ReturnData": True}]
    alarm = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 2, "Threshold": 5}
    account.deploy(Alarm=resource("AWS::CloudWatch::Alarm", AlarmName="errors", Metrics=metrics, **alarm))
    [found] = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert (found["AlarmName"], found["StateValue"]) == ("errors", "INSUFFICIENT_DATA")


def test_injected_failure_rolls_back(account: Account) -> None:
    topic, failure = resource("AWS::SNS::Topic"), {"Type": "AWS::Rehearsal::Failure", "DependsOn": ["Topic"]}
    with pytest.raises(AssertionError, match="made to fail by --fail"):
        account.deploy(Topic=topic, Failure=failure)
    assert account.settled() == "ROLLBACK_COMPLETE"
    assert account.client("sns").list_topics()["Topics"] == []


def test_default_security_group_is_emptied(account: Account) -> None:
    template = {
        "Network": resource("AWS::EC2::VPC", CidrBlock="10.0.0.0/16"),
        "Emptied": resource(
            "Custom::VpcRestrictDefaultSG",
            ServiceToken=library_function(account, "Custom::VpcRestrictDefaultSG"),
            DefaultSecurityGroupId=attribute("Network", "DefaultSecurityGroup"),
        ),
    }
    network = account.deploy(**template)["Network"]
    groups = account.client("ec2").describe_security_groups()["SecurityGroups"]
    [group] = [item for item in groups if item["VpcId"] == network]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_bucket_is_emptied_before_it_is_deleted(account: Account) -> None:
    bucket, token = f"emptied-{account.place.account}", library_function(account, "Custom::S3AutoDeleteObjects")
    account.deploy(
        Bucket=resource("AWS::S3::Bucket", BucketName=bucket, Tags=tags(**{"aws-cdk:auto-delete-objects": "true"})),
        Emptied=resource("Custom::S3AutoDeleteObjects", ServiceToken=token, BucketName=ref("Bucket")),
    )
    account.client("s3").put_object(Bucket=bucket, Key="left", Body=b"over")
    account.delete()
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_custom_resource_makes_the_call_that_it_says(account: Account) -> None:
    bucket, token = f"called-{account.place.account}", library_function(account, "Custom::AWS")

    def call(body: str, action: str = "putObject") -> dict[str, Any]:
        parameters = {"Bucket": bucket, "Key": "static/check.txt", "Body": body, "ContentType": "text/plain"}
        output = json.dumps(
            {"service": "S3", "action": action, "parameters": parameters, "physicalResourceId": {"id": "check"}}
        )
        call = resource("Custom::AWS", ServiceToken=token, Create=output, Update=output)
        return {
            "Bucket": resource("AWS::S3::Bucket", BucketName=bucket),
            "Call": {**call, "DependsOn": ["Bucket"]},
        }

    for body in ("first", "second"):
        assert account.deploy(**call(body))["Call"] == "check"
        found = account.client("s3").get_object(Bucket=bucket, Key="static/check.txt")
        assert (found["Body"].read().decode(), found["ContentType"]) == (body, "text/plain")
    with pytest.raises(AssertionError, match="Unable to find command named: PutNothingCommand"):
        account.deploy(**call("third", "putNothing"))


def test_versioned_object_is_deleted_with_its_stack(account: Account) -> None:
    bucket, token = f"versioned-{account.place.account}", library_function(account, "Custom::AWS")
    where = {"Bucket": bucket, "Key": "static/check.txt"}

    def resources(body: str) -> dict[str, Any]:
        put = {"service": "S3", "action": "putObject", "parameters": {**where, "Body": body}}
        put_once = json.dumps({**put, "physicalResourceId": {"responsePath": "VersionId"}})
        version = {**where, "VersionId": "PHYSICAL:RESOURCEID:"}
        remove = json.dumps({"service": "S3", "action": "deleteObject", "parameters": version})
        call = resource("Custom::AWS", ServiceToken=token, Create=put_once, Update=put_once, Delete=remove)
        versioned = {"Status": "Enabled"}
        return {
            "Bucket": resource("AWS::S3::Bucket", BucketName=bucket, VersioningConfiguration=versioned),
            "Call": {**call, "DependsOn": ["Bucket"]},
        }

    for body in ("first", "second"):
        identifier = account.deploy(**resources(body))["Call"]
        [version] = account.client("s3").list_object_versions(Bucket=bucket)["Versions"]
        assert version["VersionId"] == identifier
    account.delete()


def generated(**rules: Any) -> dict[str, Any]:
    return resource("AWS::SecretsManager::Secret", GenerateSecretString=rules)


def test_secret_has_its_arn_and_survives_updates(account: Account) -> None:
    secrets = account.client("secretsmanager")
    before = account.deploy(Secret=generated(PasswordLength=20))["Secret"]
    assert before.startswith(f"arn:aws:secretsmanager:{account.place.region}:{account.place.account}:secret:")
    value = secrets.get_secret_value(SecretId=before)["SecretString"]
    described = generated(PasswordLength=20)
    described["Properties"]["Description"] = "of a test"
    assert account.deploy(Secret=described)["Secret"] == before
    assert secrets.get_secret_value(SecretId=before)["SecretString"] == value
    assert secrets.describe_secret(SecretId=before)["Description"] == "of a test"
    account.delete()
    assert secrets.list_secrets()["SecretList"] == []


def test_secret_generation_follows_all_rules(account: Account) -> None:
    template = {"SecretStringTemplate": '{"username": "yawl"}', "GenerateStringKey": "password"}
    ids = account.deploy(
        Plain=generated(PasswordLength=200, ExcludePunctuation=True, ExcludeLowercase=True),
        Member=generated(PasswordLength=40, ExcludePunctuation=True, **template),
    )
    values = {
        name: account.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        for name, arn in ids.items()
    }
    assert re.fullmatch("[0-9A-Z]{200}", values["Plain"])
    assert re.fullmatch("[0-9A-Za-z]{40}", json.loads(values["Member"])["password"])
    assert json.loads(values["Member"])["username"] == "yawl"


def test_composite_alarm_follows_its_alarms(account: Account) -> None:
    account.deploy(Errors=ERRORS, Health={**HEALTH, "DependsOn": ["Errors"]})
    cloudwatch = account.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    [found] = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (found["AlarmName"], found["StateValue"]) == ("health", "ALARM")
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="a test")
    history = cloudwatch.describe_alarm_history(
        AlarmName="health", AlarmTypes=["CompositeAlarm"], HistoryItemType="StateUpdate"
    )["AlarmHistoryItems"]
    assert any("to ALARM" in item["HistorySummary"] for item in history)
    account.delete()
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []

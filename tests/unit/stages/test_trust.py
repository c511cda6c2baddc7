"""Who may assume each role, and whom each resource's own policy admits: the rule packs check neither.

A role is expected to trust what uses it, and nobody else. A role that no resource uses is for another account and is
named here, and so is every statement by which a bucket, key, topic or queue admits somebody.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.complete_list import assert_complete
from tests.environment_stacks import own_region
from tests.policies import as_list, in_text
from tests.unit.deployed_stacks import Stack, stacks
from tests.unit.one_environment import OneEnvironment
from tests.unit.other_settings import APPS, Synthesized

Json = dict[str, Any]

USED_BY: Final = {
    ("AWS::Backup::BackupSelection", "BackupSelection.IamRoleArn"): "backup.amazonaws.com",
    ("AWS::Backup::RestoreTestingSelection", "IamRoleArn"): "backup.amazonaws.com",
    ("AWS::Chatbot::SlackChannelConfiguration", "IamRoleArn"): "chatbot.amazonaws.com",
    ("AWS::CloudTrail::Trail", "CloudWatchLogsRoleArn"): "cloudtrail.amazonaws.com",
    ("AWS::CodeBuild::Project", "ServiceRole"): "codebuild.amazonaws.com",
    ("AWS::CodePipeline::Pipeline", "RoleArn"): "codepipeline.amazonaws.com",
    ("AWS::Config::ConfigurationRecorder", "RoleARN"): "config.amazonaws.com",
    ("AWS::EC2::FlowLog", "DeliverLogsPermissionArn"): "vpc-flow-logs.amazonaws.com",
    ("AWS::ECS::TaskDefinition", "ExecutionRoleArn"): "ecs-tasks.amazonaws.com",
    ("AWS::ECS::TaskDefinition", "TaskRoleArn"): "ecs-tasks.amazonaws.com",
    ("AWS::Lambda::Function", "Role"): "lambda.amazonaws.com",
    ("AWS::RDS::DBInstance", "MonitoringRoleArn"): "monitoring.rds.amazonaws.com",
    ("AWS::S3::Bucket", "ReplicationConfiguration.Role"): "s3.amazonaws.com",
}
"""The service that assumes the role in this property of a resource."""

PIPELINE: Final = "arn:aws:iam::111111111111:role/yawl-delivery-"
READERS: Final = [f"{PIPELINE}NotificationsNotifierRole*", f"{PIPELINE}ReleaseRecordsRecorderRole*"]
FROM_THE_PIPELINE: Final[dict[str, Json | None]] = {
    "integration-tests": {"ArnLike": {"aws:PrincipalArn": f"{PIPELINE}*"}},
    "bake": {"ArnLike": {"aws:PrincipalArn": f"{PIPELINE}*"}},
    "delivery-reader": {"ArnLike": {"aws:PrincipalArn": READERS}},
    # CloudWatch's console reads other accounts as whoever looks at the dashboard, which may be any role.
    "CloudWatch-CrossAccountSharingRole": None,
}
"""Roles for the pipeline's account, by the end of their names, each with the condition of its trust."""
COUNTS_INCIDENTS: Final = {"ArnLike": {"aws:PrincipalArn": [*READERS, f"{PIPELINE}DeliveryMetricsEventsRole*"]}}
"""Instead, for the last environment's delivery reader."""

POLICIES: Final = ("AccessPolicy", "KeyPolicy", "PolicyDocument", "RepositoryPolicyText", "ResourcePolicy")
"""The properties that hold a resource's own policy."""
ENCRYPT: Final = "kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt*"

ADMITTED: Final = {
    # A key's own account, which still needs IAM policies: to administer it, and to use it through services.
    "KMS::Key root AdministerByIamPolicies",
    f"KMS::Key root {ENCRYPT} StringEquals kms:CallerAccount StringEquals kms:ViaService",
    "KMS::Key root kms:CreateGrant Bool kms:GrantIsForAWSResource StringEquals kms:CallerAccount "
    "StringEquals kms:ViaService",
    "KMS::Key role kms:Decrypt StringEquals kms:ViaService",
    "KMS::Key cdk-deploy-role kms:Decrypt kms:DescribeKey",
    f"KMS::Key logs {ENCRYPT} ArnLike kms:EncryptionContext:aws:logs:arn",
    "KMS::Key cloudfront kms:Decrypt ArnLike aws:SourceArn",
    "KMS::Key cloudtrail kms:DescribeKey kms:GenerateDataKey* StringEquals aws:SourceArn",
    "KMS::Key cloudwatch kms:Decrypt kms:GenerateDataKey* StringEquals aws:SourceAccount",
    "S3::BucketPolicy cdk-deploy-role s3:GetBucket* s3:GetObject* s3:List*",
    # The library's function that empties a bucket before its deletion.
    "S3::BucketPolicy role s3:DeleteObject* s3:GetBucket* s3:List* s3:PutBucketPolicy",
    "S3::BucketPolicy cloudfront s3:GetObject ArnLike aws:SourceArn",
    "S3::BucketPolicy cloudtrail s3:GetBucketAcl StringEquals aws:SourceArn",
    "S3::BucketPolicy cloudtrail s3:PutObject StringEquals aws:SourceArn StringEquals s3:x-amz-acl",
    "S3::BucketPolicy logging.s3 s3:PutObject ArnLike aws:SourceArn StringEquals aws:SourceAccount",
    # Load balancers write as an account of AWS (ELB User Guide, "Enable access logs"); the library adds the other two.
    "S3::BucketPolicy load-balancing s3:PutObject",
    "S3::BucketPolicy delivery.logs s3:PutObject StringEquals s3:x-amz-acl",
    "S3::BucketPolicy delivery.logs s3:GetBucketAcl",
    "SNS::TopicPolicy cloudwatch sns:Publish ArnLike aws:SourceArn",
    "SNS::TopicPolicy cloudwatch sns:Publish StringEquals aws:SourceAccount",
    "SQS::QueuePolicy events sqs:SendMessage ArnEquals aws:SourceArn",
    "Lambda::Permission events lambda:InvokeFunction SourceArn",
}
"""Whom resources admit: the type, the principal, the actions, and what the request must have."""
LOAD_BALANCING: Final = {
    "ap-northeast-1": "582318560864",
    "ap-southeast-2": "783225319266",
    "eu-central-1": "054676820928",
    "eu-west-1": "156460612806",
    "us-east-1": "127311923021",
}
"""Elastic Load Balancing's account in regions that have one (ELB User Guide, "Enable access logs")."""


def users_of_roles(stack: Stack) -> dict[str, set[str]]:
    """Return the services that use each role of the stack."""
    found: dict[str, set[str]] = {}
    for (kind, path), service in USED_BY.items():
        for _, properties in stack.of_type(kind):
            value: Any = properties
            for key in path.split("."):
                value = value.get(key, {}) if isinstance(value, dict) else {}
            if isinstance(value, dict) and "Fn::GetAtt" in value:
                found.setdefault(value["Fn::GetAtt"][0], set()).add(service)
    return found


def trust(principal: Json, condition: Json | None = None) -> list[Json]:
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}
    return [statement if condition is None else {**statement, "Condition": condition}]


def trusted_from_the_pipeline(stack: Stack, name: str, last: str) -> list[Json] | None:
    for end, condition in FROM_THE_PIPELINE.items():
        if name in (end, f"yawl-{stack.environment}-{end}"):
            counts = end == "delivery-reader" and stack.environment.startswith(last)
            principal = {"AWS": "arn:aws:iam::111111111111:root"}
            return trust(principal, COUNTS_INCIDENTS if counts else condition)
    return None


def misplaced_trust(stack: Stack, last: str) -> Iterator[str]:
    """Yield a line for each role of the stack that trusts others than it should."""
    users = users_of_roles(stack)
    for logical_id, properties in stack.of_type("AWS::IAM::Role"):
        services = sorted(users.get(logical_id, ()))
        expected = trust({"Service": services[0]}) if len(services) == 1 else None
        if not services:
            expected = trusted_from_the_pipeline(stack, str(properties.get("RoleName", "")), last)
        document = properties["AssumeRolePolicyDocument"]["Statement"]
        if expected is None or document != expected:
            yield f"{stack.name} {logical_id}, used by {services}, trusts {json.dumps(document)}"


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_every_role_trusts_what_uses_it_and_nobody_else(app: Synthesized) -> None:
    found = stacks(app)
    last = "prod" if any(stack.name.startswith("yawl-prod") for stack in found) else "dev"
    assert sum(len(list(stack.of_type("AWS::IAM::Role"))) for stack in found) > 20
    assert [line for stack in found for line in misplaced_trust(stack, last)] == []


def with_more(prod_with_more: OneEnvironment) -> list[Stack]:
    """Return the stacks of an environment that has everything that the example does without."""
    return [
        Stack(f"yawl-prod-{part}", "444444444444", "us-east-1", dict(prod_with_more(part).to_json()))
        for part in own_region("prod")
    ]


def test_every_role_that_the_example_does_without_trusts_nobody_else(prod_with_more: OneEnvironment) -> None:
    found = with_more(prod_with_more)
    assert "AWS::Config::ConfigurationRecorder" in {one["Type"] for stack in found for one in stack.resources.values()}
    assert [line for stack in found for line in misplaced_trust(stack, "another")] == []


def test_every_resource_that_the_example_does_without_admits_only_who_is_listed(prod_with_more: OneEnvironment) -> None:
    found = [(stack.name, *one[:2]) for stack in with_more(prod_with_more) for one in admissions(stack)]
    assert [one for one in found if one[2] not in ADMITTED] == []


def who(principal: Any, stack: Stack) -> str:
    """Return a short name of a statement's principals."""
    if not isinstance(principal, dict):
        return str(principal)
    [(kind, names)] = principal.items()
    texts = [in_text(one) for one in as_list(names)]
    if kind == "Service":
        return " ".join(re.sub(r"(\.[a-z]+-[a-z]+-\d)?\.amazonaws\.com$", "", text) for text in texts)
    known = {
        rf"arn:aws:iam::{stack.account}:root": "root",
        rf"arn:aws:iam::{LOAD_BALANCING.get(stack.region)}:root": "load-balancing",
        r"arn:aws:iam::(\d{12}):role/cdk-hnb659fds-deploy-role-\1-[a-z0-9-]+": "cdk-deploy-role",
        r"<\w+\.Arn>": "role",
    }
    found = (name for pattern, name in known.items() if all(re.fullmatch(pattern, text) for text in texts))
    return next(found, " ".join(texts))


def admissions(stack: Stack) -> Iterator[tuple[str, str, Json]]:
    """Yield the resource, the short form, and the condition of every statement that admits somebody."""
    for logical_id, resource in stack.resources.items():
        properties, kind = resource.get("Properties", {}), resource["Type"].removeprefix("AWS::")
        if kind == "Lambda::Permission":
            source = [key for key in ("SourceAccount", "SourceArn") if key in properties]
            by = who({"Service": properties["Principal"]}, stack)
            yield logical_id, " ".join([kind, by, properties["Action"], *source]), {}
        if kind in ("IAM::ManagedPolicy", "IAM::Policy"):
            continue
        for document in (properties[name] for name in POLICIES if name in properties):
            for statement in as_list(document["Statement"]):
                if statement["Effect"] == "Allow":
                    condition = statement.get("Condition", {})
                    keys = sorted(f"{operator} {key}" for operator, wanted in condition.items() for key in wanted)
                    actions = " ".join(sorted(as_list(statement["Action"])))
                    if statement.get("Sid") == "AdministerByIamPolicies":
                        actions = statement["Sid"]
                    yield logical_id, " ".join([kind, who(statement["Principal"], stack), actions, *keys]), condition


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_every_resource_admits_only_who_is_listed(app: Synthesized) -> None:
    found = [
        (f"{short} ({stack.name} {logical_id})", short)
        for stack in stacks(app)
        for logical_id, short, _ in admissions(stack)
    ]
    assert len(found) > 40
    assert [text for text, short in found if short not in ADMITTED] == []


def test_every_listed_admission_exists(assembly: Any) -> None:
    found = {short for stack in stacks(Synthesized(Path(assembly.directory))) for _, short, _ in admissions(stack)}
    assert_complete(found, ADMITTED, where="ADMITTED in tests/unit/stages/test_trust.py")


@pytest.mark.parametrize("app", APPS, indirect=True)
def test_conditions_name_the_resources_own_account_and_environment(app: Synthesized) -> None:
    """A condition that names another account or environment admits what is not ours, or nobody."""
    wrong = []
    for stack in stacks(app):
        for logical_id, short, condition in admissions(stack):
            text = json.dumps(condition)
            accounts = set(re.findall(r"\b\d{12}\b", text)) - {stack.account}
            names = set(re.findall(r"(?:alarm:yawl-(?:maintenance-)?|trail/yawl-)([a-z0-9-]+?)-?[*\"]", text))
            if accounts or names - {stack.environment}:
                wrong.append(f"{stack.name} {logical_id}: {short}: {text}")
    assert wrong == []

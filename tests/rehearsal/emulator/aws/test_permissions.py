"""The emulator enforces the caller's policies: one request of each kind is allowed and one denied."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.permissions.corrections.passed_roles import PASSED
from rehearsal.engine.cloud import Credentials, Forbidden
from tests.rehearsal.emulator.conftest import Account, attribute, ref, resource

CODEBUILD = "codebuild.amazonaws.com"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": CODEBUILD}, "Action": "sts:AssumeRole"}]}


def allow(*actions: str, on: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**statement, "Condition": condition} if condition else statement


@dataclass
class Caller:
    """A role's session in an account."""

    account: Account
    role: str
    credentials: Credentials

    def client(self, service: str, region: str | None = None) -> Any:
        return self.account.cloud.client(service, region or self.account.place.region, self.credentials)


@pytest.fixture
def caller(account: Account) -> Callable[..., Caller]:
    """Create a role with these statements and assume it as CodeBuild does."""

    def make(*statements: dict[str, Any], tags: dict[str, str] | None = None, name: str = "caller") -> Caller:
        iam = account.client("iam")
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(TRUST),
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )
        if statements:
            document = json.dumps({"Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        arn = f"arn:aws:iam::{account.place.account}:role/{name}"
        return Caller(account, arn, account.cloud.assume_as_service(CODEBUILD, arn, "session"))

    return make


Make = Callable[..., Caller]


def refused(call: Callable[[], Any]) -> str:
    """Return the message of a call that must be denied."""
    with pytest.raises(ClientError) as error:
        call()
    found = error.value.response["Error"]
    assert found["Code"] in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
    return found["Message"]


def test_refusal_names_principal_action_and_resource(account: Account, caller: Make) -> None:
    found = caller()
    message = refused(lambda: found.client("sns").list_topics())
    assert message == (
        f"User: arn:aws:sts::{account.place.account}:assumed-role/caller/session is not authorized to perform: "
        "sns:ListTopics because no identity-based policy allows the sns:ListTopics action"
    )


def test_wrong_signature_is_refused(account: Account, caller: Make) -> None:
    key = caller(allow("*")).credentials
    forged = account.cloud.client(
        "sns", account.place.region, Credentials(key.access_key, "another", key.session_token)
    )
    with pytest.raises(ClientError, match="signature"):
        forged.list_topics()


def test_service_assumes_only_roles_that_trust_it(account: Account, caller: Make) -> None:
    role = caller().role
    with pytest.raises(Forbidden, match=r"lambda.amazonaws.com is not authorized to perform: sts:AssumeRole"):
        account.cloud.assume_as_service("lambda.amazonaws.com", role, "session")


@pytest.mark.parametrize(("tag", "may"), [("yes", True), ("no", False)])
def test_tags_of_a_role_decide_about_assuming_it(account: Account, caller: Make, tag: str, may: bool) -> None:
    condition = {"StringEquals": {"iam:ResourceTag/lookup": "yes"}}
    found = caller(allow("sts:AssumeRole", **condition))
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account.place.account}, "Action": "sts:AssumeRole"}]
    }
    account.client("iam").create_role(
        RoleName="target", AssumeRolePolicyDocument=json.dumps(trust), Tags=[{"Key": "lookup", "Value": tag}]
    )
    target = f"arn:aws:iam::{account.place.account}:role/target"

    def assume() -> Any:
        return found.client("sts").assume_role(RoleArn=target, RoleSessionName="session")

    if may:
        assume()
    else:
        assert f"sts:AssumeRole on resource: {target}" in refused(assume)


def test_principal_arn_is_the_role_arn(account: Account, caller: Make) -> None:
    arn = f"arn:aws:iam::{account.place.account}:role/caller"
    found = caller(allow("sns:ListTopics", StringEquals={"aws:PrincipalArn": arn}))
    found.client("sns").list_topics()


def test_cross_account_assume_role_needs_both_policies(account: Account, other_account: Account, caller: Make) -> None:
    found = caller(allow("sts:AssumeRole"))
    iam = other_account.client("iam")
    for name, principal in (("open", account.place.account), ("closed", other_account.place.account)):
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    sts = found.client("sts")
    theirs = f"arn:aws:iam::{other_account.place.account}:role"
    sts.assume_role(RoleArn=f"{theirs}/open", RoleSessionName="session")
    message = refused(lambda: sts.assume_role(RoleArn=f"{theirs}/closed", RoleSessionName="session"))
    assert "because no resource-based policy allows the sts:AssumeRole action" in message


CASES: list[tuple[str, str, str, Callable[[Any], Any], str]] = [
    # service, action, the resource that policies name, the call, the resource of a call that is denied
    (
        "ecs",
        "ecs:DescribeServices",
        "service/c/s",
        lambda c: c.describe_services(cluster="c", services=["s"]),
        "service/c/t",
    ),
    ("ecs", "ecs:DescribeTasks", "task/c/1", lambda c: c.describe_tasks(cluster="c", tasks=["1"]), "task/c/2"),
    ("rds", "rds:DescribeDBParameters", "pg:p", lambda c: c.describe_db_parameters(DBParameterGroupName="p"), "pg:q"),
    ("rds", "rds:DescribeDBInstances", "db:*", lambda c: c.describe_db_instances(), "db:one"),
    (
        "elasticache",
        "elasticache:DescribeReplicationGroups",
        "replicationgroup:*",
        lambda c: c.describe_replication_groups(),
        "replicationgroup:one",
    ),
    ("codebuild", "codebuild:BatchGetBuilds", "project/p", lambda c: c.batch_get_builds(ids=["p:1"]), "project/q"),
    ("codebuild", "codebuild:BatchGetProjects", "project/p", lambda c: c.batch_get_projects(names=["p"]), "project/q"),
    (
        "ecr",
        "ecr:DescribeRepositories",
        "repository/own",
        lambda c: c.describe_repositories(repositoryNames=["own"]),
        "repository/other",
    ),
    (
        "ecr",
        "ecr:DescribeImages",
        "repository/own",
        lambda c: c.describe_images(repositoryName="own"),
        "repository/other",
    ),
    (
        "logs",
        "logs:GetLogEvents",
        "log-group:g:log-stream:s",
        lambda c: c.get_log_events(logGroupName="g", logStreamName="s"),
        "log-group:g:log-stream:t",
    ),
    ("logs", "logs:FilterLogEvents", "log-group:g:*", lambda c: c.filter_log_events(logGroupName="g"), "log-group:g"),
    (
        "backup",
        "backup:DescribeBackupVault",
        "backup-vault:v",
        lambda c: c.describe_backup_vault(BackupVaultName="v"),
        "backup-vault:w",
    ),
    ("cloudwatch", "cloudwatch:DescribeAlarms", "alarm:a", lambda c: c.describe_alarms(AlarmNames=["a"]), "alarm:b"),
]


def calls_through(call: Callable[[], Any]) -> bool:
    """Tell whether a call passes the permission check, even if it fails later."""
    try:
        call()
    except ClientError as error:
        return "is not authorized" not in error.response["Error"]["Message"]
    return True


@pytest.mark.parametrize(
    ("service", "action", "granted", "call", "other"), CASES, ids=[f"{case[1]} {case[2]}" for case in CASES]
)
def test_calls_are_checked_against_the_documented_resource(  # noqa: PLR0917 - a row of the table
    account: Account,
    caller: Make,
    service: str,
    action: str,
    granted: str,
    call: Callable[[Any], Any],
    other: str,
) -> None:
    prefix = f"arn:aws:{service}:{account.place.region}:{account.place.account}:"
    right, wrong = caller(allow(action, on=prefix + granted)), caller(allow(action, on=prefix + other), name="wrong")
    assert calls_through(lambda: call(right.client(service)))
    assert not calls_through(lambda: call(wrong.client(service)))


HANDED: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    # By action: the service, and a call that passes it a role.
    "backup:StartBackupJob": (
        "backup",
        lambda c, role: c.start_backup_job(BackupVaultName="v", ResourceArn="arn:aws:rds:::db:a", IamRoleArn=role),
    ),
    "backup:StartCopyJob": (
        "backup",
        lambda c, role: c.start_copy_job(
            RecoveryPointArn="arn:aws:backup:::recovery-point:a",
            SourceBackupVaultName="v",
            DestinationBackupVaultArn="arn:aws:backup:::backup-vault:w",
            IamRoleArn=role,
        ),
    ),
    "backup:StartRestoreJob": (
        "backup",
        lambda c, role: c.start_restore_job(
            RecoveryPointArn="arn:aws:backup:::recovery-point:a", Metadata={}, IamRoleArn=role
        ),
    ),
    "codebuild:CreateProject": (
        "codebuild",
        lambda c, role: c.create_project(
            name="project",
            source={"type": "NO_SOURCE"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=role,
        ),
    ),
    "codebuild:UpdateProject": ("codebuild", lambda c, role: c.update_project(name="project", serviceRole=role)),
    "ecs:RegisterTaskDefinition": (
        "ecs",
        lambda c, role: c.register_task_definition(family="f", containerDefinitions=[], taskRoleArn=role),
    ),
    "lambda:CreateFunction": (
        "lambda",
        lambda c, role: c.create_function(FunctionName="f", Role=role, Code={"S3Bucket": "none", "S3Key": "k"}),
    ),
    "lambda:UpdateFunctionConfiguration": (
        "lambda",
        lambda c, role: c.update_function_configuration(FunctionName="f", Role=role),
    ),
    "rds:CreateDBInstance": (
        "rds",
        lambda c, role: c.create_db_instance(
            DBInstanceIdentifier="d", DBInstanceClass="db.t3.small", Engine="postgres", MonitoringRoleArn=role
        ),
    ),
    "rds:ModifyDBInstance": (
        "rds",
        lambda c, role: c.modify_db_instance(DBInstanceIdentifier="d", MonitoringRoleArn=role),
    ),
}


def test_every_pass_role_call_is_tested() -> None:
    assert set(HANDED) == set(PASSED)


@pytest.mark.parametrize("action", PASSED)
def test_pass_role_is_required(account: Account, caller: Make, action: str) -> None:
    service, call = HANDED[action]
    role = f"arn:aws:iam::{account.place.account}:role/handed"
    condition = {"StringEquals": {"iam:PassedToService": PASSED[action][1]}}
    without, may_pass = caller(allow(action)), caller(allow(action), allow("iam:PassRole", **condition), name="passes")
    assert f"iam:PassRole on resource: {role}" in refused(lambda: call(without.client(service), role))
    assert calls_through(lambda: call(may_pass.client(service), role))


def test_ecs_cluster_condition(account: Account, caller: Make) -> None:
    cluster = f"arn:aws:ecs:{account.place.region}:{account.place.account}:cluster/c"
    found = caller(allow("ecs:ListTasks", ArnEquals={"ecs:cluster": cluster}))
    assert calls_through(lambda: found.client("ecs").list_tasks(cluster="c"))
    assert not calls_through(lambda: found.client("ecs").list_tasks(cluster="d"))


def test_cloudwatch_namespace_condition(caller: Make) -> None:
    cloudwatch = caller(allow("cloudwatch:PutMetricData", StringEquals={"cloudwatch:namespace": "Ours"})).client(
        "cloudwatch"
    )
    data = [{"MetricName": "m", "Value": 1.0}]
    assert calls_through(lambda: cloudwatch.put_metric_data(Namespace="Ours", MetricData=data))
    assert not calls_through(lambda: cloudwatch.put_metric_data(Namespace="Theirs", MetricData=data))


def test_codepipeline_permissions(account: Account, caller: Make) -> None:
    pipeline = f"arn:aws:codepipeline:{account.place.region}:{account.place.account}:mine"
    client = caller(allow("codepipeline:GetPipelineState", on=pipeline)).client("codepipeline")
    assert calls_through(lambda: client.get_pipeline_state(name="mine"))
    assert not calls_through(lambda: client.get_pipeline_state(name="another"))


def test_service_quotas_permissions(caller: Make) -> None:
    assert not calls_through(
        lambda: caller().client("service-quotas").get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")
    )


def test_secure_transport_condition(account: Account, caller: Make) -> None:
    s3 = account.client("s3")
    bucket = f"tls-{account.place.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.place.region})
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=json.dumps(
            {
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                        "Condition": condition,
                    }
                    for condition in (
                        {"Bool": {"aws:SecureTransport": "false"}},
                        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
                    )
                ]
            }
        ),
    )
    caller(allow("s3:ListBucket")).client("s3").list_objects_v2(Bucket=bucket)


def key_policy(account: Account, *statements: dict[str, Any]) -> str:
    administrator = {"AWS": f"arn:aws:iam::{account.place.account}:root"}
    administers = {"Effect": "Allow", "Principal": administrator, "Action": "kms:Put*", "Resource": "*"}
    return json.dumps({"Statement": [administers, *statements]})


def encrypted_bucket(account: Account, key: str, *, bucket_key: bool) -> str:
    """Deploy a bucket that is encrypted with a key; return its name."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    made = account.deploy(
        Bucket=resource("AWS::S3::Bucket", BucketEncryption={"ServerSideEncryptionConfiguration": [rule]})
    )
    return made["Bucket"]


@pytest.mark.parametrize("bucket_key", [True, False])
def test_encrypted_objects_need_key_permissions(account: Account, caller: Make, bucket_key: bool) -> None:
    kms, region = account.client("kms"), account.place.region
    via = {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}}
    use = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.place.account}:root"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": via,
    }
    key = kms.create_key(Policy=key_policy(account, use))["KeyMetadata"]["Arn"]
    bucket = encrypted_bucket(account, key, bucket_key=bucket_key)
    about = f"arn:aws:s3:::{bucket}" if bucket_key else f"arn:aws:s3:::{bucket}/a"
    s3_only = allow("s3:GetObject", "s3:PutObject", on=f"arn:aws:s3:::{bucket}/*")
    with_key = allow(
        "kms:Decrypt", "kms:GenerateDataKey", on=key, StringEquals={"kms:EncryptionContext:aws:s3:arn": about}
    )
    without, reader = caller(s3_only), caller(s3_only, with_key, name="reader")
    reader.client("s3").put_object(Bucket=bucket, Key="a", Body=b"secret")
    assert reader.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"secret"
    message = refused(lambda: without.client("s3").put_object(Bucket=bucket, Key="a", Body=b""))
    assert f"kms:GenerateDataKey on resource: {key} because no identity-based policy allows" in message
    message = refused(lambda: without.client("s3").get_object(Bucket=bucket, Key="a"))
    assert f"kms:Decrypt on resource: {key}" in message
    message = refused(lambda: reader.client("kms").decrypt(CiphertextBlob=b"x" * 100, KeyId=key))
    assert "kms:Decrypt" in message, "the key may be used through S3 only"


def test_grants_allow_key_use(account: Account, caller: Make) -> None:
    kms = account.client("kms")
    key = kms.create_key(Policy=key_policy(account))["KeyMetadata"]["Arn"]
    found = caller()
    assert not calls_through(lambda: found.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256"))
    kms.create_grant(KeyId=key, GranteePrincipal=found.role, Operations=["GenerateDataKey"])
    found.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")


def test_alias_condition(account: Account, caller: Make) -> None:
    kms = account.client("kms")
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.place.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    named, nameless = (kms.create_key(Policy=key_policy(account, owner))["KeyMetadata"]["Arn"] for _ in range(2))
    kms.create_alias(AliasName="alias/ours", TargetKeyId=named)
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/ours"}}
    client = caller(allow("kms:GenerateDataKey", **condition)).client("kms")
    client.generate_data_key(KeyId=named, KeySpec="AES_256")
    assert not calls_through(lambda: client.generate_data_key(KeyId=nameless, KeySpec="AES_256"))


def test_encrypted_topic_needs_key_permissions(account: Account, caller: Make) -> None:
    key = account.client("kms").create_key(Policy=key_policy(account))["KeyMetadata"]["Arn"]
    topic = account.deploy(Topic=resource("AWS::SNS::Topic", KmsMasterKeyId=key))["Topic"]
    found = caller(allow("sns:Publish", "kms:*"))
    message = refused(lambda: found.client("sns").publish(TopicArn=topic, Message="m"))
    assert "kms:GenerateDataKey" in message
    assert "because no resource-based policy allows" in message


def test_deployment_passes_and_uses_its_role(account: Account, caller: Make) -> None:
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
    iam = account.client("iam")
    role = iam.create_role(RoleName="execution", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    document = {"Statement": [allow("sns:*", "ssm:*")]}
    iam.put_role_policy(RoleName="execution", PolicyName="own", PolicyDocument=json.dumps(document))
    body = json.dumps({"Resources": {"Topic": resource("AWS::SNS::Topic"), "Queue": resource("AWS::SQS::Queue")}})
    arguments = {"StackName": "stack", "TemplateBody": body, "RoleARN": role}
    without = caller(allow("cloudformation:*"))
    message = refused(lambda: without.client("cloudformation").create_stack(**arguments))
    assert f"iam:PassRole on resource: {role}" in message
    may_pass = allow("iam:PassRole", on=role, StringEquals={"iam:PassedToService": "cloudformation.amazonaws.com"})
    deployer = caller(allow("cloudformation:*"), may_pass, name="deployer")
    deployer.client("cloudformation").create_stack(**arguments)
    assert account.settled() == "ROLLBACK_COMPLETE"
    [reason] = [text for text in account.failures() if "is not authorized" in text]
    assert "assumed-role/execution/AWSCloudFormation is not authorized to perform: sqs:CreateQueue" in reason


def test_function_calls_as_its_role(account: Account) -> None:
    code = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    who = boto3.client('sts').get_caller_identity()['Arn']\n"
        "    try:\n"
        "        boto3.client('sns').list_topics()\n"
        "    except Exception as error:\n"
        "        return [who, str(error)]\n"
    )
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    made = account.deploy(
        Role=resource("AWS::IAM::Role", AssumeRolePolicyDocument=trust),
        Function=resource(
            "AWS::Lambda::Function",
            Runtime="python3.13",
            Handler="index.handler",
            Role=attribute("Role", "Arn"),
            Code={"ZipFile": code},
            Environment={"Variables": {"NAME": ref("Role")}},
        ),
    )
    answer = account.client("lambda").invoke(FunctionName=made["Function"])
    who, error = json.loads(answer["Payload"].read())
    assert f":assumed-role/{made['Role']}/" in who
    assert "is not authorized to perform: sns:ListTopics" in error


def test_denials_and_used_statements_are_recorded(account: Account, caller: Make) -> None:
    found = caller(allow("sns:ListTopics"))
    found.client("sns").list_topics()
    refused(lambda: found.client("sqs").list_queues())
    known: dict[str, Any] = account.cloud.permission_summary()
    [refusal] = [item for item in known["refused"] if item["role"] == found.role]
    assert (refusal["action"], refusal["change"], refusal["enforced"]) == ("sqs:ListQueues", "role", True)
    assert known["roles"][found.role]["used"] == {"sns:ListTopics": 1}
    assert [found.role, "own", 0] in known["used_statements"]


def test_calls_of_the_rehearsal_itself_are_not_recorded(account: Account) -> None:
    before = account.cloud.permission_summary()["evaluated"]
    account.client("sns").list_topics()
    assert account.cloud.permission_summary()["evaluated"] == before


def test_deny_in_a_bucket_policy_applies_to_root(account: Account) -> None:
    s3 = account.client("s3")
    bucket = f"denied-{account.place.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.place.region})
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert "with an explicit deny in a resource-based policy" in refused(lambda: s3.get_object(Bucket=bucket, Key="a"))
    s3.delete_bucket_policy(Bucket=bucket)
    s3.get_object(Bucket=bucket, Key="a")

"""`make recover` in emulated accounts: what a failed deployment leaves of our own stacks, and how it is recovered."""

import json
import time
from collections.abc import Generator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

import cloud_assembly
from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress
from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.conftest import Account, resource
from tests.rehearsal.emulator.library_functions import library_function
from tests.rehearsal.emulator.published_assets import publish
from tests.rehearsal.emulator.small_assembly import write_assembly
from tools.accounts import deployed_stacks, live_resources, recovery
from tools.accounts.__main__ import main

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

FAILURE = {"Type": "AWS::Rehearsal::Failure"}
PROD = "444444444444"
"""Where tests/delivery.toml has prod, which retains its data."""


class Environment:
    """An environment of the assembly in an emulator of its own, deployed stack by stack as the pipeline does."""

    def __init__(self, cloud: Cloud, directory: Path, name: str) -> None:
        self.cloud = cloud
        self.name = name
        self.directory = directory
        found = deployed_stacks.stacks_of(name, cloud_assembly.read(directory))
        self.stacks = {stack.name.removeprefix(f"yawl-{name}-"): stack for stack in found}
        self.order = [
            stack.name.removeprefix(f"yawl-{name}-") for stack in reversed(deployed_stacks.dependents_first(found))
        ]

    def client(self, service: str, part: str = "network") -> Any:
        place = self.stacks[part].aws_environment
        return self.cloud.in_account(service, AwsEnvironment(place.account, place.region))

    def status(self, part: str) -> str | None:
        try:
            [found] = self.client("cloudformation", part).describe_stacks(StackName=self.stacks[part].name)["Stacks"]
        except ClientError:
            return None
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found["StackStatus"]

    def deploy(self, part: str, *, fail: bool = False) -> str | None:
        """Create or update the stack as CodePipeline does: what failed at its creation is refused."""
        stack, status = self.stacks[part], self.status(part)
        body = self._body(part)
        cloudformation = self.client("cloudformation", part)
        bucket = f"templates-{stack.account}-{stack.region}"
        s3 = self.client("s3", part)
        if all(found["Name"] != bucket for found in s3.list_buckets()["Buckets"]):
            elsewhere = stack.region != "us-east-1"
            where = {"CreateBucketConfiguration": {"LocationConstraint": stack.region}} if elsewhere else {}
            s3.create_bucket(Bucket=bucket, **where)
        s3.put_object(Bucket=bucket, Key=part, Body=(with_failure(body) if fail else body).encode())
        operation = cloudformation.create_stack if status is None else cloudformation.update_stack
        operation(
            StackName=stack.name,
            TemplateURL=f"https://s3.{stack.region}.amazonaws.com/{bucket}/{part}",
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return self.settled(part)

    def delete(self, part: str) -> str | None:
        self.client("cloudformation", part).delete_stack(StackName=self.stacks[part].name)
        return self.settled(part)

    def settled(self, part: str) -> str | None:
        while (status := self.status(part)) is not None and status.endswith("_IN_PROGRESS"):
            time.sleep(0.05)
        return status

    def failures(self, part: str) -> list[str]:
        events = self.client("cloudformation", part).describe_stack_events(StackName=self.stacks[part].name)
        return [event.get("ResourceStatusReason", "") for event in events["StackEvents"]]

    def recover(self, *arguments: str) -> int:
        return main(["--assembly", str(self.directory), "recover", self.name, *arguments])

    def _body(self, part: str) -> str:
        [body] = [
            file.read_text()
            for file in self.directory.rglob("*.template.json")
            if json.loads(file.read_text()).get("Resources", {}) == self.stacks[part].resources
        ]
        return body


@pytest.fixture
def prod(
    assembly: "CloudAssembly", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Environment, None, None]:
    processes = Processes()
    try:
        cloud = EmulatorSetup(Progress(tmp_path / "logs", lambda _: None), processes, tmp_path).start_emulator()
        reach(monkeypatch, cloud, PROD)
        made = Environment(cloud, Path(assembly.directory), "prod")
        execution_roles(cloud, made)
        for place in {stack.aws_environment for stack in made.stacks.values()}:
            cloud.in_account("ssm", place).put_parameter(
                Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True
            )
            publish(cloud, made.directory, place)
        yield made
    finally:
        processes.end_all()


def execution_roles(cloud: Cloud, environment: Environment) -> None:
    """Make the roles that a bootstrap makes for CloudFormation."""
    arns = {
        stack.execution_role_arn: stack.aws_environment
        for stack in environment.stacks.values()
        if stack.execution_role_arn
    }
    for arn, place in arns.items():
        powerful_role(Account(cloud, AwsEnvironment(place.account, place.region)), arn.rpartition("/")[2])


def with_failure(template: str) -> str:
    """Let the last resource of all fail, as `--fail` does."""
    document = json.loads(template)
    document["Resources"]["MadeToFail"] = {**FAILURE, "DependsOn": list(document["Resources"])}
    return json.dumps(document)


def reach(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, account: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "emulated")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(deployed_stacks, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(live_resources.databases, "LOOK_SECONDS", 0.05)


STUCK = {"application", "database"}
"""Whose first creation ends in ROLLBACK_FAILED: they hold what is under deletion protection."""


def test_every_stack_recovers_from_a_failed_creation(prod: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """Each fails at its last resource, is recovered while those before it serve, and is deployed."""
    for part in prod.order:
        expected = "ROLLBACK_FAILED" if part in STUCK else "ROLLBACK_COMPLETE"
        assert prod.deploy(part, fail=True) == expected, (part, prod.failures(part))
        with pytest.raises(ClientError, match="cannot be updated"):
            prod.deploy(part)
        assert prod.recover("--yes") == 0, capsys.readouterr()
        printed = capsys.readouterr().out
        assert f"deleted yawl-prod-{part}" in printed
        assert "retry-stage-execution --pipeline-name yawl-delivery --stage-name Prod " in printed
        assert prod.status(part) is None
        assert prod.deploy(part) == "CREATE_COMPLETE", (part, prod.failures(part))
        assert prod.recover("--yes") == 0
        assert capsys.readouterr().out == "prod needs no recovery\n"
    assert {prod.status(part) for part in prod.order} == {"CREATE_COMPLETE"}


def test_leftovers_with_data_are_imported_and_others_deleted(
    prod: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in prod.order:
        assert prod.deploy(part) == "CREATE_COMPLETE", (part, prod.failures(part))
    database = prod.client("rds").describe_db_instances()["DBInstances"][0]
    prod.client("backup", "recovery").start_backup_job(
        BackupVaultName="yawl-prod",
        ResourceArn=database["DBInstanceArn"],
        IamRoleArn=f"arn:aws:iam::{PROD}:role/backup",
    )
    copies = f"yawl-prod-backups-{PROD}-us-west-2"
    prod.client("s3", "recovery-copies").put_object(Bucket=copies, Key="backup", Body=b"data")
    log = "/aws/rds/instance/yawl-prod/postgresql"
    prod.client("logs").create_log_stream(logGroupName=log, logStreamName="stream")
    unprotect_load_balancers(prod)
    for part in reversed(prod.order):
        # The database stands in the network's subnets: `destroy` keeps it for that.
        assert part == "network" or prod.delete(part) is None, (part, prod.failures(part))

    assert prod.deploy("recovery") == "ROLLBACK_COMPLETE"
    assert any("already exists" in reason for reason in prod.failures("recovery"))
    code = prod.recover("--yes")
    printed = capsys.readouterr().out
    assert code == 0, printed
    imported = {" ".join(line.split()[1:3]) for line in printed.splitlines() if line.startswith("  import ")}
    databases_own = ("AWS::KMS::Key", "AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup")
    assert {line for line in imported if not line.startswith(databases_own)} == {
        "AWS::RDS::DBInstance yawl-prod",
        "AWS::Backup::BackupVault yawl-prod",
        f"AWS::S3::Bucket {copies}",
        f"AWS::Logs::LogGroup {log}",
    }
    for part in prod.order:
        if part != "network":
            assert prod.deploy(part) in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), (part, prod.failures(part))
    [again] = prod.client("rds").describe_db_instances()["DBInstances"]
    assert again["DbiResourceId"] == database["DbiResourceId"]
    assert again["DeletionProtection"]
    points = prod.client("backup", "recovery").list_recovery_points_by_backup_vault(BackupVaultName="yawl-prod")
    assert len(points["RecoveryPoints"]) == 1
    assert prod.client("s3", "recovery-copies").get_object(Bucket=copies, Key="backup")["Body"].read() == b"data"
    assert prod.recover("--yes") == 0
    assert "prod needs no recovery" in capsys.readouterr().out


def unprotect_load_balancers(environment: Environment) -> None:
    elbv2 = environment.client("elbv2")
    for balancer in elbv2.describe_load_balancers()["LoadBalancers"]:
        elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
        )


class Small:
    """An environment of small stacks in an account of its own."""

    def __init__(self, cloud: Cloud, directory: Path, place: AwsEnvironment) -> None:
        self.cloud = cloud
        self.directory = directory
        self.place = place

    def client(self, service: str) -> Any:
        return self.cloud.in_account(service, self.place)

    def write(self, stage: str = "Prod", **stacks: dict[str, Any]) -> None:
        write_assembly(self.directory, self.place, stage, **{name: (of, []) for name, of in stacks.items()})

    def deploy(self, name: str, resources: dict[str, Any], *, protected: bool = False) -> str | None:
        cloudformation = self.client("cloudformation")
        operation = cloudformation.create_stack if self.status(name) is None else cloudformation.update_stack
        protection = {"EnableTerminationProtection": True} if protected else {}
        operation(StackName=name, TemplateBody=json.dumps({"Resources": resources}), **protection)
        return self.settled(name)

    def fail(self, name: str, resources: dict[str, Any], *, protected: bool = False) -> str | None:
        bad = {"Bad": {**FAILURE, "DependsOn": list(resources)}}
        return self.deploy(name, {**resources, **bad}, protected=protected)

    def delete(self, name: str) -> str | None:
        self.client("cloudformation").delete_stack(StackName=name)
        return self.settled(name)

    def status(self, name: str) -> str | None:
        try:
            [found] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError:
            return None
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found["StackStatus"]

    def settled(self, name: str) -> str | None:
        while (status := self.status(name)) is not None and status.endswith("_IN_PROGRESS"):
            time.sleep(0.05)
        return status

    def recover(self, *arguments: str, environment: str = "prod") -> int:
        return main(["--assembly", str(self.directory), "recover", environment, *arguments])


_numbers = count(820000000001)


@pytest.fixture
def small(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    place = AwsEnvironment(str(next(_numbers)), "us-east-1")
    reach(monkeypatch, cloud, place.account)
    return Small(cloud, tmp_path, place)


TOPIC = resource("AWS::SNS::Topic")
BALANCER = resource(
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    Subnets=["subnet-1", "subnet-2"],
    LoadBalancerAttributes=[{"Key": "deletion_protection.enabled", "Value": "true"}],
)


def kept(definition: dict[str, Any]) -> dict[str, Any]:
    return {**definition, "DeletionPolicy": "RetainExceptOnCreate"}


def bucket_with_object(small: Small, **properties: Any) -> tuple[str, dict[str, Any]]:
    """A bucket, and what puts an object into it that no deletion takes away."""
    name, token = f"full-{small.place.account}", library_function(small, "Custom::AWS")
    put = {"service": "S3", "action": "putObject", "parameters": {"Bucket": name, "Key": "object", "Body": "x"}}
    call = json.dumps({**put, "physicalResourceId": {"id": "object"}})
    return name, {
        "Bucket": kept(resource("AWS::S3::Bucket", BucketName=name, **properties)),
        "Object": {**resource("Custom::AWS", ServiceToken=token, Create=call), "DependsOn": ["Bucket"]},
    }


@pytest.mark.parametrize("answer", ["", "yes", "dev", None], ids=["empty", "yes", "another name", "no terminal"])
def test_nothing_happens_without_the_typed_name(
    answer: str | None, small: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def typed(_question: str) -> str:
        if answers[0] is None:
            raise EOFError
        return answers[0]

    answers = [answer]
    monkeypatch.setattr("builtins.input", typed)
    small.write(web={"Balancer": BALANCER})
    assert small.fail("web", {"Balancer": BALANCER}) == "ROLLBACK_FAILED"
    assert small.recover() == 3
    assert "nothing was changed" in capsys.readouterr().out
    assert small.status("web") == "ROLLBACK_FAILED"
    answers[:] = ["prod"]
    assert small.recover() == 0
    assert small.status("web") is None


def test_plan_lists_unprotected_and_deleted_resources_with_their_content(
    small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    name, resources = bucket_with_object(small, VersioningConfiguration={"Status": "Enabled"})
    small.write(storage=resources)
    assert small.fail("storage", resources) == "ROLLBACK_FAILED"
    assert small.recover("--yes") == 0
    printed = capsys.readouterr().out
    assert f"  delete    AWS::S3::Bucket {name} (1 object versions: object)" in printed
    assert "  delete    the stack" in printed
    assert small.client("s3").list_buckets()["Buckets"] == []
    assert small.deploy("storage", resources) == "CREATE_COMPLETE"


def test_locked_resources_are_kept_and_do_not_block(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    lock = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 400}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": lock}
    name, resources = bucket_with_object(small, ObjectLockEnabled=True, ObjectLockConfiguration=configuration)
    # The real one has a name that CloudFormation draws.
    small.write(audit={"Bucket": kept(resource("AWS::S3::Bucket"))})
    assert small.fail("audit", resources) == "ROLLBACK_FAILED"
    assert small.recover("--yes") == 0
    assert f"  keep      AWS::S3::Bucket {name} (1 object versions: object): its objects are locked" in (
        capsys.readouterr().out
    )
    assert small.status("audit") is None
    assert [found["Name"] for found in small.client("s3").list_buckets()["Buckets"]] == [name]


def test_stack_in_review_is_deleted(small: Small) -> None:
    small.write(web={"Web": TOPIC})
    body = json.dumps({"Resources": {"Web": TOPIC}})
    small.client("cloudformation").create_change_set(
        StackName="web", ChangeSetName="review", ChangeSetType="CREATE", TemplateBody=body
    )
    assert small.status("web") == "REVIEW_IN_PROGRESS"
    assert small.recover("--yes") == 0
    assert small.status("web") is None


def test_failed_deletion_is_completed_without_data_loss(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """It has served: its load balancer goes, and its bucket stays although its template would delete it."""
    name = f"served-{small.place.account}"
    resources = {"Balancer": BALANCER, "Bucket": resource("AWS::S3::Bucket", BucketName=name)}
    small.write(web=resources, other={"Topic": TOPIC})
    assert small.deploy("other", {"Topic": TOPIC}) == "CREATE_COMPLETE"
    assert small.deploy("web", resources) == "CREATE_COMPLETE"
    small.client("s3").put_object(Bucket=name, Key="data", Body=b"data")
    assert small.delete("web") == "DELETE_FAILED"
    assert small.recover("--yes") == 0
    assert f"  keep      AWS::S3::Bucket {name} (1 object versions: data): the stack was in service" in (
        capsys.readouterr().out
    )
    assert (small.status("web"), small.status("other")) == (None, "CREATE_COMPLETE")
    assert small.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert small.client("s3").get_object(Bucket=name, Key="data")["Body"].read() == b"data"


def test_resources_kept_by_a_failed_deletion_are_imported_if_retained(small: Small) -> None:
    name = f"retained-{small.place.account}"
    bucket = kept(resource("AWS::S3::Bucket", BucketName=name))
    resources = {"Balancer": BALANCER, "Bucket": bucket}
    small.write(web=resources)
    assert small.deploy("web", resources) == "CREATE_COMPLETE"
    small.client("s3").put_object(Bucket=name, Key="data", Body=b"data")
    assert small.delete("web") == "DELETE_FAILED"
    assert small.recover("--yes") == 0
    assert small.status("web") == "IMPORT_COMPLETE"
    assert small.deploy("web", resources) == "UPDATE_COMPLETE"
    assert small.client("s3").get_object(Bucket=name, Key="data")["Body"].read() == b"data"


@pytest.mark.parametrize(("tag", "code"), [("prod", 0), ("staging", 1)])
def test_only_the_environments_own_role_is_deleted(
    tag: str, code: int, small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    iam = small.client("iam")
    name = f"role-{small.place.account}"
    nothing = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=[{"Key": "Environment", "Value": tag}])
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
    tags = [{"Key": "Environment", "Value": "prod"}]
    small.write(web={"Role": resource("AWS::IAM::Role", RoleName=name, Tags=tags)})
    assert small.recover("--yes") == code
    left = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert (name in left) is bool(code)
    if code:
        assert f"BLOCKED   AWS::IAM::Role {name} was not created by an environment of this name" in (
            capsys.readouterr().out
        )


def test_resource_of_another_stack_is_left_alone(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    log = resource("AWS::Logs::LogGroup", LogGroupName="taken")
    assert small.deploy("somebody", {"Log": log}) == "CREATE_COMPLETE"
    small.write(web={"Log": log})
    assert small.recover("--yes") == 1
    received = capsys.readouterr()
    assert "BLOCKED   AWS::Logs::LogGroup taken belongs to the stack somebody" in received.out
    assert "fix what is BLOCKED above by hand" in received.err


def test_pending_key_deletion_is_canceled(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    kms, backup = small.client("kms"), small.client("backup")
    key = kms.create_key()["KeyMetadata"]
    backup.create_backup_vault(BackupVaultName="vault", EncryptionKeyArn=key["Arn"])
    backup.start_backup_job(
        BackupVaultName="vault",
        ResourceArn=f"arn:aws:rds:us-east-1:{small.place.account}:db:database",
        IamRoleArn=f"arn:aws:iam::{small.place.account}:role/backup",
    )
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    vault = resource(
        "AWS::Backup::BackupVault", BackupVaultName="vault", EncryptionKeyArn={"Fn::GetAtt": ["Key", "Arn"]}
    )
    small.write(recovery={"Key": kept(resource("AWS::KMS::Key")), "Vault": kept(vault)})
    assert small.recover("--yes") == 1
    assert f"is built on AWS::KMS::Key {key['KeyId']}: it is PendingDeletion. Cancel the key's deletion first" in (
        capsys.readouterr().out
    )
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    kms.enable_key(KeyId=key["KeyId"])
    assert small.recover("--yes") == 0
    assert small.status("recovery") == "IMPORT_COMPLETE"


def test_stack_with_termination_protection_is_left_alone(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    small.write(web={"Balancer": BALANCER})
    small.fail("web", {"Balancer": BALANCER}, protected=True)
    assert small.recover("--yes") == 1
    assert "BLOCKED   termination protection is enabled" in capsys.readouterr().out
    assert small.status("web") == "ROLLBACK_FAILED"


def test_failed_rollback_is_continued(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    token = library_function(small, "Custom::AWS")

    def puts_into(bucket: str) -> dict[str, Any]:
        parameters = {"Bucket": f"{bucket}-{small.place.account}", "Key": "object", "Body": "x"}
        put = {"service": "S3", "action": "putObject", "parameters": parameters, "physicalResourceId": {"id": "object"}}
        call = json.dumps(put)
        return {"Object": resource("Custom::AWS", ServiceToken=token, Create=call, Update=call)}

    s3 = small.client("s3")
    for bucket in ("before", "after"):
        s3.create_bucket(Bucket=f"{bucket}-{small.place.account}")
    small.write(web=puts_into("after"))
    assert small.deploy("web", puts_into("before")) == "CREATE_COMPLETE"
    s3.delete_object(Bucket=f"before-{small.place.account}", Key="object")
    s3.delete_bucket(Bucket=f"before-{small.place.account}")
    assert small.fail("web", puts_into("after")) == "UPDATE_ROLLBACK_FAILED"
    assert small.recover("--yes") == 1
    received = capsys.readouterr()
    assert "  continue  the rollback of its update" in received.out
    assert "--resources-to-skip LOGICAL_ID" in received.err
    s3.create_bucket(Bucket=f"before-{small.place.account}")
    assert small.recover("--yes") == 0
    assert small.status("web") == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("code", "received"),
    [
        ("AccessDenied", "AWS denied it"),
        ("AccessDeniedException", "Try AWS_PROFILE=… make recover ENV=prod, with a profile of the account"),
        ("ThrottlingException", "AWS throttled it"),
        ("InternalFailure", "An error occurred (InternalFailure)"),
    ],
)
@pytest.mark.parametrize("when", ["plan", "carry_out"])
def test_rejections_are_distinguished(  # noqa: PLR0917 - three of them are fixtures
    when: str,
    code: str,
    received: str,
    small: Small,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(*_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "not this"}}, "DescribeStacks")

    small.write(web={"Balancer": BALANCER})
    small.fail("web", {"Balancer": BALANCER})
    monkeypatch.setattr(recovery, when, refused)
    assert small.recover("--yes") == 1
    output = capsys.readouterr().err
    assert received in output
    assert ("Nothing was changed" if when == "plan" else "it resumes from here") in output
    assert small.status("web") == "ROLLBACK_FAILED"


def test_pipeline_credentials_use_the_environments_roles(
    assembly: "CloudAssembly", cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They may delete stacks there; AWS may refuse them what is not CloudFormation's, which is said beforehand."""
    log = "/aws/rds/instance/yawl-staging/upgrade"
    staging = cloud.in_account("logs", AwsEnvironment("333333333333", "us-east-1"))
    staging.create_log_group(logGroupName=log)
    for kind in ("lookup", "deploy"):
        role = f"cdk-hnb659fds-{kind}-role-333333333333-us-east-1"
        powerful_role(Account(cloud, AwsEnvironment("333333333333", "us-east-1")), role)
    reach(monkeypatch, cloud, "111111111111")
    assert main(["--assembly", assembly.directory, "recover", "staging", "--yes"]) == 0
    printed = capsys.readouterr().out
    assert f"delete    AWS::Logs::LogGroup {log}" in printed
    assert "make recover ENV=staging, with a profile of the account 333333333333" in printed
    assert staging.describe_log_groups(logGroupNamePrefix=log)["logGroups"] == []


def test_resources_older_than_the_stack_are_not_its_own(
    small: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, resources = bucket_with_object(small)
    small.write(storage=resources)
    assert small.fail("storage", resources) == "ROLLBACK_FAILED"
    monkeypatch.setattr(recovery.planning, "CLOCK_TOLERANCE", timedelta(hours=-1))
    assert small.recover("--yes") == 0
    assert f"  keep      AWS::S3::Bucket {name} (1 object versions: object): it is older than the stack" in (
        capsys.readouterr().out
    )
    assert small.status("storage") == "IMPORT_COMPLETE"
    assert small.client("s3").get_object(Bucket=name, Key="object")["Body"].read() == b"x"


def test_interrupted_recovery_reports_what_remains() -> None:
    """A key without an alias: once its stack is gone, no plan finds it again."""
    key = live_resources.LiveResource(kind="AWS::KMS::Key", name="one")
    other = live_resources.LiveResource(kind="AWS::KMS::Key", name="other")
    part = recovery.Part(stack=cast(Any, None), state="", deleted_later=(key, other))
    assert recovery.not_yet_deleted([part], [f"deleted {key}"]) == [str(other)]


def test_data_that_would_be_deleted_needs_a_decision(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier environment left it; the present template would not retain it, so importing it would lose it later."""
    name, resources = bucket_with_object(small)
    small.client("s3").create_bucket(Bucket=name)
    small.client("s3").put_object(Bucket=name, Key="precious", Body=b"data")
    bucket = {
        key: value for key, value in resources["Bucket"].items() if key not in ("DeletionPolicy", "UpdateReplacePolicy")
    }
    small.write(storage={"Bucket": bucket})
    assert small.recover("--yes") == 1
    printed = capsys.readouterr()
    assert "it has data that the new stack would not retain" in printed.out + printed.err
    assert small.client("s3").get_object(Bucket=name, Key="precious")["Body"].read() == b"data"


def test_bad_input_is_reported_without_credentials(
    small: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write(web={"Web": TOPIC})
    monkeypatch.setenv("AWS_PROFILE", "nope")
    assert small.recover(environment="qa") == 2
    assert "there is no environment qa" in capsys.readouterr().err
    assert small.recover() == 2
    assert "nope" in capsys.readouterr().err

"""docs/RUNBOOKS.md: its commands are run against an emulated prod, and what they leave is compared with what it says.

The runbooks run one after the other, in the document's order. Its objectives are those of the templates.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloud_assembly import read
from rehearsal.engine.cloud import Cloud
from tests.paths import ROOT
from tests.rehearsal.emulator.cli_shell import Run, run_script
from tests.rehearsal.emulator.emulated_prod import ACCOUNT, ELSEWHERE, HERE, emulated_prod
from tools.accounts.recovery_objectives import table

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

DOCUMENT = (ROOT / "docs" / "RUNBOOKS.md").read_text()
PREPARATION = "Before you begin"
STUCK = "The pipeline is stuck"
COPIES = f"yawl-prod-backups-{ACCOUNT}-us-west-2"
USAGE_ERRORS = (2, 252)
"""The CLI's exit codes for options that it does not know or lacks."""
PLACEMENT = ("DBSubnetGroup", "VpcSecurityGroups", "MultiAZ", "PubliclyAccessible", "DeletionProtection")
"""What a database that takes another's place must have in common with it."""


def sections() -> dict[str, str]:
    """Return the commands of each section, as one script."""
    _, *parts = re.split(r"^## (.+)$", DOCUMENT, flags=re.MULTILINE)
    blocks = {
        title: re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }
    return {title: "".join(found) for title, found in blocks.items() if found}


def section(title: str) -> str:
    """Return the text below a heading."""
    return DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]


SCRIPTS = sections()


@pytest.fixture(scope="module")
def prod(assembly: "CloudAssembly", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulated prod, with what a night's backup leaves here and in the other region."""
    with emulated_prod(assembly, tmp_path_factory.mktemp("prod")) as cloud:
        # What the pipeline creates when the region is lost.
        cloud.in_account("rds", ELSEWHERE).create_db_instance(
            DBInstanceIdentifier="yawl-prod-west",
            DBInstanceClass="db.t3.small",
            Engine="postgres",
            VpcSecurityGroupIds=["sg-west"],
        )
        for place in (HERE, ELSEWHERE):
            cloud.in_account("backup", place).start_backup_job(
                BackupVaultName="yawl-prod",
                ResourceArn=f"arn:aws:rds:us-east-1:{ACCOUNT}:db:yawl-prod",
                IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/backup",
            )
        cloud.in_account("s3", ELSEWHERE).put_object(Bucket=COPIES, Key="gone", Body=b"what was lost")
        # ECS would register its tasks.
        application = cloud.in_account("cloudformation", HERE).describe_stacks(StackName="yawl-prod-application")
        outputs = {one["OutputKey"]: one["OutputValue"] for one in application["Stacks"][0]["Outputs"]}
        cloud.in_account("elbv2", HERE).register_targets(
            TargetGroupArn=outputs["TargetGroupArn"], Targets=[{"Id": "10.0.3.10"}, {"Id": "10.0.4.10"}]
        )
        yield cloud


def run(prod: Cloud, title: str, **replaced: str) -> Run:
    """Run a runbook's commands, with other values of its variables."""
    script = SCRIPTS[title]
    for name, value in replaced.items():
        script, count = re.subn(rf"^{name}=\S+$", f"{name}={value}", script, flags=re.MULTILINE)
        assert count == 1, name
    running: list[int] = []

    def count_tasks(call: list[str]) -> None:
        if call[:2] == ["ecs", "stop-task"]:
            running.append(len(tasks(prod)))

    done = run_script(prod, ACCOUNT, f"{SCRIPTS[PREPARATION]}\n{script}", after_call=count_tasks)
    done.running = running
    return done


def tasks(prod: Cloud) -> list[str]:
    """Return the ids of the running tasks."""
    found = prod.in_account("ecs", HERE).list_tasks(cluster="yawl-prod", desiredStatus="RUNNING")["taskArns"]
    return [arn.rpartition("/")[2] for arn in found]


def database(prod: Cloud, identifier: str = "yawl-prod", place: Any = HERE) -> dict[str, Any]:
    """Return an instance as RDS describes it."""
    [found] = prod.in_account("rds", place).describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    return found


def service(prod: Cloud) -> dict[str, Any]:
    """Return the service as ECS describes it."""
    ecs = prod.in_account("ecs", HERE)
    [arn] = ecs.list_services(cluster="yawl-prod")["serviceArns"]
    [found] = ecs.describe_services(cluster="yawl-prod", services=[arn])["services"]
    return found


def physical(prod: Cloud, part: str, resource_type: str, beginning: str) -> str:
    """Return the name of a stack's resource."""
    found = prod.in_account("cloudformation", HERE).describe_stack_resources(StackName=f"yawl-prod-{part}")
    [name] = [
        one["PhysicalResourceId"]
        for one in found["StackResources"]
        if one["ResourceType"] == resource_type and one["LogicalResourceId"].startswith(beginning)
    ]
    return name


def now() -> str:
    """Return the time in UTC, in full seconds, when the next second has begun."""
    time.sleep(1.01 - time.time() % 1)
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture(scope="module")
def before(prod: Cloud) -> dict[str, Any]:
    """The database and the service before the mistake."""
    return {"database": database(prod), "service": service(prod)}


@pytest.fixture(scope="module")
def good() -> str:
    """The last good moment."""
    return f"{now()}Z"


@pytest.fixture(scope="module")
def done(prod: Cloud, before: dict[str, Any], good: str) -> Run:
    """The runbook, after a mistake."""
    assert before["service"]["runningCount"] == 2
    # The mistake: it is later than the last good moment, and the restore is later still.
    assert now() > good.removesuffix("Z")
    return run(prod, "Restore the database to a point in time", GOOD=good)


class TestARestoredDatabase:
    """Restore the database to a point in time."""

    def test_is_of_the_moment_before_the_mistake(self, done: Run, good: str) -> None:
        assert done.option("--restore-time", "restore-db-instance-to-point-in-time") == good
        assert not [call for call in done.calls if "--use-latest-restorable-time" in call]

    @pytest.mark.parametrize("key", PLACEMENT)
    def test_is_where_the_one_before_was(self, prod: Cloud, done: Run, before: dict[str, Any], key: str) -> None:
        assert done.calls
        assert database(prod)[key] == before["database"][key]

    def test_has_the_other_settings_too(self, prod: Cloud, done: Run, before: dict[str, Any]) -> None:
        found, former = database(prod), before["database"]
        group = [one["DBParameterGroupName"] for one in found["DBParameterGroups"]]
        assert group == [one["DBParameterGroupName"] for one in former["DBParameterGroups"]]
        same = ("BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow", "MaxAllocatedStorage")
        assert [found[key] for key in same] == [former[key] for key in same]
        assert found["KmsKeyId"] == former["KmsKeyId"]
        assert found["MonitoringInterval"] == former["MonitoringInterval"] == 60
        assert "--enable-performance-insights" in done.calls[done.first("--performance-insights-kms-key-id")]

    def test_is_another_instance_and_the_former_one_is_kept(
        self, prod: Cloud, done: Run, before: dict[str, Any]
    ) -> None:
        assert done.calls
        assert database(prod, "yawl-prod-before")["DbiResourceId"] == before["database"]["DbiResourceId"]
        assert database(prod)["DbiResourceId"] != before["database"]["DbiResourceId"]

    def test_has_the_password_that_the_tasks_read(self, prod: Cloud, done: Run, before: dict[str, Any]) -> None:
        secret = prod.in_account("secretsmanager", HERE).get_secret_value(
            SecretId=before["database"]["MasterUserSecret"]["SecretArn"]
        )["SecretString"]
        assert done.option("--master-user-password", "yawl-prod") == json.loads(secret)["password"]

    def test_has_a_secret_of_its_own_in_the_end(self, prod: Cloud, done: Run, before: dict[str, Any]) -> None:
        assert done.calls
        own, former = database(prod)["MasterUserSecret"], before["database"]["MasterUserSecret"]
        assert own["SecretArn"] != former["SecretArn"]

    def test_is_swapped_while_no_task_runs_and_scaling_is_suspended(self, done: Run) -> None:
        steps = [
            done.first("register-scalable-target", _suspended("true")),
            done.first("update-service", "--desired-count", "0"),
            done.first("--new-db-instance-identifier", "yawl-prod-before"),
            done.first("--new-db-instance-identifier", "yawl-prod"),
            done.first("--master-user-password"),
            done.first("update-service", "--desired-count", "2"),
            done.first("register-scalable-target", _suspended("false")),
        ]
        assert steps == sorted(steps)

    def test_serves_with_as_many_tasks_and_the_same_limits(
        self, prod: Cloud, done: Run, before: dict[str, Any]
    ) -> None:
        assert done.calls
        found = service(prod)
        assert found["desiredCount"] == found["runningCount"] == before["service"]["desiredCount"]
        [target] = prod.in_account("application-autoscaling", HERE).describe_scalable_targets(ServiceNamespace="ecs")[
            "ScalableTargets"
        ]
        assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 6)
        assert set(target["SuspendedState"].values()) == {False}


def _suspended(state: str) -> str:
    activities = ("DynamicScalingIn", "DynamicScalingOut", "ScheduledScaling")
    return ",".join(f"{activity}Suspended={state}" for activity in activities)


def test_database_that_is_gone_comes_back_in_its_network(prod: Cloud) -> None:
    rds = prod.in_account("rds", HERE)
    former = database(prod)
    rds.modify_db_instance(DBInstanceIdentifier="yawl-prod", DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier="yawl-prod", SkipFinalSnapshot=True)
    run(prod, "The database is gone")
    found = database(prod)
    assert found["DBSubnetGroup"]["DBSubnetGroupName"] == former["DBSubnetGroup"]["DBSubnetGroupName"]
    groups = [group["VpcSecurityGroupId"] for group in found["VpcSecurityGroups"]]
    assert groups == [physical(prod, "network", "AWS::EC2::SecurityGroup", "DatabaseSecurityGroup")]
    [parameters] = found["DBParameterGroups"]
    assert parameters["DBParameterGroupName"] == physical(prod, "database", "AWS::RDS::DBParameterGroup", "Parameters")
    assert found["DeletionProtection"]
    assert found["MasterUserSecret"]["SecretArn"]


def test_bucket_gets_back_what_was_lost_since_a_moment_and_nothing_else(prod: Cloud) -> None:
    s3, bucket = prod.in_account("s3", HERE), physical(prod, "storage", "AWS::S3::Bucket", "BackupBucket")
    for key in ("deleted", "over written", "deleted earlier", "untouched"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"good")
    s3.delete_object(Bucket=bucket, Key="deleted earlier")
    since = now()
    s3.delete_object(Bucket=bucket, Key="deleted")
    s3.put_object(Bucket=bucket, Key="over written", Body=b"bad")
    run(prod, "Restore a bucket", SINCE=since)
    found = {one["Key"]: one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert found.keys() == {"deleted", "over written", "untouched", "gone"}
    bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in found}
    assert bodies == {"deleted": b"good", "over written": b"good", "untouched": b"good", "gone": b"what was lost"}


def test_after_the_loss_of_a_zone_all_tasks_run_and_the_database_has_failed_over(prod: Cloud) -> None:
    done = run(prod, "An availability zone is lost")
    assert "--force-failover" in done.calls[done.first("reboot-db-instance")]
    found = service(prod)
    assert found["desiredCount"] == 2
    assert not done.running, "a forced deployment replaces tasks; nobody stops one"


def test_in_the_other_region_the_newest_recovery_point_is_in_the_network_of_the_new_instance(prod: Cloud) -> None:
    run(prod, "The region is lost")
    like, restored = (database(prod, name, ELSEWHERE) for name in ("yawl-prod-west", "yawl-prod-west-restored"))
    assert [group["VpcSecurityGroupId"] for group in restored["VpcSecurityGroups"]] == ["sg-west"]
    assert restored["DBSubnetGroup"]["DBSubnetGroupName"] == like["DBSubnetGroup"]["DBSubnetGroupName"]
    [job] = prod.in_account("backup", ELSEWHERE).list_restore_jobs()["RestoreJobs"]
    assert "role/yawl-prod-recovery-RestoreRole" in job["IamRoleArn"]


def test_after_a_leak_both_passwords_are_new_before_tasks_are_replaced(prod: Cloud) -> None:
    secrets = prod.in_account("secretsmanager", HERE)
    names = {
        "database": database(prod)["MasterUserSecret"]["SecretArn"],
        "engine": physical(prod, "application", "AWS::SecretsManager::Secret", "EngineCredentials"),
    }

    def values() -> dict[str, dict[str, str]]:
        return {key: json.loads(secrets.get_secret_value(SecretId=name)["SecretString"]) for key, name in names.items()}

    leaked = values()
    done = run(prod, "A secret has leaked")
    for key, value in values().items():
        assert value["username"] == leaked[key]["username"]
        assert value["password"] != leaked[key]["password"]
    assert len(values()["engine"]["password"]) == 64
    replaced = [index for index, call in enumerate(done.calls) if "--force-new-deployment" in call]
    assert done.first("--rotate-master-user-password") < replaced[0] < done.first("put-secret-value") < replaced[1]


def test_of_each_certificate_the_state_and_the_expiry_are_shown(prod: Cloud) -> None:
    acm = prod.in_account("acm", HERE)
    arn = acm.request_certificate(DomainName="yawl.example.org", ValidationMethod="DNS")["CertificateArn"]
    [line] = run(prod, "A certificate has expired").output.splitlines()
    assert line.split("\t")[0] == "yawl.example.org"
    assert line.split("\t")[-1] == arn


@pytest.fixture(scope="module")
def former(prod: Cloud) -> list[str]:
    """The tasks before the runbook."""
    service(prod)
    return tasks(prod)


@pytest.fixture(scope="module")
def replacement(prod: Cloud, former: list[str]) -> Run:
    """The runbook, with the second task as the active one."""
    assert len(former) >= 2
    # The active task is the second of the list, and alone logs metrics.
    logs = prod.in_account("logs", HERE)
    group = physical(prod, "application", "AWS::Logs::LogGroup", "Log")
    stream = f"yawl/yawl/{former[1]}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": int(time.time() * 1000), "message": json.dumps({"LeaderEpoch": 12})}],
    )
    return run(prod, "The engine does not answer")


class TestAnEngineThatDoesNotAnswer:
    """The engine does not answer."""

    def test_loses_its_active_task_first(self, replacement: Run, former: list[str]) -> None:
        assert replacement.option("--task", "stop-task") == former[1]

    def test_loses_one_task_at_a_time(self, replacement: Run, former: list[str]) -> None:
        assert replacement.running == [len(former) - 1] * len(former)

    def test_has_only_new_tasks_in_the_end(self, prod: Cloud, replacement: Run, former: list[str]) -> None:
        assert replacement.calls
        assert service(prod)["runningCount"] == service(prod)["desiredCount"] == 2
        assert not set(tasks(prod)) & set(former)


NOT_RUN = [
    *re.findall(r"^    (?:NEW=\$\()?(aws .+?)\)?$", DOCUMENT, re.MULTILINE),
    *re.findall(r"^(aws .+)$", section(STUCK), re.MULTILINE),
]
"""Commands that nothing runs: the emulator has no execution that hangs, no leaked key and no zone of a domain."""


@pytest.mark.parametrize("command", NOT_RUN)
def test_cli_accepts_a_command_that_nothing_runs(command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{command} --generate-cli-skeleton output"],
        env={"PATH": os.environ["PATH"], "AWS_CONFIG_FILE": os.devnull, "NEW": "arn:aws:acm:us-east-1:1:certificate/1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode not in USAGE_ERRORS, done.stderr


def test_bootstrap_update_follows_the_guide() -> None:
    """test_deployment_guide.py runs what stands there."""
    [command] = re.findall(r"^    (AWS_PROFILE=.+)$", section("The bootstrap is too old"), re.MULTILINE)
    assert command in (ROOT / "docs" / "DEPLOYMENT_GUIDE.md").read_text().splitlines()


@pytest.mark.parametrize("title", re.findall(r"^## (.+)$", DOCUMENT, re.MULTILINE)[2:])
def test_each_runbook_says_when_and_how_long_and_has_commands(title: str) -> None:
    text = section(title)
    assert "*Time*: " in text
    assert "*When*: " in text
    assert "```sh" in text or "\n    AWS_PROFILE=" in text


def test_objectives_match_the_templates(assembly: "CloudAssembly") -> None:
    # Those of the settings that tests know; `make docs` writes those of delivery.toml.
    found = table(read(Path(assembly.directory)))
    assert "| prod | data, by mistake | 5 min | 55 min | point-in-time restore, within 30 days |" in found
    assert "| prod | the region | 31 h; backup bucket 15 min | 2 h | the copies |" in found
    assert "| dev | the region | everything | — | no copies: `recovery.copy_region` |" in found
    assert "| staging | instance and automated backups | 31 h |" in found
    assert found in DOCUMENT

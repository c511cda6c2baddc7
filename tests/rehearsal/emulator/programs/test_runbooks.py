"""docs/RUNBOOKS.md: its commands are run against an emulated prod, and its objectives are those of the templates."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloud_assembly import AwsEnvironment, read
from rehearsal.engine.cloud import Cloud
from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress
from tests.environment_stacks import deployment_order
from tests.paths import ROOT
from tools.accounts.recovery_objectives import table

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

DOCUMENT = (ROOT / "docs" / "RUNBOOKS.md").read_text()
ACCOUNT = "444444444444"
HERE, ELSEWHERE = AwsEnvironment(ACCOUNT, "us-east-1"), AwsEnvironment(ACCOUNT, "us-west-2")
UNUSED = ("firewall", "audit", "distribution", "monitoring")
"""Stacks that no runbook uses."""
PREPARATION = "Before you begin"
STUCK = "The pipeline is stuck"
EVERY_CALL = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
"""The first generation of the CLI asks RDS in us-east-1 at its own address, whatever the variable says."""


def sections() -> dict[str, str]:
    """Return the commands of each section, as one script."""
    _, *parts = re.split(r"^## (.+)$", DOCUMENT, flags=re.MULTILINE)
    blocks = {title: re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE) for title, text in _pairs(parts)}
    return {title: "".join(found) for title, found in blocks.items() if found}


def _pairs(parts: list[str]) -> Iterator[tuple[str, str]]:
    yield from zip(parts[::2], parts[1::2], strict=True)


def section(title: str) -> str:
    """Return the text below a heading."""
    return DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]


SCRIPTS = sections()
RUNBOOKS = [title for title in SCRIPTS if title != PREPARATION]


@pytest.fixture(scope="module")
def prod(assembly: "CloudAssembly", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulated prod, with what a night's backup and a deleted object leave."""
    directory = tmp_path_factory.mktemp("prod")
    processes = Processes()
    try:
        cloud = EmulatorSetup(Progress(directory / "logs", lambda _: None), processes, directory).start_emulator()
        for place in (HERE, ELSEWHERE):
            cloud.in_account("ssm", place).put_parameter(
                Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
            )
        stacks = {stack.stack_name: stack for stack in assembly.stacks_recursively}
        for part in deployment_order("prod"):
            if part in UNUSED:
                continue
            stack = stacks[f"yawl-prod-{part}"]
            cloudformation = cloud.in_account("cloudformation", AwsEnvironment(ACCOUNT, stack.environment.region))
            body = Path(stack.template_full_path).read_text()
            cloudformation.create_stack(
                StackName=stack.stack_name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
            )
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=stack.stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        # What the pipeline makes anew when the region is lost.
        cloud.in_account("rds", ELSEWHERE).create_db_instance(
            DBInstanceIdentifier="yawl-prod-west", DBInstanceClass="db.t3.small", Engine="postgres"
        )
        cloud.in_account("backup", ELSEWHERE).start_backup_job(
            BackupVaultName="yawl-prod",
            ResourceArn=f"arn:aws:rds:us-east-1:{ACCOUNT}:db:yawl-prod",
            IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/backup",
        )
        cloud.in_account("s3", ELSEWHERE).put_object(
            Bucket=f"yawl-prod-backups-{ACCOUNT}-us-west-2", Key="backup", Body=b"what was lost"
        )
        yield cloud
    finally:
        processes.end_all()


def run(cloud: Cloud, script: str) -> str:
    """Run a script as somebody would type it, and stop at the first command that fails."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
    }
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{EVERY_CALL}\n{SCRIPTS[PREPARATION]}\n{script}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("title", [title for title in RUNBOOKS if title != STUCK])
def test_a_runbooks_commands_run(title: str, prod: Cloud) -> None:
    run(prod, SCRIPTS[title])


@pytest.mark.parametrize("command", re.findall(r"^(?:    )?(aws .+)$", section(STUCK), re.MULTILINE))
def test_commands_for_a_pipeline_that_is_stuck_are_ones_the_cli_takes(command: str) -> None:
    """The emulator has no execution that hangs; the CLI itself says whether it would ask."""
    done = subprocess.run(
        ["bash", "-c", f"{command} --generate-cli-skeleton output"],
        env={"PATH": os.environ["PATH"], "AWS_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_bootstrap_that_is_too_old_is_renewed_as_the_guide_bootstraps() -> None:
    """test_deployment_guide.py runs what stands there."""
    [command] = re.findall(r"^    (AWS_PROFILE=.+)$", section("The bootstrap is too old"), re.MULTILINE)
    assert command in (ROOT / "docs" / "DEPLOYMENT_GUIDE.md").read_text().splitlines()


def test_the_restored_database_has_taken_the_name(prod: Cloud) -> None:
    databases = prod.in_account("rds", HERE).describe_db_instances()["DBInstances"]
    assert {"yawl-prod", "yawl-prod-before"} <= {found["DBInstanceIdentifier"] for found in databases}


def test_what_lay_in_the_other_region_is_back(prod: Cloud) -> None:
    s3 = prod.in_account("s3", HERE)
    [bucket] = [item["Name"] for item in s3.list_buckets()["Buckets"] if "-backupbucket" in item["Name"]]
    assert s3.get_object(Bucket=bucket, Key="backup")["Body"].read() == b"what was lost"


def test_the_newest_recovery_point_was_restored_in_the_other_region(prod: Cloud) -> None:
    found = prod.in_account("rds", ELSEWHERE).describe_db_instances()["DBInstances"]
    assert {one["DBInstanceIdentifier"] for one in found} == {"yawl-prod-west", "yawl-prod-west-restored"}
    [job] = prod.in_account("backup", ELSEWHERE).list_restore_jobs()["RestoreJobs"]
    assert "role/yawl-prod-recovery-RestoreRole" in job["IamRoleArn"]


@pytest.mark.parametrize(
    "case",
    [
        *("Restore the database to a point in time", "Restore a bucket", "An availability zone is lost"),
        *("The region is lost", "A secret has leaked", "A certificate has expired", "The engine is wedged"),
        *(STUCK, "The bootstrap is too old"),
    ],
)
def test_each_case_has_a_runbook_with_a_time(case: str) -> None:
    text = DOCUMENT.split(f"## {case}\n")[1].split("\n## ")[0]
    assert "*Time*: " in text
    assert "*When*: " in text


def test_the_objectives_are_those_of_the_templates(assembly: "CloudAssembly") -> None:
    # Those of the settings that tests know; `make docs` writes those of delivery.toml.
    found = table(read(Path(assembly.directory)))
    assert "| prod | data, by mistake | 5 min | 55 min | point-in-time restore, within 30 days |" in found
    assert "| prod | the region | 31 h; backup bucket 15 min | 2 h | the copies |" in found
    assert "| dev | the region | everything | — | no copies: `recovery.copy_region` |" in found
    assert "| staging | instance and automated backups | 31 h |" in found
    assert found in DOCUMENT

"""The change review against an account: what is deployed there, through the role that may look, against an assembly."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from execution_policies.generate import FILE, AccountPolicies, generate, write
from rehearsal.engine.cloud import Credentials
from tests.paths import ROOT
from tests.rehearsal.emulator.conftest import Account, resource

SECRET = resource("AWS::SecretsManager::Secret", Name="yawl-test-one", Description="one")
TOPIC = resource("AWS::SNS::Topic", DisplayName="one")
ANYBODY = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}


def tagged(environment: str, **properties: Any) -> dict[str, Any]:
    """A topic of the environment."""
    return resource("AWS::SNS::Topic", Tags=[{"Key": "Environment", "Value": environment}], **properties)


ROLE = resource("AWS::IAM::Role", AssumeRolePolicyDocument=ANYBODY)


class Bench:
    """A release of one environment, `test`, in an account, and what the review says of it."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.folder = folder
        self.role: str | None = None
        self.execution_role = f"cdk-hnb659fds-cfn-exec-role-{account.place.account}-{account.place.region}"
        self.endpoint = account.cloud.endpoint

    def deployed(self, part: str, **resources: Any) -> None:
        Account(self.account.cloud, self.account.place, f"yawl-test-{part}").deploy(**resources)

    def review(
        self, *, settings: str = "", last: str | None = None, **parts: dict[str, Any]
    ) -> subprocess.CompletedProcess[str]:
        """Review a release of these stacks, of which `last` is deployed last: `database={"Secret": …}`."""
        self.folder.mkdir(exist_ok=True)
        place = self.account.place
        artifacts: dict[str, Any] = {}
        for part, resources in parts.items():
            (self.folder / f"{part}.json").write_text(json.dumps({"Resources": resources}))
            properties: dict[str, Any] = {
                "stackName": f"yawl-test-{part}",
                "templateFile": f"{part}.json",
                "cloudFormationExecutionRoleArn": f"arn:aws:iam::{place.account}:role/{self.execution_role}",
            }
            if self.role:
                properties["lookupRole"] = {"arn": self.role.replace("arn:aws:", "arn:${AWS::Partition}:")}
            artifacts[part] = {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{place.account}/{place.region}",
                "properties": properties,
            }
        (self.folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
        (self.folder / "delivery.toml").write_text(f"[environments.test]\naccount = '1'\n{settings}")
        caller = Credentials("999999999999" if self.role else place.account)
        return subprocess.run(
            [
                *(sys.executable, "-m", "jobs.change_review", "--environment", "test", "--stage", str(self.folder)),
                *("--settings", str(self.folder / "delivery.toml"), "--output", str(self.folder / "report")),
                *(("--last-stack", f"yawl-test-{last}") if last else ()),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                **self.account.cloud.environment(place.region, caller),
                "AWS_ENDPOINT_URL": self.endpoint,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def bench(account: Account, tmp_path: Path) -> Bench:
    return Bench(account, tmp_path / "stage")


def test_first_deployment_passes(bench: Bench) -> None:
    done = bench.review(database={"Secret": SECRET}, monitoring={"Topic": TOPIC})
    assert done.returncode == 0, done.stderr
    assert "test (first deployment): resources 2 added, in 2 of 2 stacks" in done.stdout


def test_unchanged_release_reports_no_changes(bench: Bench) -> None:
    bench.deployed("database", Secret=SECRET)
    done = bench.review(database={"Secret": SECRET})
    assert done.returncode == 0, done.stderr
    assert "test: nothing changes" in done.stdout
    assert (bench.folder / "report" / "change-review.txt").read_text() == "test: nothing changes\n"


def test_partial_first_deployment_passes(bench: Bench) -> None:
    bench.deployed("database", Secret=SECRET)
    parts = {"database": {"Secret": SECRET}, "application": {"Role": ROLE}, "monitoring": {"Topic": TOPIC}}
    done = bench.review(last="monitoring", **parts)
    assert done.returncode == 0, done.stdout
    assert "test (first deployment): resources 2 added, in 2 of 3 stacks" in done.stdout
    bench.deployed("monitoring", Topic=TOPIC)
    done = bench.review(last="monitoring", **parts)
    assert done.returncode == 1, done.stdout
    assert "yawl-test-application broadens permissions" in done.stdout


def test_replaced_secret_stops_until_the_printed_toml_is_accepted(bench: Bench) -> None:
    bench.deployed("database", Secret=SECRET)
    renamed = resource("AWS::SecretsManager::Secret", Name="yawl-test-two", Description="one")
    done = bench.review(database={"Secret": renamed})
    assert done.returncode == 1, done.stderr
    assert "Secret (AWS::SecretsManager::Secret) would be replaced, because Name changes" in done.stdout
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if "accepted_changes" in line)
    table = "\n".join(line.strip() for line in lines[start : start + 4]).replace("…", "the value is made anew")
    done = bench.review(settings=table, database={"Secret": renamed})
    assert done.returncode == 0, done.stdout
    assert "accepted because: the value is made anew" in done.stdout
    assert "the value is made anew" in (bench.folder / "report" / "change-review.html").read_text()


def test_stack_that_is_no_longer_released_is_a_change_and_stops_until_it_is_accepted(bench: Bench) -> None:
    database = {"Secret": SECRET, "Topic": tagged("test")}
    bench.deployed("database", **database)
    bench.deployed("former", Topic=tagged("test"))
    done = bench.review(database=database)
    assert done.returncode == 1, done.stderr
    assert "1 stack is no longer part of test, and left behind" in done.stdout
    assert "holds: Topic (AWS::SNS::Topic) of yawl-test-former" in done.stdout
    # The approval is skipped only if the summary says that nothing changes.
    summary = bench.folder / "report" / "change-review.txt"
    assert "1 stack left behind" in summary.read_text()
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if "accepted_changes" in line)
    table = "\n".join(line.strip() for line in lines[start : start + 4]).replace("…", "its subscribers know")
    accepted = bench.review(settings=table, database=database)
    assert accepted.returncode == 0, accepted.stdout
    assert "1 stack left behind" in summary.read_text()


def test_other_account_is_read_through_its_lookup_role(bench: Bench) -> None:
    bench.deployed("database", Secret=SECRET)
    made = bench.account.client("iam").create_role(RoleName="lookup", AssumeRolePolicyDocument=json.dumps(ANYBODY))
    bench.role = made["Role"]["Arn"]
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    bench.account.client("iam").attach_role_policy(RoleName="lookup", PolicyArn=read_only)
    done = bench.review(database={"Secret": SECRET})
    assert done.returncode == 0, done.stderr
    assert "test: nothing changes" in done.stdout


def test_unreachable_account_is_an_error(bench: Bench) -> None:
    """The emulator lets anybody assume anything; an address where nobody listens refuses as surely."""
    bench.role = f"arn:aws:iam::{bench.account.place.account}:role/lookup"
    bench.endpoint = "http://localhost:9"
    done = bench.review(database={"Secret": SECRET})
    assert done.returncode == 2, done.stdout
    assert "yawl-test-database in" in done.stderr
    assert f"through {bench.role}" in done.stderr
    assert "AWS cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


class TestLeastPrivilege:
    """What CloudFormation may do in the account, against what the release takes."""

    @staticmethod
    def needs(bench: Bench, **parts: dict[str, Any]) -> AccountPolicies:
        """Write what the release takes beside the stage, as synthesis does."""
        bench.review(settings="", last=None, **parts)
        write(bench.folder)
        (bench.folder / FILE).rename(bench.folder.parent / FILE)
        [found] = generate(bench.folder)
        return found

    @staticmethod
    def granted(bench: Bench, policies: AccountPolicies) -> None:
        """Grant it, as a bootstrap does."""
        role = resource("AWS::IAM::Role", AssumeRolePolicyDocument=ANYBODY, RoleName=bench.execution_role)
        role["Properties"]["ManagedPolicyArns"] = policies.arns
        role["DependsOn"] = [name for name in policies.template()["Resources"] if name.startswith("Execution")]
        bench.account.deploy(**policies.template()["Resources"], Role=role)

    def test_release_without_new_permissions_passes(self, bench: Bench) -> None:
        parts = {"database": {"Secret": SECRET}, "monitoring": {"Topic": TOPIC}}
        self.granted(bench, self.needs(bench, **parts))
        done = bench.review(**parts)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "CloudFormation" not in done.stdout

    def test_release_with_new_permissions_stops_with_the_command_to_grant_them(self, bench: Bench) -> None:
        self.granted(bench, self.needs(bench, monitoring={"Topic": TOPIC}))
        parts = {"monitoring": {"Topic": TOPIC, "Queue": resource("AWS::SQS::Queue")}}
        self.needs(bench, **parts)
        done = bench.review(**parts)
        assert done.returncode == 1, done.stdout + done.stderr
        place = bench.account.place
        assert f"CloudFormation lacks permissions in {place.account}, {place.region} for this release" in done.stdout
        assert f"+ sqs:CreateQueue on arn:aws:sqs:{place.region}:{place.account}:yawl-test-monitoring*" in done.stdout
        assert "sns:" not in done.stdout
        command = f"make bootstrap ARGS='--least-privilege --account {place.account}'"
        assert command in done.stdout
        assert f"--account {place.account}" in (bench.folder / "report" / "change-review.html").read_text()
        assert "CloudFormation needs more permissions" in (bench.folder / "report" / "change-review.txt").read_text()
        # Nothing in delivery.toml lets it through.
        assert "accepted_changes" not in done.stdout

    def test_missing_permissions_boundary_is_reported(self, bench: Bench) -> None:
        self.needs(bench, monitoring={"Topic": TOPIC})
        everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        policies = [{"PolicyName": "all", "PolicyDocument": everything}]
        role = resource(
            "AWS::IAM::Role", AssumeRolePolicyDocument=ANYBODY, RoleName=bench.execution_role, Policies=policies
        )
        bench.account.deploy(Role=role)
        done = bench.review(monitoring={"Topic": TOPIC})
        assert done.returncode == 1, done.stdout + done.stderr
        assert "+ yawl-permissions-boundary, the permissions boundary of all roles, does not exist" in done.stdout
        assert "sns:" not in done.stdout

    def test_account_without_the_role_must_be_bootstrapped(self, bench: Bench) -> None:
        self.needs(bench, monitoring={"Topic": TOPIC})
        done = bench.review(monitoring={"Topic": TOPIC})
        assert done.returncode == 2
        assert "Bootstrap the account" in done.stderr

"""`make review` against an account with two environments: what it prints lets the release through when it is pasted."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Credentials
from tests.paths import ROOT
from tests.rehearsal.emulator.conftest import Account, resource

REASON = "The data was copied, and the team knows."
ELSEWHERE = "ap-southeast-2"
LOOKUP = "cdk-hnb659fds-lookup-role-{account}-{region}"
Resources = dict[str, Any]


def topic(environment: str, name: str) -> Resources:
    return resource("AWS::SNS::Topic", TopicName=name, Tags=[{"Key": "Environment", "Value": environment}])


def role(environment: str, name: str, *actions: str) -> Resources:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    allowed = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    return resource(
        "AWS::IAM::Role",
        RoleName=name,
        AssumeRolePolicyDocument=trust,
        Policies=[{"PolicyName": "own", "PolicyDocument": allowed}],
        Tags=[{"Key": "Environment", "Value": environment}],
    )


class Project:
    """An assembly of a pipeline and of environments, each with one stack, in one account."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.assembly = folder / "cdk.out"
        self.settings = folder / "delivery.toml"
        self.base = "[pipeline]\nregion = 'us-east-1'\n"

    def release(self, pipeline: Resources, **environments: Resources) -> None:
        """Write the assembly; a resource's environment is `NAME` or `NAME__REGION`, a stack `yawl-NAME-network`."""
        definition = resource("AWS::CodePipeline::Pipeline", Name="yawl-delivery", Stages=[])
        artifacts = {"yawl-delivery": self._stack(self.assembly, "yawl-delivery", {**pipeline, "P": definition})}
        reviews = []
        for key, resources in environments.items():
            name, _, region = key.replace("_", "-").partition("--")
            stage = f"assembly-{name}"
            stack = self._stack(self.assembly / stage, f"yawl-{name}-network", resources, region)
            self._write(self.assembly / stage, {f"yawl-{name}-network": stack})
            properties = {"directoryName": stage, "displayName": name.capitalize()}
            artifacts[stage] = {"type": "cdk:cloud-assembly", "properties": properties}
            reviews.append(
                {
                    "environment": name,
                    "stages": [stage],
                    "last_stacks": [f"yawl-{name}-network"],
                    "removed_environments": not reviews,
                }
            )
        self._write(self.assembly, artifacts)
        (self.assembly / "change-reviews.json").write_text(json.dumps(reviews))
        self.base = "[pipeline]\nregion = 'us-east-1'\n" + "".join(
            f"[environments.{one['environment']}]\naccount = '1'\n" for one in reviews
        )
        self.settings.write_text(self.base)

    def deploy(self, name: str, resources: Resources) -> None:
        Account(self.account.cloud, self.account.place, name).deploy(**resources)

    def review(self) -> subprocess.CompletedProcess[str]:
        place = self.account.place
        path = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / "node_modules/.bin"), os.environ["PATH"]])
        return subprocess.run(
            [
                *(sys.executable, "-m", "jobs.change_review.before_push", "--reason", REASON),
                *("--assembly", str(self.assembly), "--settings", str(self.settings)),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                **self.account.cloud.environment(place.region, Credentials(place.account)),
                "AWS_ENDPOINT_URL": self.account.cloud.endpoint,
                "PATH": path,
                "CDK_DISABLE_CLI_TELEMETRY": "true",
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def _stack(self, folder: Path, name: str, resources: Resources, region: str = "") -> dict[str, Any]:
        folder.mkdir(exist_ok=True, parents=True)
        (folder / f"{name}.json").write_text(json.dumps({"Resources": resources}))
        account, region = self.account.place.account, region or self.account.place.region
        role = f"arn:aws:iam::{account}:role/{LOOKUP.format(account=account, region=region)}"
        return {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/{region}",
            "properties": {"stackName": name, "templateFile": f"{name}.json", "lookupRole": {"arn": role}},
        }

    @staticmethod
    def _write(folder: Path, artifacts: dict[str, Any]) -> None:
        (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": artifacts}))


@pytest.fixture
def project(account: Account, tmp_path: Path) -> Project:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    for region in (account.place.region, ELSEWHERE):
        name = LOOKUP.format(account=account.place.account, region=region)
        account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        account.client("iam").attach_role_policy(RoleName=name, PolicyArn=read_only)
    return Project(account, tmp_path)


def test_what_it_prints_can_be_pasted_and_lets_everything_through(project: Project) -> None:
    """Of two environments in one account: a loss, more permissions, a removed environment, and a grown pipeline."""
    project.deploy("yawl-delivery", {"Build": role("delivery", "build", "s3:GetObject")})
    project.deploy("yawl-prod-network", {"Alarms": topic("prod", "one"), "Role": role("prod", "prod", "s3:GetObject")})
    project.deploy("yawl-prod-us-network", {"Alarms": topic("prod-us", "us")})
    project.deploy("yawl-qa-network", {"Alarms": topic("qa", "qa")})
    project.release(
        {"Build": role("delivery", "build", "s3:GetObject", "s3:PutObject")},
        prod={"Alarms": topic("prod", "another"), "Role": role("prod", "prod", "s3:*")},
        prod_us={"Alarms": topic("prod-us", "us")},
    )
    done = project.review()
    assert done.returncode == 1, done.stderr
    printed = tomllib.loads(done.stdout)
    assert list(printed["environments"]) == ["prod"]
    found = printed["environments"]["prod"]["accepted_changes"].values()
    assert sorted((one["stack"], one["subject"]) for one in found) == [
        ("network", "Alarms"),
        ("network", "permissions"),
        ("yawl-qa-network", "stacks"),
    ]
    assert len(printed["pipeline"]["accepted_changes"]) == 1
    assert "# yawl-qa-network: qa is no longer in delivery.toml" in done.stdout
    assert "4 changes to accept" in done.stderr
    project.settings.write_text(f"{project.base}\n{done.stdout}")
    again = project.review()
    assert (again.returncode, again.stdout) == (0, ""), again.stdout + again.stderr
    assert "prod-us: nothing changes" in again.stderr


def test_live_sibling_is_not_recommended_for_deletion_and_a_former_region_is_named(project: Project) -> None:
    project.deploy("yawl-delivery", {"Build": role("delivery", "build", "s3:GetObject")})
    project.deploy("yawl-prod-network", {"Role": role("prod", "prod-bake", "s3:GetObject")})
    project.deploy("yawl-prod-us-network", {"Alarms": topic("prod-us", "us")})
    project.release(
        {"Build": role("delivery", "build", "s3:GetObject")},
        **{f"prod__{ELSEWHERE.replace('-', '_')}": {"Role": role("prod", "prod-bake", "s3:GetObject")}},
        prod_us={"Alarms": topic("prod-us", "us")},
    )
    done = project.review()
    assert done.returncode == 1, done.stderr
    place = project.account.place
    assert f"prod is no longer in {place.account}, {place.region}, and 1 stack is left behind there" in done.stdout
    assert "collides: AWS::IAM::Role prod-bake (Role of yawl-prod-network) is also Role" in done.stdout
    assert "yawl-prod-us" not in done.stdout


def test_nothing_to_accept_prints_nothing(project: Project) -> None:
    resources = {"Alarms": topic("prod", "one")}
    project.deploy("yawl-prod-network", resources)
    project.deploy("yawl-delivery", {"Build": role("delivery", "build", "s3:GetObject")})
    project.release({"Build": role("delivery", "build", "s3:GetObject")}, prod=resources)
    done = project.review()
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert "no change needs to be accepted" in done.stderr


def test_pipeline_that_would_move_is_refused_before_the_push(project: Project) -> None:
    resources = {"Alarms": topic("prod", "one")}
    project.deploy("yawl-prod-network", resources)
    place = AwsEnvironment(project.account.place.account, ELSEWHERE)
    Account(project.account.cloud, place, "yawl-delivery").deploy(Alarms=topic("delivery", "two"))
    project.release({"Build": role("delivery", "build", "s3:GetObject")}, prod=resources)
    done = project.review()
    assert done.returncode == 1, done.stderr
    home = project.account.place
    assert done.stdout.splitlines() == [
        f"# yawl-delivery is in {place}, and delivery.toml has it in {home.account}/{home.region}:",
        "# a push does not move a pipeline, it would create a second one.",
        "# It cannot be accepted:",
        "#   set pipeline.account and pipeline.region back, or follow docs/DEPLOYMENT_GUIDE.md, “Moving the pipeline”",
    ]
    assert "review: 1 change that cannot be accepted: follow the comments above first" in done.stderr


def test_assembly_of_another_version_is_an_error_without_a_traceback(project: Project) -> None:
    project.release({}, prod={"Alarms": topic("prod", "one")})
    (project.assembly / "change-reviews.json").unlink()
    done = project.review()
    assert done.returncode == 2
    assert "change-reviews.json cannot be read" in done.stderr
    assert "Traceback" not in done.stderr

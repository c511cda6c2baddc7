"""`make doctor` in emulated accounts: what it says of a healthy one, and of each thing that is amiss."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.conftest import Account
from tools.accounts.__main__ import main
from tools.accounts.checks.service_roles import NEEDED
from tools.accounts.doctor import unexamined
from tools.accounts.findings import State

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

HOME, DEV, PROD = "111111111111", "222222222222", "444444444444"
"""Where tests/delivery.toml has the pipeline and two of its environments."""
COPIES = "us-west-2"
"""Where prod's backups are copied to, by way of the pipeline's account."""
CONNECTION = f"arn:aws:codeconnections:us-east-1:{HOME}:connection/00000000-0000-0000-0000-000000000000"

_numbers = count(800000000001)


@dataclass
class Site:
    """The example's assembly, moved to accounts that nobody has used."""

    cloud: Cloud
    assembly: Path
    accounts: dict[str, str]
    """The new account of each that the example has."""

    def client(self, service: str, account: str, region: str = "us-east-1") -> Any:
        return self.cloud.in_account(service, AwsEnvironment(self.accounts[account], region))

    def rewrite(self, old: str, new: str) -> None:
        """Replace a text wherever the assembly has it."""
        for file in self.assembly.rglob("*.json"):
            text = file.read_text()
            if old in text:
                file.write_text(text.replace(old, new))

    def bootstrap(self, account: str, *, region: str = "us-east-1", version: int = 30, trusted: str = HOME) -> None:
        """Leave what a bootstrap leaves, as far as anybody asks for it."""
        self.client("ssm", account, region).put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value=str(version), Type="String", Overwrite=True
        )
        trust = self.accounts.get(trusted, trusted)
        powerful_role(
            Account(self.cloud, AwsEnvironment(self.accounts[account], region)),
            f"cdk-hnb659fds-lookup-role-{self.accounts[account]}-{region}",
        )
        names = {"TrustedAccounts": trust, "TrustedAccountsForLookup": trust}
        template = {
            "Parameters": {name: {"Type": "String"} for name in names},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        }
        cloudformation = self.client("cloudformation", account, region)
        cloudformation.create_stack(
            StackName="CDKToolkit",
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in names.items()],
        )
        cloudformation.get_waiter("stack_create_complete").wait(StackName="CDKToolkit", WaiterConfig={"Delay": 1})

    def connect(self, name: str) -> None:
        """Make the connection of the pipeline's source."""
        made = self.client("codeconnections", HOME).create_connection(ConnectionName=name, ProviderType="GitHub")
        self.rewrite(CONNECTION.replace(HOME, self.accounts[HOME]), made["ConnectionArn"])

    def prepare(self, account: str) -> None:
        """Leave service-linked roles and room for the largest environment."""
        for service, _ in NEEDED.values():
            self.client("iam", account).create_service_linked_role(AWSServiceName=service)
        self.client("service-quotas", account).request_service_quota_increase(
            ServiceCode="fargate", QuotaCode="L-3032A538", DesiredValue=100
        )
        self.client("service-quotas", account).request_service_quota_increase(
            ServiceCode="lambda", QuotaCode="L-B99A9384", DesiredValue=1000
        )

    def heal(self, *accounts: str) -> None:
        """Make everything as it should be, in these accounts or in all."""
        self.connect("agreed")
        for account in accounts or self.accounts:
            self.bootstrap(account)
            self.prepare(account)
            if account in (HOME, PROD):
                self.bootstrap(account, region=COPIES)


@pytest.fixture
def site(cloud: Cloud, assembly: "CloudAssembly", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    accounts = {account: str(next(_numbers)) for account in (HOME, DEV, "333333333333", PROD)}
    copy = tmp_path / "cdk.out"
    shutil.copytree(assembly.directory, copy, ignore=shutil.ignore_patterns("asset.*", "tree.json"))
    made = Site(cloud, copy, accounts)
    for old, new in accounts.items():
        made.rewrite(old, new)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "emulated")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", accounts[HOME])
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return made


def doctor(site: Site, *arguments: str) -> int:
    return main(["--assembly", str(site.assembly), "doctor", *arguments])


def test_healthy_accounts_have_no_findings(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.heal()
    code = doctor(site)
    printed = capsys.readouterr().out
    assert code == 0, printed
    assert "0 to fix, 0 not checked" in printed
    for received in (
        "connection agreed is available",
        f"trusts the pipeline's account {site.accounts[HOME]} to deploy",
        "VPCs: 1 used, 1 more needed, 5 allowed",
        "Elastic IP addresses: 0 used, 2 more needed, 5 allowed",
        "Fargate vCPUs: 0 used, 12 more needed, 100 allowed",
        "Lambda concurrent executions: 100 used, 3 more needed, 1000 allowed",
        "has the service-linked roles",
        "postgres 15.19 on db.t3.small is offered",
        "redis 7.0 is offered",
        "concurrent CodeBuild builds on Linux/Small: 1 needed, 1 allowed",
        "has the availability zones us-east-1a, us-east-1b",
        "db.t3.small is offered in us-east-1a, us-east-1b",
        "cache.t3.small is offered in us-east-1",
        "! has no CloudFront distribution yet",
    ):
        assert received in printed


def test_unprepared_accounts(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(site) == 1
    printed = capsys.readouterr().out
    # Into other accounts than its own it cannot look before they are bootstrapped.
    assert printed.count("is not bootstrapped") == 2
    assert printed.count("could not be checked") == 4
    assert f"AWS_PROFILE=… make bootstrap ARGS='--account {site.accounts[HOME]}'" in printed
    assert f"AWS_PROFILE=… make doctor ARGS='--account {site.accounts[DEV]}'" in printed
    assert "has no connection arn:aws:codeconnections:" in printed


BREAKS: dict[str, tuple[str, Callable[[Site], object], str]] = {
    "an old bootstrap": (
        DEV,
        lambda site: site.client("ssm", DEV).put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="5", Type="String", Overwrite=True
        ),
        "has bootstrap version 5, 8 is needed",
    ),
    "a quota too small": (
        PROD,
        lambda site: site.client("service-quotas", PROD).request_service_quota_increase(
            ServiceCode="fargate", QuotaCode="L-3032A538", DesiredValue=11
        ),
        "Fargate vCPUs: 0 used, 12 more needed, 11 allowed",
    ),
    "a new account, which has nothing to reserve": (
        HOME,
        lambda site: site.client("service-quotas", HOME).request_service_quota_increase(
            ServiceCode="lambda", QuotaCode="L-B99A9384", DesiredValue=10
        ),
        "Lambda concurrent executions: 100 used, 3 more needed, 10 allowed",
    ),
    "addresses that others hold": (
        PROD,
        lambda site: [site.client("ec2", PROD).allocate_address() for _ in range(4)],
        "Elastic IP addresses: 4 used, 2 more needed, 5 allowed",
    ),
    "a service-linked role that is gone": (
        DEV,
        lambda site: site.client("iam", DEV).delete_role(RoleName="AWSServiceRoleForECS"),
        "has no role AWSServiceRoleForECS",
    ),
    "a database version that is gone": (
        PROD,
        lambda site: site.rewrite('"EngineVersion": "15.19"', '"EngineVersion": "15.4"'),
        "AWS no longer offers postgres 15.4",
    ),
    "a cache version that is gone": (
        PROD,
        lambda site: site.rewrite('"EngineVersion": "7.0"', '"EngineVersion": "4.0"'),
        "AWS no longer offers redis 4.0",
    ),
    "a size that is not offered": (
        PROD,
        lambda site: site.rewrite('"db.t3.small"', '"db.x9.huge"'),
        "postgres 15.19 is not offered on db.x9.huge",
    ),
    "no build at a time": (
        HOME,
        lambda site: site.client("service-quotas", HOME).request_service_quota_increase(
            ServiceCode="codebuild", QuotaCode="L-CODEBUILD", DesiredValue=0
        ),
        "concurrent CodeBuild builds on Linux/Small: 1 needed, 0 allowed",
    ),
    "a zone that the account does not have": (
        PROD,
        lambda site: site.rewrite('"us-east-1b"', '"us-east-1f"'),
        "has no availability zone us-east-1f",
    ),
    "a zone without the database's class": (
        PROD,
        lambda site: site.rewrite('"us-east-1b"', '"us-east-1c"'),
        "db.t3.small for postgres 15.19 is not offered in us-east-1c",
    ),
    "a type of node that is not offered": (
        PROD,
        lambda site: site.rewrite('"cache.t3.small"', '"cache.x9.huge"'),
        "cache.x9.huge is not offered in us-east-1",
    ),
    "a connection that nobody has agreed to": (
        HOME,
        lambda site: _reconnect(site, "waiting"),
        "connection waiting is pending",
    ),
    "a certificate in the wrong region": (
        PROD,
        lambda site: _certify(site, "eu-west-1"),
        "is in eu-west-1, but must be in us-east-1",
    ),
    "a certificate that does not exist": (PROD, lambda site: _certify(site, "us-east-1"), "does not exist"),
}


def _reconnect(site: Site, name: str) -> None:
    made = site.client("codeconnections", HOME).create_connection(ConnectionName=name, ProviderType="GitHub")
    for file in site.assembly.glob("yawl-delivery.template.json"):
        template = json.loads(file.read_text())
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::CodePipeline::Pipeline":
                [action] = resource["Properties"]["Stages"][0]["Actions"]
                action["Configuration"]["ConnectionArn"] = made["ConnectionArn"]
        file.write_text(json.dumps(template))


def _certify(site: Site, region: str) -> None:
    arn = f"arn:aws:acm:{region}:{site.accounts[PROD]}:certificate/00000000-0000-0000-0000-000000000000"
    for file in site.assembly.glob("*/*Proddistribution*.template.json"):
        template = json.loads(file.read_text())
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::CloudFront::Distribution":
                resource["Properties"]["DistributionConfig"]["ViewerCertificate"] = {"AcmCertificateArn": arn}
        file.write_text(json.dumps(template))


@pytest.mark.parametrize(("account", "amiss", "received"), BREAKS.values(), ids=BREAKS)
def test_findings_have_fixes(
    account: str, amiss: Callable[[Site], object], received: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.heal(account)
    amiss(site)
    assert doctor(site, "--account", site.accounts[account]) == 1
    lines = capsys.readouterr().out.splitlines()
    [place] = [number for number, line in enumerate(lines) if "✘" in line and received in line][:1]
    assert lines[place + 1].startswith("      fix: ")


def test_single_instance_needs_one_zone(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.heal(DEV)
    site.rewrite('"us-east-1b"', '"us-east-1c"')
    assert doctor(site, "--account", site.accounts[DEV]) == 0
    assert "db.t3.micro is offered in us-east-1a\n" in capsys.readouterr().out


def test_account_with_a_distribution_is_verified(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.heal(DEV)
    origin = {"Id": "one", "DomainName": "example.org", "CustomOriginConfig": ORIGIN}
    site.client("cloudfront", DEV).create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "one", "ViewerProtocolPolicy": "https-only"},
        }
    )
    assert doctor(site, "--account", site.accounts[DEV]) == 0
    assert "has a CloudFront distribution: AWS has verified the account" in capsys.readouterr().out


ORIGIN = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("AccessDeniedException", "use credentials with permission to read this"),
        ("UnauthorizedOperation", "use credentials with permission to read this"),
        ("ThrottlingException", "run it again in a minute"),
        ("InternalFailure", "if it persists, check the service in the console"),
    ],
)
def test_denied_throttled_and_broken_are_distinguished(code: str, fix: str) -> None:
    finding = unexamined("quotas", ClientError({"Error": {"Code": code, "Message": "why"}}, "GetServiceQuota"))
    assert finding.state is State.UNCHECKED
    assert code in finding.text
    assert fix in finding.fix


def test_wrong_trust(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.bootstrap(DEV, trusted="555555555555")
    doctor(site, "--account", site.accounts[DEV])
    assert f"trusts 555555555555 to deploy, not the pipeline's account {site.accounts[HOME]}" in capsys.readouterr().out


def test_printed_quota_command_fixes_the_finding(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.heal(PROD)
    quotas = site.client("service-quotas", PROD)
    fargate = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}
    quotas.request_service_quota_increase(**fargate, DesiredValue=6)
    only = "--account", site.accounts[PROD]
    assert doctor(site, *only) == 1
    assert "--service-code fargate --quota-code L-3032A538 --desired-value 12" in capsys.readouterr().out
    quotas.request_service_quota_increase(**fargate, DesiredValue=12)
    assert doctor(site, *only) == 0


def test_deployed_environment_needs_no_further_quota(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    cloudformation = site.client("cloudformation", DEV)
    for part in ("network", "application"):
        cloudformation.create_stack(
            StackName=f"yawl-dev-{part}",
            TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
        )
    doctor(site, "--account", site.accounts[DEV])
    printed = capsys.readouterr().out
    assert "VPCs" not in printed
    assert "Fargate" not in printed


def test_unreachable_account_is_not_reported_as_healthy(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.heal()
    # A role in no account that exists: the emulator, like AWS, does not let it be assumed.
    site.rewrite(f"arn:${{AWS::Partition}}:iam::{site.accounts[DEV]}:role/cdk-hnb659fds-lookup", "no-arn")
    assert doctor(site) == 3
    printed = capsys.readouterr().out
    assert "? could not be checked: the credentials of" in printed
    assert f"make doctor ARGS='--account {site.accounts[DEV]}'" in printed
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", site.accounts[DEV])
    assert doctor(site, "--account", site.accounts[DEV]) == 0


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (["--assembly", "nowhere", "doctor"], "doctor: nowhere/manifest.json does not exist"),
        (["doctor", "--account", "999999999999"], "doctor: --account 999999999999 is not in delivery.toml"),
    ],
    ids=["no assembly", "an unknown account"],
)
def test_bad_input(arguments: list[str], received: str, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--assembly", str(site.assembly), *arguments]) == 2
    assert capsys.readouterr().err.startswith(received)


def test_no_credentials(site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(site.assembly / "none"))
    assert doctor(site) == 2
    assert "no AWS credentials were found" in capsys.readouterr().err


def test_stacks_that_no_release_contains_are_listed_and_live_siblings_are_not(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.bootstrap(DEV)
    site.bootstrap(DEV, region="eu-west-1")

    def deploy(name: str, environment: str, region: str) -> None:
        tags = [{"Key": "Environment", "Value": environment}]
        topic = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": tags}}
        site.client("cloudformation", DEV, region).create_stack(
            StackName=name, TemplateBody=json.dumps({"Resources": {"Topic": topic}})
        )

    deploy("yawl-dev-network", "dev", "us-east-1")
    deploy("yawl-dev-us-cache", "dev-us", "us-east-1")
    deploy("yawl-dev-network", "dev", "eu-west-1")
    deploy("yawl-notes", "", "us-east-1")
    deploy("yawl-execution-policies", "", "us-east-1")
    doctor(site, "--account", site.accounts[DEV])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if "that no release contains" in line]
    assert lines == [
        "! us-east-1 has stacks that no release contains and that have no environment's tag: yawl-notes",
        "! us-east-1 has stacks of dev-us that no release contains: yawl-dev-us-cache",
        "! eu-west-1 has stacks of dev that no release contains: yawl-dev-network",
    ]


def test_pipeline_that_was_left_in_another_region_is_something_to_fix(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.bootstrap(DEV)
    site.bootstrap(DEV, region="eu-west-1")
    source = {"Category": "Source", "Owner": "AWS", "Provider": "S3", "Version": "1"}
    action = {"Name": "Source", "ActionTypeId": source, "Configuration": {"S3Bucket": "b", "S3ObjectKey": "k"}}
    definition = {
        "Type": "AWS::CodePipeline::Pipeline",
        "Properties": {
            "RoleArn": f"arn:aws:iam::{site.accounts[DEV]}:role/pipeline",
            "ArtifactStore": {"Type": "S3", "Location": "b"},
            "Stages": [{"Name": name, "Actions": [action]} for name in ("Source", "Build")],
            "Tags": [{"Key": "Environment", "Value": "delivery"}],
        },
    }
    site.client("cloudformation", DEV, "eu-west-1").create_stack(
        StackName="yawl-delivery", TemplateBody=json.dumps({"Resources": {"Pipeline": definition}})
    )
    assert doctor(site, "--account", site.accounts[DEV]) == 1
    assert "✘ eu-west-1 has another pipeline: yawl-delivery" in capsys.readouterr().out

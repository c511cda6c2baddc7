"""`make destroy` in emulated accounts: the order, what it refuses, what it leaves and says so."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloud_assembly import REVIEWS, AwsEnvironment
from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.action_runner import powerful_role
from tests.rehearsal.emulator.conftest import Account
from tests.rehearsal.emulator.deployed import PARTS, PLACE, deployed
from tests.rehearsal.emulator.small_assembly import write_assembly
from tools.accounts import accounts, deployed_stacks, destroy
from tools.accounts.__main__ import main
from tools.accounts.accounts import Accounts

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly

_numbers = count(810000000001)
Write = Callable[..., Path]


def reach(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, account: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "emulated")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(deployed_stacks, "LOOK_SECONDS", 0.05)


@pytest.fixture
def home(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> AwsEnvironment:
    place = AwsEnvironment(str(next(_numbers)), "us-east-1")
    reach(monkeypatch, cloud, place.account)
    return place


@pytest.fixture
def assembly_of(tmp_path: Path, home: AwsEnvironment) -> Write:
    """Writes an assembly whose stage Dev has these stacks: name → resources, and after which others."""

    def write(stage: str = "Dev", **stacks: tuple[dict[str, Any], list[str]]) -> Path:
        return write_assembly(tmp_path, home, stage, **stacks)

    return write


def create(cloud: Cloud, place: AwsEnvironment, folder: Path, *names: str, protected: bool = False) -> None:
    cloudformation = cloud.in_account("cloudformation", place)
    for name in names:
        body = (folder / "nested" / f"{name}.json").read_text()
        cloudformation.create_stack(StackName=name, TemplateBody=body, EnableTerminationProtection=protected)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def left(cloud: Cloud, place: AwsEnvironment) -> set[str]:
    pages = cloud.in_account("cloudformation", place).get_paginator("list_stacks").paginate()
    return {
        stack["StackName"]
        for page in pages
        for stack in page["StackSummaries"]
        if stack["StackStatus"] != "DELETE_COMPLETE"
    }


TOPIC = {"Type": "AWS::SNS::Topic"}
KEPT = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "RetainExceptOnCreate"}


def test_dev_is_deleted_completely_and_in_order(
    assembly: "CloudAssembly", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with deployed(assembly, tmp_path) as dev:
        reach(monkeypatch, dev.cloud, "111111111111")
        code = main(["--assembly", assembly.directory, "destroy", "dev", "--confirm", "dev"])
        printed = capsys.readouterr().out
        assert code == 0, printed
        assert left(dev.cloud, PLACE) == set()
        buckets = [bucket["Name"] for bucket in dev.client("s3").list_buckets()["Buckets"]]
        kept = [name for name in buckets if not name.startswith(("templates-", "cdk-"))]
        assert [name.startswith("yawl-dev-audit-") for name in kept] == [True, True], "but for the account's trail"
        assert dev.client("rds").describe_db_instances()["DBInstances"] == []
        gone = [
            line.split()[1].removeprefix("yawl-dev-") for line in printed.splitlines() if line.startswith("deleted")
        ]
        assert sorted(gone) == sorted(PARTS)
        assert gone.index("application") < min(gone.index("database"), gone.index("cache"))
        assert max(gone.index("database"), gone.index("cache")) < gone.index("network")
        retained = [line.split() for line in printed.splitlines() if line.startswith("  retain")]
        assert sorted((line[1], line[4].strip(";")) for line in retained) == [
            ("AWS::KMS::Key", "yawl-dev-audit"),
            *[("AWS::S3::Bucket", "yawl-dev-audit")] * 2,
        ]
        assert main(["--assembly", assembly.directory, "destroy", "dev"]) == 0
        assert "dev has no deployed stacks" in capsys.readouterr().out


def test_retained_resources_are_reported_and_keep_their_dependencies(
    cloud: Cloud, home: AwsEnvironment, assembly_of: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    network = {"GroupA": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "A"}}}
    output = {"Fn::GetStackOutput": {"StackName": "network", "OutputName": "Group"}}
    database = {
        "Database": {
            "Type": "AWS::RDS::DBInstance",
            "DeletionPolicy": "Retain",
            "Properties": {
                "DBInstanceIdentifier": f"db-{home.account}",
                "DBInstanceClass": "db.t3.micro",
                "Engine": "postgres",
                "MasterUsername": "yawl",
                "ManageMasterUserPassword": True,
                "AllocatedStorage": "20",
                "VPCSecurityGroups": [output],
            },
        },
        "Bucket": KEPT,
    }
    folder = assembly_of(network=(network, []), database=(database, ["network"]), web=({"Web": TOPIC}, ["database"]))
    nested = folder / "nested" / "network.json"
    template = json.loads(nested.read_text()) | {"Outputs": {"Group": {"Value": {"Ref": "GroupA"}}}}
    nested.write_text(json.dumps(template))
    create(cloud, home, folder, "network", "database", "web")
    assert main(["--assembly", str(folder), "destroy", "dev", "--confirm", "dev"]) == 0
    printed = capsys.readouterr().out
    assert left(cloud, home) == {"network"}
    assert f"keep   network: AWS::RDS::DBInstance db-{home.account} needs it, and is still charged" in printed
    assert "retain AWS::S3::Bucket" in printed
    assert "costs: what is stored, by the GB" in printed
    assert "dev is deleted; retained resources are listed above" in printed
    assert len(cloud.in_account("rds", home).describe_db_instances()["DBInstances"]) == 1


@pytest.mark.parametrize("answer", ["", "yes", "prod", None], ids=["empty", "yes", "another name", "no terminal"])
def test_only_the_environment_name_confirms(
    answer: str | None, cloud: Cloud, home: AwsEnvironment, assembly_of: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = assembly_of(web=({"Web": TOPIC}, []))
    create(cloud, home, folder, "web")

    def typed(_prompt: str) -> str:
        [text] = answers
        if text is None:
            raise EOFError
        return text

    answers = [answer]
    monkeypatch.setattr("builtins.input", typed)
    assert main(["--assembly", str(folder), "destroy", "dev"]) == 3
    assert left(cloud, home) == {"web"}
    answers[:] = ["dev"]
    assert main(["--assembly", str(folder), "destroy", "dev"]) == 0
    assert left(cloud, home) == set()


def test_prod_is_always_refused(
    cloud: Cloud, home: AwsEnvironment, assembly_of: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = assembly_of("Prod", web=({"Web": TOPIC}, []))
    create(cloud, home, folder, "web")
    assert main(["--assembly", str(folder), "destroy", "prod", "--confirm", "prod"]) == 2
    assert left(cloud, home) == {"web"}
    assert "prod is production and cannot be deleted with this command" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["prod-eu-west-1", "prod", "prod-us", "production"])
def test_prod_is_refused_in_its_further_regions(
    asked: str, cloud: Cloud, tmp_path: Path, home: AwsEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    there = AwsEnvironment(home.account, "eu-west-1")
    folder = write_assembly(tmp_path, there, "Prod-eu-west-1", web=({"Web": TOPIC}, []))
    create(cloud, there, folder, "web")
    assert main(["--assembly", str(folder), "destroy", asked, "--confirm", asked]) == 2
    assert left(cloud, there) == {"web"}
    assert f"{asked} is production and cannot be deleted with this command" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["dev", "dev-eu-west-1"])
def test_all_regions_of_an_environment_are_deleted_or_one(
    asked: str, cloud: Cloud, tmp_path: Path, home: AwsEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    there = AwsEnvironment(home.account, "eu-west-1")
    folder = write_assembly(tmp_path, there, "Dev-eu-west-1", web=({"Web": TOPIC}, []))
    (folder / REVIEWS).write_text(json.dumps([{"environment": "dev"}]))
    create(cloud, there, folder, "web")
    assert main(["--assembly", str(folder), "destroy", asked, "--confirm", asked]) == 0
    assert left(cloud, there) == set()
    setting = {"dev": "[environments.dev]", "dev-eu-west-1": "environments.dev.further_regions.eu-west-1"}[asked]
    assert f"unless you remove {setting} from delivery.toml" in capsys.readouterr().out


def test_stacks_that_the_settings_no_longer_have_are_named(
    cloud: Cloud, tmp_path: Path, home: AwsEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of a further region that was removed, and not those of an environment that has such a name."""
    folder = write_assembly(tmp_path, home, "Dev", web=({"Web": TOPIC}, []))
    create(cloud, home, folder, "web")
    cloudformation = cloud.in_account("cloudformation", home)
    for name in ("dev", "dev-eu-west-1", "dev-us-east-1", "dev-two"):
        tagged = {**TOPIC, "Properties": {"Tags": [{"Key": "Environment", "Value": name}]}}
        body = json.dumps({"Resources": {"Topic": tagged}})
        cloudformation.create_stack(StackName=f"yawl-{name}-firewall", TemplateBody=body)
    (folder / REVIEWS).write_text(json.dumps([{"environment": "dev"}, {"environment": "dev-us-east-1"}]))
    arguments = ["--assembly", str(folder), "destroy", "dev"]
    assert main([*arguments, "--confirm", "dev"]) == 0
    printed = capsys.readouterr().out
    named = {line.split()[1] for line in printed.splitlines() if line.startswith("  leave")}
    assert named == {"yawl-dev-firewall", "yawl-dev-eu-west-1-firewall"}
    assert "git worktree add" in printed
    assert main(arguments) == 0
    assert "yawl-dev-eu-west-1-firewall" in capsys.readouterr().out


def test_protected_stacks_stop_before_any_deletion(
    cloud: Cloud, home: AwsEnvironment, assembly_of: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = assembly_of(storage=({"Bucket": KEPT}, []), web=({"Web": TOPIC}, ["storage"]))
    create(cloud, home, folder, "storage", protected=True)
    create(cloud, home, folder, "web")
    assert main(["--assembly", str(folder), "destroy", "dev", "--confirm", "dev"]) == 2
    assert left(cloud, home) == {"storage", "web"}
    assert "termination protection is enabled: storage" in capsys.readouterr().err


def test_stack_that_cannot_be_deleted_stops_and_a_second_run_continues(
    cloud: Cloud, home: AwsEnvironment, assembly_of: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = f"full-{home.account}"
    storage = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}}
    folder = assembly_of(
        network=({"Net": TOPIC}, []), storage=(storage, ["network"]), web=({"Web": TOPIC}, ["storage"])
    )
    create(cloud, home, folder, "network", "storage", "web")
    s3 = cloud.in_account("s3", home)
    s3.put_object(Bucket=bucket, Key="object", Body=b"")
    assert main(["--assembly", str(folder), "destroy", "dev", "--confirm", "dev"]) == 1
    assert "storage could not be deleted" in capsys.readouterr().err
    assert left(cloud, home) == {"network", "storage"}
    s3.delete_object(Bucket=bucket, Key="object")
    assert main(["--assembly", str(folder), "destroy", "dev", "--confirm", "dev"]) == 0
    assert left(cloud, home) == set()


def test_rejection_before_any_deletion_is_reported(
    cloud: Cloud,
    home: AwsEnvironment,
    assembly_of: Write,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = assembly_of(web=({"Web": TOPIC}, []))
    create(cloud, home, folder, "web")
    monkeypatch.setattr(destroy, "deployed_template", refused)
    assert main(["--assembly", str(folder), "destroy", "dev", "--confirm", "dev"]) == 2
    assert "destroy: AWS denied it: An error occurred (AccessDenied)" in capsys.readouterr().err
    assert left(cloud, home) == {"web"}


def test_rejection_during_deletion_says_how_to_continue(
    cloud: Cloud,
    home: AwsEnvironment,
    assembly_of: Write,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = assembly_of(web=({"Web": TOPIC}, []))
    create(cloud, home, folder, "web")
    monkeypatch.setattr("tools.accounts.__main__.carry_out", refused)
    assert main(["--assembly", str(folder), "destroy", "dev", "--confirm", "dev"]) == 1
    received = capsys.readouterr().err
    assert "destroy: AWS denied it: An error occurred (AccessDenied)" in received
    assert "run it again: it resumes from here" in received


def refused(*_: object) -> None:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not this"}}, "GetTemplate")


def test_unknown_profile_is_a_usage_error(
    home: AwsEnvironment, assembly_of: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = assembly_of(web=({"Web": TOPIC}, []))
    assert home
    monkeypatch.setenv("AWS_PROFILE", "nope")
    assert main(["--assembly", str(folder), "destroy", "dev"]) == 2
    assert "nope" in capsys.readouterr().err


def test_clients_are_cached_per_role_until_credentials_expire(
    home: AwsEnvironment, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may read a stack may not delete it, and deleting all of an environment may take longer than an hour."""
    elsewhere = AwsEnvironment(str(next(_numbers)), home.region)
    theirs = Account(cloud, AwsEnvironment(elsewhere.account, elsewhere.region))
    roles = [powerful_role(theirs, name) for name in ("lookup", "deploy")]
    found = Accounts()
    clients = [found.client("sts", elsewhere, role_arn=role) for role in roles]
    assert [client.get_caller_identity()["Arn"].split("/")[1] for client in clients] == ["lookup", "deploy"]
    assert found.client("sts", elsewhere, role_arn=roles[0]) is clients[0]
    monkeypatch.setattr(accounts, "_LEAST_LEFT", timedelta(hours=2))
    assert found.client("sts", elsewhere, role_arn=roles[0]) is not clients[0]


def test_unknown_environment_is_reported_without_credentials(
    home: AwsEnvironment, assembly_of: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = assembly_of(web=({"Web": TOPIC}, []))
    assert home
    monkeypatch.setenv("AWS_PROFILE", "nope")
    assert main(["--assembly", str(folder), "destroy", "qa"]) == 2
    assert "there is no environment qa; delivery.toml has dev" in capsys.readouterr().err

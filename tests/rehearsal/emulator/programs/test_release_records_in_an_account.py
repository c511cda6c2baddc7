"""The bucket of the records, and the command that reads them, in an emulated account."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from aws_cdk.assertions import Template
from botocore.exceptions import ClientError

from rehearsal.engine.cloud import Credentials
from tests.paths import ROOT
from tests.rehearsal.emulator.conftest import Account

WHOLE = {
    "title": "Keep cases longer",
    "author": "Ada Lovelace",
    "approver": "arn:aws:sts::1:assumed-role/Approver/grace",
    "approved": "2026-11-03T09:50:00Z",
    "tests": ["prod: 24 passed"],
    "images": ["repository/yawl:6.1.0@sha256:1234"],
    "templates": {"yawl-prod-cache": "f" * 64},
    "execution": "one",
    "regions": ["us-east-1"],
    "rolled_back_from": "",
    "hotfix": True,
}


@pytest.fixture
def bucket(account: Account, pipeline_template: Template) -> str:
    """The bucket as the pipeline's template has it, less its access log and its key."""
    resources = pipeline_template.find_resources("AWS::S3::Bucket")
    [name] = [name for name in resources if name.startswith("ReleaseRecords")]
    without = ("BucketEncryption", "LoggingConfiguration")
    properties = {key: value for key, value in resources[name]["Properties"].items() if key not in without}
    return account.deploy(Bucket={"Type": "AWS::S3::Bucket", "Properties": properties})["Bucket"]


def write(account: Account, bucket: str, environment: str, released: str, commit: str) -> str:
    content: dict[str, Any] = {**WHOLE, "environment": environment, "released": released, "commit": commit * 40}
    name = f"{environment}/{released.replace(':', '')}-{commit}.json"
    body = json.dumps(content).encode()
    account.client("s3").put_object(Bucket=bucket, Key=name, Body=body, IfNoneMatch="*", ChecksumAlgorithm="SHA256")
    return name


def ask(account: Account, *arguments: str) -> subprocess.CompletedProcess[str]:
    credentials = Credentials(account.place.account)
    return subprocess.run(
        [sys.executable, "-m", "tools.releases", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **account.cloud.environment(account.place.region, credentials)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_records_cannot_be_overwritten(account: Account, bucket: str) -> None:
    name = write(account, bucket, "prod", "2026-11-03T10:00:00Z", "a")
    s3 = account.client("s3")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        write(account, bucket, "prod", "2026-11-03T10:00:00Z", "a")
    [version] = s3.list_object_versions(Bucket=bucket, Prefix=name)["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=name, VersionId=version["VersionId"])
    retention = s3.get_object_retention(Bucket=bucket, Key=name)["Retention"]
    assert retention["Mode"] == "GOVERNANCE"


ANSWERS: list[tuple[Sequence[str], int, str, Sequence[str]]] = [
    (
        ("--environment", "prod", "--on", "2026-11-03"),
        0,
        "prod (us-east-1) since 2026-11-03 10:00 UTC",
        ("a" * 12, "b" * 12),
    ),
    (("--environment", "prod", "--on", "2026-11-02"), 0, "approver   grace, 2026-11-03 09:50 UTC", ("a" * 12,)),
    ((), 0, "hotfix     without the bakes before the last environment", ("b" * 12, "d" * 12)),
    ((), 0, "image      repository/yawl:6.1.0@sha256:1234", ("b" * 12, "d" * 12)),
    (("--environment", "staging"), 1, "No release found.", ()),
    (("--environment", "prod", "--on", "2026-10-01"), 1, "No release found.", ()),
]


def test_one_command_lists_releases(account: Account, bucket: str) -> None:
    write(account, bucket, "prod", "2026-11-01T10:00:00Z", "a")
    write(account, bucket, "prod", "2026-11-03T10:00:00Z", "b")
    write(account, bucket, "dev", "2026-11-03T10:00:00Z", "d")
    for arguments, code, line, commits in ANSWERS:
        done = ask(account, "--bucket", bucket, *arguments)
        assert done.returncode == code, done.stderr
        assert line in done.stdout
        assert done.stdout.count("  commit ") == len(commits)
        assert all(commit in done.stdout for commit in commits)
    everything = ask(account, "--bucket", bucket, "--all", "--json")
    assert [one["commit"][0] for one in json.loads(everything.stdout)] == ["a", "d", "b"]


MISTAKES: list[tuple[Sequence[str], str]] = [
    (("--bucket", "there-is-no-such-bucket"), "releases: the records in there-is-no-such-bucket cannot be read"),
    ((), "releases: the stack yawl-delivery cannot be read"),
    (("--on", "yesterday"), "invalid fromisoformat value: 'yesterday'"),
    (("--on", "2026-11-03", "--time-zone", "Berlin"), "'Berlin' is not a time zone; name one such as Europe/Berlin"),
]


def test_errors_have_no_traceback(account: Account) -> None:
    for arguments, output in MISTAKES:
        done = ask(account, *arguments)
        assert (done.returncode, output in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr

"""Every kind of source delivers its contents with its own variables, as its role is allowed to."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.actions.run import ActionFailed, Outcome, Run
from rehearsal.actions.sources import codecommit, connection, ecr, github, s3
from rehearsal.gaps import GapKind
from tests.rehearsal.emulator.action_runner import Workshop

DATES = {"AuthorDate", "CommitterDate"}


@pytest.fixture
def commit(workshop: Workshop) -> str:
    """A commit in the workshop's folder."""
    git = ["git", "-C", str(workshop.directory), "-c", "user.name=Test", "-c", "user.email=test@example.com"]
    (workshop.directory / "app.py").write_text("print()")
    for command in (["init", "--quiet"], ["add", "app.py"], ["commit", "--quiet", "--no-gpg-sign", "--message=First"]):
        subprocess.run([*git, *command], check=True)
    workshop.commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return workshop.commit


def deliver(workshop: Workshop, kind: Callable[[Run], Outcome], provider: str, **configuration: str) -> dict[str, Any]:
    """Run a source action of one provider; return its variables."""
    outcome = workshop.run(kind, configuration, outputs=("Out",), category="Source", provider=provider)
    return dict(outcome.variables)


def delivered(workshop: Workshop) -> list[str]:
    target = workshop.directory / "delivered"
    workshop.artifacts.unpack("Out", target)
    return sorted(file.name for file in target.iterdir())


GIT: dict[str, tuple[Callable[[Run], Outcome], dict[str, str], dict[str, str]]] = {
    "CodeCommit": (
        codecommit.execute,
        {"RepositoryName": "project", "BranchName": "main"},
        {"RepositoryName": "project", "BranchName": "main"},
    ),
    "GitHub": (
        github.execute,
        {"Owner": "example", "Repo": "project", "Branch": "main", "OAuthToken": "very-secret"},
        {"RepositoryName": "project", "BranchName": "main"},
    ),
    "CodeStarSourceConnection": (
        connection.execute,
        {"FullRepositoryId": "example/project", "BranchName": "main"},
        {
            "FullRepositoryName": "example/project",
            "BranchName": "main",
            "ConnectionArn": "",
            "AuthorDisplayName": "Test",
            "AuthorEmail": "test@example.com",
        },
    ),
}


@pytest.mark.parametrize("provider", GIT)
def test_commit_is_delivered_with_the_providers_variables(workshop: Workshop, commit: str, provider: str) -> None:
    kind, configuration, expected = GIT[provider]
    variables = deliver(workshop, kind, provider, **configuration)
    dates = DATES if provider != "CodeStarSourceConnection" else {"AuthorDate"}
    url = {"CommitUrl": f"https://github.com/example/project/commit/{commit}"} if provider == "GitHub" else {}
    assert {name for name in variables if variables[name] and name.endswith("Date")} == dates
    assert {name: value for name, value in variables.items() if name not in dates} == {
        **expected,
        **url,
        "CommitId": commit,
        "CommitMessage": "First",
    }
    assert delivered(workshop) == ["app.py"]


@pytest.mark.usefixtures("commit")
def test_token_must_be_there(workshop: Workshop) -> None:
    kind, configuration, _ = GIT["GitHub"]
    with pytest.raises(ActionFailed, match="has no OAuthToken"):
        deliver(workshop, kind, "GitHub", **configuration | {"OAuthToken": ""})


@pytest.mark.usefixtures("commit")
def test_role_must_be_allowed_to_read_the_repository(workshop: Workshop) -> None:
    iam = workshop.home.client("iam")
    iam.delete_role_policy(RoleName="pipeline", PolicyName="anything")
    for provider in ("CodeCommit", "ECR"):
        kind, configuration = (codecommit.execute, GIT[provider][1]) if provider in GIT else (ecr.execute, {})
        with pytest.raises(ActionFailed, match=r"not authorized to perform: (codecommit:GetBranch|ecr:DescribeImages)"):
            deliver(workshop, kind, provider, **configuration or {"RepositoryName": "base"})


def versioned_bucket(workshop: Workshop, name: str, status: str = "Enabled") -> Any:
    client = workshop.home.client("s3")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": workshop.home.place.region})
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
    return client


@pytest.mark.usefixtures("commit")
def test_commit_is_an_object_of_the_bucket(workshop: Workshop) -> None:
    name = f"sources-{workshop.home.place.account}"
    client = versioned_bucket(workshop, name)
    variables = deliver(workshop, s3.execute, "S3", S3Bucket=name, S3ObjectKey="project.zip")
    found = client.head_object(Bucket=name, Key="project.zip")
    assert variables == {
        "BucketName": name,
        "ObjectKey": "project.zip",
        "ETag": found["ETag"].strip('"'),
        "VersionId": found["VersionId"],
    }
    assert delivered(workshop) == ["app.py"]
    assert (
        deliver(workshop, s3.execute, "S3", S3Bucket=name, S3ObjectKey="project.zip")["VersionId"]
        != (found["VersionId"])
    )


@pytest.mark.usefixtures("commit")
def test_bucket_must_keep_versions(workshop: Workshop) -> None:
    name = f"sources-{workshop.home.place.account}"
    versioned_bucket(workshop, name, "Suspended")
    with pytest.raises(ActionFailed, match=f"bucket {name} does not keep versions"):
        deliver(workshop, s3.execute, "S3", S3Bucket=name, S3ObjectKey="project.zip")


@pytest.mark.usefixtures("commit")
def test_bucket_of_the_account_is_created(workshop: Workshop) -> None:
    name = f"imported-{workshop.home.place.account}"
    assert deliver(workshop, s3.execute, "S3", S3Bucket=name, S3ObjectKey="project.zip")["VersionId"]
    assert delivered(workshop) == ["app.py"]


IMAGE = {"RepositoryName": "base/image", "ImageTag": "stable"}


def test_image_is_a_placeholder_and_a_gap(workshop: Workshop) -> None:
    variables = deliver(workshop, ecr.execute, "ECR", **IMAGE)
    registry = f"{workshop.home.place.account}.dkr.ecr.eu-west-1.amazonaws.com"
    digest = variables.pop("ImageDigest")
    assert variables == {
        "RegistryId": workshop.home.place.account,
        "RepositoryName": "base/image",
        "ImageTag": "stable",
        "ImageURI": f"{registry}/base/image@{digest}",
    }
    assert json.loads(workshop.artifacts.read("Out::imageDetail.json"))["ImageDigest"] == digest
    [(kind, reason)] = workshop.details.gaps
    assert (kind, "--source Action=FOLDER" in reason) == (GapKind.SOURCE, True)


def test_folder_replaces_what_is_missing(workshop: Workshop, tmp_path: Path) -> None:
    given = {"RegistryId": "1", "RepositoryName": "base/image", "ImageDigest": "sha256:1", "ImageURI": "uri"}
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "imageDetail.json").write_text(json.dumps(given))
    workshop.source_folders = {"Action": folder}
    assert deliver(workshop, ecr.execute, "ECR", **IMAGE) == {**given, "ImageTag": "stable"}
    deliver(workshop, codecommit.execute, "CodeCommit", RepositoryName="library", BranchName="main")
    assert delivered(workshop) == ["imageDetail.json"]
    assert workshop.details.gaps == []
    (folder / "imageDetail.json").write_text("{}")
    with pytest.raises(ActionFailed, match=r"imageDetail\.json has no RegistryId"):
        deliver(workshop, ecr.execute, "ECR", **IMAGE)

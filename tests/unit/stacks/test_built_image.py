"""The image that the pipeline builds: where it is published, and who runs it."""

import json
import shutil
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Match, Template

from settings import ImageSettings
from stacks.application import engine_image
from stacks.application.engine_image import EngineImage
from tests.unit.built_image import BUILT, images
from tests.unit.other_settings import ELSEWHERE, Synthesized

CONTAINER = engine_image.CONTAINER


@pytest.fixture(scope="module")
def folder(app_elsewhere: Synthesized) -> Path:
    return app_elsewhere.folder


def application(folder: Path, stage: str) -> Path:
    (found,) = folder.glob(f"assembly-*-{stage}/*application*.template.json")
    return found


def test_pipeline_builds_it_before_the_first_environment(app_elsewhere: Synthesized) -> None:
    properties = app_elsewhere.pipeline.definition
    names = [stage["Name"] for stage in properties["Stages"]]
    assert names.index("Assets") < names.index("Dev")
    (assets,) = (stage for stage in properties["Stages"] if stage["Name"] == "Assets")
    assert [action["Name"] for action in assets["Actions"]] == ["DockerAssets", "FileAssets"]


def test_only_the_build_of_images_is_privileged(app_elsewhere: Synthesized) -> None:
    privileged = {
        name: resource["Properties"]
        for name, resource in app_elsewhere.pipeline.resources.items()
        if resource["Type"] == "AWS::CodeBuild::Project" and resource["Properties"]["Environment"]["PrivilegedMode"]
    }
    ((name, project),) = privileged.items()
    assert "DockerAsset" in name
    assert project["Cache"] == {"Type": "LOCAL", "Modes": ["LOCAL_DOCKER_LAYER_CACHE"]}


@pytest.mark.parametrize(
    ("stage", "account", "region"),
    [
        ("Dev", "222222222222", "us-east-1"),
        ("Prod", "444444444444", ELSEWHERE),
        ("Prod-eu-central-1", "444444444444", "eu-central-1"),
    ],
)
def test_every_environment_gets_the_same_image_in_its_own_account(
    folder: Path, small_app: Synthesized, stage: str, account: str, region: str
) -> None:
    published = images(small_app.folder if stage == "Dev" else folder, stage)
    assert published.keys() == images(folder, "Prod").keys()
    (image,) = published.values()
    (destination,) = image["destinations"].values()
    assert destination["repositoryName"] == f"cdk-hnb659fds-container-assets-{account}-{region}"
    assert account in destination["assumeRoleArn"]


def test_build_arguments_come_from_the_settings(folder: Path) -> None:
    (image,) = images(folder, "Prod").values()
    assert image["source"]["dockerBuildArgs"] == {
        "BASE_IMAGE": BUILT.base,
        "YAWL_VERSION": "6.1",
        "YAWL_URL": BUILT.yawl_url,
        "YAWL_SHA256": BUILT.yawl_sha256,
        "RDS_BUNDLE_URL": "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
        "RDS_BUNDLE_SHA256": BUILT.rds_bundle_sha256,
    }
    assert image["source"]["platform"] == "linux/amd64"


def test_tasks_use_the_built_image(folder: Path) -> None:
    (digest,) = images(folder, "Prod")
    registry = "444444444444.dkr.ecr.eu-west-1.${AWS::URLSuffix}"
    address = f"{registry}/cdk-hnb659fds-container-assets-444444444444-eu-west-1:{digest}"
    Template.from_json(json.loads(application(folder, "Prod").read_text())).has_resource_properties(
        "AWS::ECS::TaskDefinition",
        {
            "ContainerDefinitions": [
                Match.object_like(
                    {
                        "Image": {"Fn::Sub": address},
                        "Environment": Match.array_with([{"Name": "IMAGE_VERSION", "Value": f"6.1-{digest[:12]}"}]),
                    }
                )
            ]
        },
    )


def tag(container: Path, monkeypatch: pytest.MonkeyPatch, settings: ImageSettings = BUILT) -> str:
    """Return what the image of this folder is tagged with."""
    monkeypatch.setattr(engine_image, "CONTAINER", container)
    return EngineImage.of(Stack(App(), "Stack"), settings).version


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(CONTAINER, tmp_path / "container", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.parametrize(
    "file", ["tests/test_x.py", "testbed/__main__.py", "README.md", "supervisor/__pycache__/lease.cpython-311.pyc"]
)
def test_unrelated_files_do_not_change_the_tag(copy: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tag(copy, monkeypatch)
    (copy / file).parent.mkdir(parents=True, exist_ok=True)
    (copy / file).write_text("new")
    assert tag(copy, monkeypatch) == first == tag(CONTAINER, monkeypatch)


@pytest.mark.parametrize(
    "file", ["Dockerfile", "requirements.txt", "supervisor/lease.py", "supervisor/new.py", "image/unpack_release.py"]
)
def test_image_files_change_the_tag(copy: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tag(copy, monkeypatch)
    with (copy / file).open("a") as text:
        text.write("# new\n")
    assert tag(copy, monkeypatch) != first


def test_image_from_a_registry_makes_no_asset() -> None:
    stack = Stack(App(), "Stack")
    image = EngineImage.of(stack, ImageSettings(uri="111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0"))
    assert image.version == "6.1.0"
    assert isinstance(image.container_image, ecs.ContainerImage)
    assert stack.node.try_find_child("Image") is None

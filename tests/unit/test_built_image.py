"""The image that the pipeline builds: where it is published, and who runs it."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Match, Template

from settings import ImageSettings, Settings
from stacks import engine_image
from stacks.engine_image import EngineImage
from tests.unit.built_image import BUILT
from tests.unit.other_settings import synthesize

CONTAINER = engine_image.CONTAINER


@pytest.fixture(scope="module")
def folder(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthesize the example configuration with an image that is built, where there is no Docker."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path_without_docker(tmp_path_factory.mktemp("bin")))
        synthesize(settings.model_copy(update={"image": BUILT}), folder)
    return folder


def path_without_docker(folder: Path) -> str:
    """Return a search path on which whatever is called docker fails."""
    docker = folder / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def pipeline_of(folder: Path) -> Template:
    return Template.from_json(json.loads((folder / "yawl-delivery.template.json").read_text()))


def application(folder: Path, stage: str) -> Path:
    (found,) = folder.glob(f"assembly-*-{stage}/*application*.template.json")
    return found


def images(folder: Path, stage: str) -> dict[str, Any]:
    (found,) = folder.glob(f"assembly-*-{stage}/*application*.assets.json")
    return json.loads(found.read_text())["dockerImages"]


def test_the_pipeline_builds_it_before_the_first_environment(folder: Path) -> None:
    ((properties),) = (
        resource["Properties"]
        for resource in pipeline_of(folder).find_resources("AWS::CodePipeline::Pipeline").values()
    )
    names = [stage["Name"] for stage in properties["Stages"]]
    assert names.index("Assets") < names.index("Dev")
    (assets,) = (stage for stage in properties["Stages"] if stage["Name"] == "Assets")
    assert [action["Name"] for action in assets["Actions"]] == ["DockerAssets", "FileAssets"]


def test_only_the_build_of_images_is_privileged(folder: Path) -> None:
    projects = pipeline_of(folder).find_resources("AWS::CodeBuild::Project")
    privileged = {
        name: project["Properties"]
        for name, project in projects.items()
        if project["Properties"]["Environment"]["PrivilegedMode"]
    }
    ((name, project),) = privileged.items()
    assert "DockerAsset" in name
    assert project["Cache"] == {"Type": "LOCAL", "Modes": ["LOCAL_DOCKER_LAYER_CACHE"]}


def test_every_environment_gets_the_same_image_in_its_own_account(folder: Path, settings: Settings) -> None:
    published = {name: images(folder, name.capitalize()) for name in settings.environments}
    assert len({tuple(images) for images in published.values()}) == 1
    for name, environment in settings.environments.items():
        (image,) = published[name].values()
        (destination,) = image["destinations"].values()
        account, region = environment.account, environment.region
        assert destination["repositoryName"] == f"cdk-hnb659fds-container-assets-{account}-{region}"
        assert account in destination["assumeRoleArn"]


def test_it_is_built_from_what_the_settings_say(folder: Path) -> None:
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


def test_tasks_run_it_and_name_it(folder: Path) -> None:
    (digest,) = images(folder, "Prod")
    registry = "444444444444.dkr.ecr.us-east-1.${AWS::URLSuffix}"
    address = f"{registry}/cdk-hnb659fds-container-assets-444444444444-us-east-1:{digest}"
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


def test_another_release_of_yawl_changes_nothing_in_the_pipelines_own_stack(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    newer = BUILT.model_copy(update={"yawl_version": "6.2", "yawl_sha256": "3d" * 32})
    synthesize(settings.model_copy(update={"image": newer}), tmp_path)
    assert images(tmp_path, "Prod").keys() != images(folder, "Prod").keys()
    assert pipeline_of(tmp_path).to_json() == pipeline_of(folder).to_json()


def tag(container: Path, monkeypatch: pytest.MonkeyPatch, settings: ImageSettings = BUILT) -> str:
    """Return what the image of this folder is tagged with."""
    monkeypatch.setattr(engine_image, "CONTAINER", container)
    return EngineImage.of(Stack(App(), "Stack"), settings).version


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(CONTAINER, tmp_path / "container", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.parametrize(
    "file", ["tests/test_x.py", "workbench/__main__.py", "README.md", "supervisor/__pycache__/lease.cpython-311.pyc"]
)
def test_what_is_no_part_of_the_image_does_not_change_its_tag(
    copy: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tag(copy, monkeypatch)
    (copy / file).parent.mkdir(parents=True, exist_ok=True)
    (copy / file).write_text("new")
    assert tag(copy, monkeypatch) == first == tag(CONTAINER, monkeypatch)


@pytest.mark.parametrize(
    "file", ["Dockerfile", "requirements.txt", "supervisor/lease.py", "supervisor/new.py", "image/unpack_release.py"]
)
def test_what_is_part_of_the_image_changes_its_tag(copy: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tag(copy, monkeypatch)
    with (copy / file).open("a") as text:
        text.write("# new\n")
    assert tag(copy, monkeypatch) != first


def test_an_image_from_a_registry_makes_no_asset() -> None:
    stack = Stack(App(), "Stack")
    image = EngineImage.of(stack, ImageSettings(uri="111111111111.dkr.ecr.us-east-1.amazonaws.com/yawl:6.1.0"))
    assert image.version == "6.1.0"
    assert isinstance(image.container_image, ecs.ContainerImage)
    assert stack.node.try_find_child("Image") is None

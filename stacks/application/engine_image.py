"""The tasks' container image: from a registry, or built by the pipeline."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from settings import ImageSettings
from settings.types.image_uri import EcrImage

CONTAINER: Final = Path(__file__).parents[2] / "container"
"""The build context; its `.dockerignore` excludes files from the image and from the asset's hash."""
HASH_DIGITS: Final = 12
"""Digits of the asset's hash in a version: enough to find the image, whose tag is the whole hash."""


@dataclass(frozen=True, kw_only=True)
class EngineImage:
    """An image, and the version that its tasks report."""

    container_image: ecs.ContainerImage
    version: str

    @classmethod
    def of(cls, scope: Construct, settings: ImageSettings) -> Self:
        """Return the image in the settings. One to build becomes an asset in `scope`; synthesis needs no Docker."""
        if settings.uri is not None:
            image = EcrImage.parse(settings.uri)
            return cls(container_image=_from_registry(scope, image), version=image.tag_or_digest)
        asset = ecr_assets.DockerImageAsset(
            scope,
            "Image",
            directory=str(CONTAINER),
            display_name="YAWL",
            platform=ecr_assets.Platform.LINUX_AMD64,
            build_args=_build_arguments(settings),
        )
        return cls(
            container_image=ecs.ContainerImage.from_docker_image_asset(asset),
            version=f"{settings.yawl_version}-{asset.asset_hash[:HASH_DIGITS]}",
        )


def _from_registry(scope: Construct, image: EcrImage) -> ecs.ContainerImage:
    """Return the image of a repository; the task's execution role may pull from this repository only."""
    arn = Stack.of(scope).format_arn(
        service="ecr",
        account=image.account,
        region=image.region,
        resource="repository",
        resource_name=image.repository,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    repository = ecr.Repository.from_repository_attributes(
        scope, "ImageRepository", repository_arn=arn, repository_name=image.repository
    )
    return ecs.ContainerImage.from_ecr_repository(repository, image.tag_or_digest)


def _build_arguments(settings: ImageSettings) -> dict[str, str]:
    """Return the Dockerfile's arguments, without those that keep their defaults."""
    arguments = {
        "BASE_IMAGE": settings.base,
        "YAWL_VERSION": settings.yawl_version,
        "YAWL_URL": settings.yawl_url,
        "YAWL_SHA256": settings.yawl_sha256,
        "DRIVER_URL": settings.driver_url,
        "DRIVER_SHA256": settings.driver_sha256,
        "LIBRARIES_URL": settings.libraries_url,
        "LIBRARIES_SHA256": settings.libraries_sha256,
        "RDS_BUNDLE_URL": settings.rds_bundle_url,
        "RDS_BUNDLE_SHA256": settings.rds_bundle_sha256,
    }
    return {name: value for name, value in arguments.items() if value is not None}

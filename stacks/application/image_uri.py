"""An image's address in Amazon ECR."""

import re
from dataclasses import dataclass
from typing import Self

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from constructs import Construct

PATTERN = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)(:(?P<tag>[\w][\w.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64}))"
)


@dataclass(frozen=True, kw_only=True)
class ImageUri:
    """A repository of any account and region, and the one release in it that runs."""

    account: str
    region: str
    repository: str
    tag_or_digest: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Return the parts of an ECR `uri` that ends in a tag or digest; ValueError when it is not one."""
        match = PATTERN.fullmatch(uri)
        if match is None:
            raise ValueError(f"{uri!r} is not the URI of an image in Amazon ECR that ends in a tag or digest")
        return cls(
            account=match["account"],
            region=match["region"],
            repository=match["repository"],
            tag_or_digest=match["tag"] or match["digest"],
        )

    def container_image(self, scope: Construct) -> ecs.ContainerImage:
        """Return the image as a task runs it; the task's execution role may then pull from this repository only."""
        arn = Stack.of(scope).format_arn(
            service="ecr",
            account=self.account,
            region=self.region,
            resource="repository",
            resource_name=self.repository,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        repository = ecr.Repository.from_repository_attributes(
            scope, "ImageRepository", repository_arn=arn, repository_name=self.repository
        )
        return ecs.ContainerImage.from_ecr_repository(repository, self.tag_or_digest)

"""The table `[image]`: the container image that tasks run, from a registry or built from `container/`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Section, rule, skip_missing
from settings.types.aws_formats import port_problem
from settings.types.costs import Costs
from settings.types.image_uri import ImageUri
from settings.validation.constraints import Constraint, all_of, matches
from settings.validation.messages import Mistake

RDS_BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
"""The certificates of the RDS certificate authorities in all regions (Amazon RDS User Guide, "Using SSL/TLS")."""

BaseImage = Annotated[
    str,
    matches(
        r"[a-z0-9]+([._/:-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[0-9a-f]{64})?",
        "an image with tag and digest, such as public.ecr.aws/docker/library/tomcat:10.1-jre21@sha256:DIGEST",
    ),
]

DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
MIRROR = "public.ecr.aws/docker/library/"
"""Docker's official images in Amazon ECR Public, which has no such limit for pulls from AWS."""

Sha256 = Annotated[str, matches(r"[0-9a-f]{64}", "a SHA-256: 64 digits from 0 to f")]

# Of the others, curl takes brackets and braces for patterns.
Url = Annotated[
    str,
    all_of(
        matches(
            r"https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+",
            "a URL that starts with https://, with characters such as [ and { written as %5B and %7B",
            longest=1024,
        ),
        Constraint("", port_problem),
    ),
]

Version = Annotated[str, matches(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", 'a version, such as "6.1"')]


class ImageSettings(Section):
    """The container image: either `uri`, or `build = true` with the sources of the image."""

    uri: ImageUri | None = None
    """URI of an image in Amazon ECR, with a fixed tag or digest, that meets the contract in container/README.md."""
    build: Annotated[bool, Costs("build minutes for each change of the image, and its storage in every account")] = (
        False
    )
    """Whether the pipeline builds the image from `container/` and publishes it to every environment's account."""
    base: BaseImage | None = None
    """Official image of Tomcat 10.1 with Java 21 on Ubuntu or Debian with Python 3.11 or newer."""
    yawl_version: Version | None = None
    """The YAWL release, for the image's label and the version that a task reports."""
    yawl_url: Url | None = None
    """URL of the YAWL release archive with `yawl.war` and `resourceService.war`."""
    yawl_sha256: Sha256 | None = None
    """SHA-256 of the YAWL archive."""
    driver_url: Url | None = None
    """URL of a PostgreSQL JDBC driver; None: the driver in the YAWL release, which may have none."""
    driver_sha256: Sha256 | None = None
    """SHA-256 of the driver."""
    libraries_url: Url | None = None
    """URL of YAWL's library archive (`YAWL_LibraryJars_*.zip`), for releases without libraries in the wars."""
    libraries_sha256: Sha256 | None = None
    """SHA-256 of the library archive."""
    rds_bundle_url: Url = RDS_BUNDLE
    """URL of the certificate bundle with which tasks verify the database. AWS updates the file occasionally."""
    rds_bundle_sha256: Sha256 | None = None
    """SHA-256 of the certificate bundle."""

    def warnings(self) -> Iterator[str]:
        """Yield a line if the build depends on Docker Hub's limits for anonymous pulls (aws-cdk issue 15737)."""
        if not self.build or self.base is None:
            return
        image, _, _ = self.base.partition("@")
        host, _, rest = image.partition("/")
        has_host = bool(rest) and ("." in host or ":" in host)
        if has_host and host not in DOCKER_HUB:
            return
        name = (rest if has_host else image).removeprefix("library/")
        remedy = (
            "copy the image to Amazon ECR, and use it there" if "/" in name else f"use {MIRROR}{name} with its digest"
        )
        yield (
            f"image.base: {image} is pulled from Docker Hub without credentials, which has a limit per IP address. "
            f'CodeBuild shares its addresses, so publishing the image can fail with "toomanyrequests": {remedy}'
        )

    def unverified(self) -> Iterator[str]:
        """Yield the keys without the checksum or digest of a file that the image build downloads."""
        if not self.build:
            return
        if self.base is not None and "@" not in self.base:
            yield "base"
        if self.yawl_sha256 is None:
            yield "yawl_sha256"
        if self.driver_url is not None and self.driver_sha256 is None:
            yield "driver_sha256"
        if self.libraries_url is not None and self.libraries_sha256 is None:
            yield "libraries_sha256"
        if self.rds_bundle_sha256 is None:
            yield "rds_bundle_sha256"

    @rule
    def _built_or_pulled(self) -> Iterator[Mistake]:
        if self.build and self.uri is not None:
            yield Mistake(("uri",), "conflicts with image.build = true; set one of the two")
        if not self.build and self.uri is None:
            yield Mistake(("uri",), "missing: set it to an image in Amazon ECR, or set image.build = true")

    @rule
    def _build_has_its_sources(self) -> Iterator[Mistake]:
        if not self.build:
            return
        for key, needed in {
            "base": f"the base image, such as {MIRROR}tomcat:10.1-jre21@sha256:DIGEST",
            "yawl_version": "the YAWL release",
            "yawl_url": "the URL of the YAWL release archive",
        }.items():
            with skip_missing():
                if getattr(self, key) is None:
                    yield Mistake((key,), f"missing: image.build needs {needed}")

    @rule
    def _nothing_to_build(self) -> Iterator[Mistake]:
        if self.build:
            return
        for key, field in type(self).model_fields.items():
            with skip_missing():
                if key not in ("uri", "build") and getattr(self, key) != field.default:
                    yield Mistake((key,), "has an effect only with image.build = true; remove it, or set image.build")

    @rule
    def _checksums_have_files(self) -> Iterator[Mistake]:
        for name in ("driver", "libraries"):
            with skip_missing():
                if getattr(self, f"{name}_sha256") is not None and getattr(self, f"{name}_url") is None:
                    yield Mistake((f"{name}_sha256",), f"has no file: add image.{name}_url, or remove it")

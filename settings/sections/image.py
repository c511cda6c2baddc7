"""The table `[image]`: the container image that tasks run, taken from a registry or built from `container/`."""

from collections.abc import Iterator
from typing import Annotated

from settings.sections.base import Mistake, Section, rule, skipping_gaps
from settings.types.costs import Costs
from settings.types.image_uri import ImageUri
from settings.validation.constraints import Matches

RDS_BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
"""The certificates of RDS's authorities in all regions (Amazon RDS User Guide, "Using SSL/TLS")."""

BaseImage = Annotated[
    str,
    Matches(
        r"[a-z0-9]+([._/:-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[0-9a-f]{64})?",
        "an image with tag and digest, such as tomcat:10.1-jre21-temurin-noble@sha256:DIGEST",
    ),
]

Sha256 = Annotated[str, Matches(r"[0-9a-f]{64}", "a SHA-256: 64 digits from 0 to f")]

Url = Annotated[
    str, Matches(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/[!-~]+", "an address that starts with https://", longest=1024)
]

Version = Annotated[str, Matches(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", 'a version, such as "6.1"')]


class ImageSettings(Section):
    """The image: either `uri`, or `build = true` and what the image is built from."""

    uri: ImageUri | None = None
    """ECR repository with a fixed tag or digest, of an image that keeps the contract in container/README.md."""
    build: Annotated[
        bool, Costs("a build's minutes with each change of the image, and its storage in every account")
    ] = False
    """Whether the pipeline builds the image from `container/` and publishes it to every environment's account."""
    base: BaseImage | None = None
    """Official image of Tomcat 10.1 with Java 21 on Ubuntu or Debian with Python 3.11 or newer."""
    yawl_version: Version | None = None
    """The release of YAWL, for the image's label and for what a task says of itself."""
    yawl_url: Url | None = None
    """YAWL's release archive that holds `yawl.war` and `resourceService.war`."""
    yawl_sha256: Sha256 | None = None
    """The checksum of YAWL's archive."""
    driver_url: Url | None = None
    """PostgreSQL's JDBC driver for the applications; None: the one in YAWL's release, which may have none."""
    driver_sha256: Sha256 | None = None
    """The checksum of the driver."""
    libraries_url: Url | None = None
    """YAWL's archive of libraries (`YAWL_LibraryJars_*.zip`), for releases that keep them outside the wars."""
    libraries_sha256: Sha256 | None = None
    """The checksum of the archive of libraries."""
    rds_bundle_url: Url = RDS_BUNDLE
    """The authorities that tasks know their database by. AWS replaces the file from time to time."""
    rds_bundle_sha256: Sha256 | None = None
    """The checksum of the authorities' certificates."""

    def unverified(self) -> Iterator[str]:
        """Yield the keys that lack the checksum or digest of what is downloaded when the image is built."""
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
    def _built_or_taken(self) -> Iterator[Mistake]:
        if self.build and self.uri is not None:
            yield Mistake(("uri",), "goes without image.build = true: an image is either taken or built")
        if not self.build and self.uri is None:
            yield Mistake(("uri",), "missing: name an image in Amazon ECR, or set image.build = true")

    @rule
    def _built_from_something(self) -> Iterator[Mistake]:
        if not self.build:
            return
        for key, needed in {
            "base": "the image it starts from, such as tomcat:10.1-jre21-temurin-noble@sha256:DIGEST",
            "yawl_version": "the release of YAWL",
            "yawl_url": "the address of YAWL's release archive",
        }.items():
            with skipping_gaps():
                if getattr(self, key) is None:
                    yield Mistake((key,), f"missing: image.build needs {needed}")

    @rule
    def _taken_as_it_is(self) -> Iterator[Mistake]:
        if self.build:
            return
        for key, field in type(self).model_fields.items():
            with skipping_gaps():
                if key not in ("uri", "build") and getattr(self, key) != field.default:
                    yield Mistake((key,), "is for an image that is built, which image.build = true says")

    @rule
    def _checksums_of_files(self) -> Iterator[Mistake]:
        for name in ("driver", "libraries"):
            with skipping_gaps():
                if getattr(self, f"{name}_sha256") is not None and getattr(self, f"{name}_url") is None:
                    yield Mistake((f"{name}_sha256",), f"is of no file: image.{name}_url is missing")

"""URIs of container images in Amazon ECR."""

import re
from dataclasses import dataclass
from typing import Annotated, Self

from settings.aws.data import BY_DATA, REGIONS
from settings.validation.constraints import Constraint

EXPECTED = "an image in Amazon ECR, ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG"
REPOSITORY = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z]{2}(-[a-z]+)+-[0-9])\.amazonaws\.com"
    r"/(?P<repository>[a-z0-9]+([._/-][a-z0-9]+)*)(?P<version>([:@].*)?)"
)
VERSION = re.compile(r":(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})|@(?P<digest>sha256:[0-9a-f]{64})")

SHORTEST, LONGEST = 2, 256
"""Characters of a repository's name (ECR API, CreateRepository)."""


@dataclass(frozen=True, kw_only=True)
class EcrImage:
    """A repository of any account and region, and one image in it."""

    account: str
    region: str
    repository: str
    tag_or_digest: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Return the parts of the URI; raise ValueError, whose text is to be read after the URI, if it is not valid."""
        image = REPOSITORY.fullmatch(uri)
        if image is None:
            raise ValueError(f"must be {EXPECTED}")
        if image["region"] not in REGIONS:
            raise ValueError(
                f"names {image['region']}, which is no commercial AWS region ({BY_DATA}); copy the URI from the console"
            )
        if not SHORTEST <= len(image["repository"]) <= LONGEST:
            raise ValueError(f"must name a repository of {SHORTEST} to {LONGEST} characters")
        version = VERSION.fullmatch(image["version"])
        if version is None:
            raise ValueError("must end in a tag such as :6.1.0 or in a digest, @sha256: and 64 digits from 0 to f")
        return cls(
            account=image["account"],
            region=image["region"],
            repository=image["repository"],
            tag_or_digest=version["tag"] or version["digest"],
        )

    @property
    def is_latest(self) -> bool:
        """Whether the tag is `latest`, which may name another image tomorrow (reference, "Container Image")."""
        return self.tag_or_digest == "latest"


def _problem(uri: str) -> str | None:
    try:
        EcrImage.parse(uri)
    except ValueError as error:
        return str(error)
    return None


ImageUri = Annotated[str, Constraint(EXPECTED, _problem)]

"""The container image that tasks run."""

import re
from typing import Annotated

from settings.validation.constraints import Constraint

REPOSITORY = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.[a-z]{2}(-[a-z]+)+-[0-9]\.amazonaws\.com"
    r"/[a-z0-9]+([._/-][a-z0-9]+)*(?P<version>.*)"
)
VERSION = re.compile(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64}")


class EcrImage(Constraint):
    """The address of an image in Amazon ECR, with the tag or digest that says which one."""

    @property
    def expected(self) -> str:
        """The address with its parts named."""
        return "an image in Amazon ECR, ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG"

    def problem(self, value: object) -> str | None:
        """Tell an address that is none from one that lacks its tag."""
        match = REPOSITORY.fullmatch(str(value))
        if match is None:
            return f"must be {self.expected}"
        if not VERSION.fullmatch(match["version"]):
            return "must end in a tag such as :6.1.0 or in a digest, @sha256: and 64 digits from 0 to f"
        return None


ImageUri = Annotated[str, EcrImage()]


def account_of(uri: str) -> str:
    """Return the account whose registry holds the image."""
    return uri.partition(".")[0]


def moves(uri: str) -> bool:
    """Tell whether the address may name another image tomorrow, as `latest` does (reference, "Container Image")."""
    return uri.endswith(":latest")

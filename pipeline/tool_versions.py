"""The versions of the CLIs the pipeline installs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

CLI_VERSION: Final = "aws-cdk-version.txt"
"""The file of the assembly that names the version of `aws-cdk` which can read it."""


@dataclass(frozen=True)
class ToolVersions:
    """The exact versions the pipeline's own projects run, so that they and a developer's `cdk` are the same."""

    cdk: str
    """Of `aws-cdk`, which updates the pipeline."""
    cdk_assets: str
    """Of `cdk-assets`, which publishes assets."""

    def cdk_of_the_assembly(self) -> str:
        """Return what a shell in the assembly expands to the version of `aws-cdk` to install.

        The deployed pipeline updates itself from an assembly that a newer library may have written, which its own
        version might not read (aws-cdk#15519). Its own is installed where the assembly names none.
        """
        return f"$(grep -sxEm1 '[0-9]+[.][0-9]+[.][0-9]+' {CLI_VERSION} || echo {self.cdk})"

    @classmethod
    def read(cls, package_file: Path) -> Self:
        """Return the versions pinned in `package_file`, a `package.json`, where they stand once."""
        pinned = json.loads(package_file.read_text())["devDependencies"]
        return cls(cdk=pinned["aws-cdk"], cdk_assets=pinned["cdk-assets"])

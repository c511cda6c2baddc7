"""The versions of the CLIs the pipeline installs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class ToolVersions:
    """The exact versions the pipeline's own projects run, so that they and a developer's `cdk` are the same."""

    cdk: str
    """Of `aws-cdk`, which updates the pipeline."""
    cdk_assets: str
    """Of `cdk-assets`, which publishes assets."""

    @classmethod
    def read(cls, package_file: Path) -> Self:
        """Return the versions pinned in `package_file`, a `package.json`, where they stand once."""
        pinned = json.loads(package_file.read_text())["devDependencies"]
        return cls(cdk=pinned["aws-cdk"], cdk_assets=pinned["cdk-assets"])

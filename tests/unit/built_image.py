"""Settings of an image that the pipeline builds; nothing is ever downloaded from its addresses."""

import json
import os
from pathlib import Path
from typing import Any

from settings import ImageSettings

BUILT = ImageSettings(
    build=True,
    base=f"tomcat:10.1-jre21-temurin-noble@sha256:{'0a' * 32}",
    yawl_version="6.1",
    yawl_url="https://example.com/yawl.zip",
    yawl_sha256="1b" * 32,
    rds_bundle_sha256="2c" * 32,
)


def images(folder: Path, stage: str) -> dict[str, Any]:
    """Return the images that a stage of a synthesized app publishes, by their digests."""
    (found,) = folder.glob(f"assembly-yawl-delivery-{stage}/*application*.assets.json")
    return json.loads(found.read_text())["dockerImages"]


def path_without_docker(folder: Path) -> str:
    """Return a search path on which whatever is called docker fails."""
    docker = folder / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"

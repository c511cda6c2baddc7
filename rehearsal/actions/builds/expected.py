"""What of a build cannot be rehearsed on this machine, as the template of its project tells before anything starts."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.actions.builds.runtimes import image_gap, place_differences
from rehearsal.gaps import GapKind

NO_DOCKER = "the build needs Docker, and no Docker daemon is running on this machine"
_NEEDS_DOCKER = re.compile(r"\b(docker|cdk-assets)\b")
_FILE = re.compile(r"\s*[\w./-]+\.ya?ml\s*")


def expected_build_gaps(properties: Mapping[str, Any], has_docker: Callable[[], bool]) -> Iterator[tuple[GapKind, str]]:
    """Yield the gaps of a build of the project with these properties; Docker's only if it surely needs it."""
    environment = properties.get("Environment", {})
    image, kind = environment.get("Image", ""), environment.get("Type", "")
    if isinstance(image, str) and (gap := image_gap({"image": image, "type": kind})):
        yield GapKind.RUNTIME, gap
    for difference in place_differences(bool(properties.get("VpcConfig")), bool(properties.get("FileSystemLocations"))):
        yield GapKind.RUNTIME, difference
    if environment.get("PrivilegedMode") in (True, "true") and _needs_docker(properties) and not has_docker():
        yield GapKind.DOCKER, NO_DOCKER


def _needs_docker(properties: Mapping[str, Any]) -> bool:
    """Tell whether a privileged build uses Docker: the library's own file publishes images, others name the command."""
    text = str(properties.get("Source", {}).get("BuildSpec", ""))
    return _FILE.fullmatch(text) is not None or _NEEDS_DOCKER.search(text) is not None

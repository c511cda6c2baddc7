"""`python -m tools.rehearsal_workloads.container`: a service's tasks as processes of the container, for `--workload`.

Runs the testbed of the delivered commit's `container/`, which needs Debian's packages.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "container"
TESTBED = f"{FOLDER}/testbed/__main__.py"
CREDENTIALS = {"username": "YAWL_ADMIN_USER", "password": "YAWL_ADMIN_PASSWORD"}
"""The engine's account, by the keys of the testbed's file."""


def main() -> None:
    """Run the testbed until standard input closes, and exit with its status."""
    service: dict[str, Any] = json.loads(sys.stdin.readline())
    # The rehearsal's scratch folder: it is deleted with the rehearsal.
    scratch = Path(tempfile.mkdtemp(prefix="container-"))
    folder = unpack(Path(service["repository"]), service["commit"], scratch)
    credentials = scratch / "credentials.json"
    credentials.touch(0o600)
    variables: Mapping[str, str] = service["variables"]
    credentials.write_text(json.dumps({key: variables.get(name, "") for key, name in CREDENTIALS.items()}))
    os.environ["PYTHONPATH"] = str(folder)
    # A variable, because the testbeds of earlier commits have no such option.
    os.environ["IMAGE_VERSION"] = variables.get("IMAGE_VERSION") or "testbed"
    count = str(max(1, len(service["tasks"])))
    os.chdir(scratch)
    command = ["-m", "testbed", "--tasks", count, "--credentials-file", str(credentials)]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - it takes over the input that says when to end


def unpack(repository: Path, commit: str, directory: Path) -> Path:
    """Unpack the commit's container folder below `directory`, and return it; exits if the commit has no testbed."""
    git = ["git", "-C", str(repository)]
    if subprocess.run([*git, "cat-file", "-e", f"{commit}:{TESTBED}"], capture_output=True, check=False).returncode:
        sys.exit(f"commit {commit[:12]} has no {TESTBED}")
    archive = subprocess.run([*git, "archive", commit, FOLDER], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "x", "-C", str(directory)], input=archive, check=True)
    return directory / FOLDER


if __name__ == "__main__":
    main()

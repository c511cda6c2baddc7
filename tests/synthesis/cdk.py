"""Runs the pinned `cdk` as the pipeline's Synth action does: without credentials and without a network."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.paths import ROOT


def synth(folder: Path, settings: str, app: Path = ROOT / "pipeline_app.py") -> subprocess.CompletedProcess[str]:
    """Synthesize these settings into the folder's `cdk.out`."""
    shutil.copy(ROOT / "cdk.json", folder)
    (folder / "delivery.toml").write_text(settings)
    return cdk("synth", "--quiet", "--app", f"python -O {app}", cwd=folder)


def cdk(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `cdk` without a network, and without variables or files that could contain credentials."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]])
    nothing = {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [*_without_network(), "cdk", *arguments],
        cwd=cwd,
        env={**inherited, **nothing, "PATH": path, "PYTHONPATH": str(ROOT), "CDK_DISABLE_CLI_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def _without_network() -> tuple[str, ...]:
    """Return a command prefix that removes the network, or nothing if the machine does not allow it."""
    unshare = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") and subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode == 0:
        return unshare
    return ()

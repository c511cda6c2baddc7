"""The Pythons and Nodes of this machine, with their versions."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PYTHONS: Final = (".pyenv/versions/{}.*/bin/python3", ".local/share/uv/python/cpython-{}.*/bin/python3")
"""Where version managers keep Python, below the home folder."""
NODES: Final = (
    ".nvm/versions/node/*/bin",
    ".local/share/fnm/node-versions/*/installation/bin",
    ".volta/tools/image/node/*/bin",
)
"""Where version managers keep Node, below the home folder."""
ANSWER_SECONDS: Final = 20.0


def user_home() -> Path:
    """Return the user's home, not that of a build or of the emulator."""
    import pwd  # noqa: PLC0415 - rarely needed

    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def pythons(wanted: str, path: str) -> Iterator[str]:
    """Yield the Pythons of a minor version, such as `3.12`; a shim among them may not start."""
    minor = ".".join(wanted.split(".")[:2])
    if found := shutil.which(f"python{minor}", path=path):
        yield found
    for pattern in PYTHONS:
        yield from (str(found) for found in sorted(user_home().glob(pattern.format(minor)), reverse=True))


def python_version(program: str) -> str:
    """Return the full version of a Python; empty if it cannot run, or make environments."""
    return _answer([program, "-I", "-c", "import sys, venv; print('.'.join(map(str, sys.version_info[:3])))"])


def nodes(path: str) -> Iterator[Path]:
    """Yield the Nodes of this machine, of any version."""
    for folder in filter(None, path.split(os.pathsep)):
        if (found := Path(folder, "node")).is_file():
            yield found.resolve()
    for pattern in NODES:
        yield from sorted(user_home().glob(f"{pattern}/node"), reverse=True)


def node_version(node: str | None) -> str:
    """Return the version of a Node, without `v`; empty if it cannot run."""
    return _answer([node, "--version"]).removeprefix("v") if node else ""


def _answer(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

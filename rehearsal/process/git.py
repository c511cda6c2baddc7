"""Runs git, which must neither ask nor wait."""

import os
import subprocess

from rehearsal.errors import RehearsalError

SECONDS = 300.0
"""How long one command may take. It could wait for a host, such as that of a submodule or of a partial clone."""
SURROUNDING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
"""Variables of a git that runs this program, such as a hook's; they must not choose the repository."""


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git and return its result; raises RehearsalError if it is not installed or does not end in time."""
    environment = {name: value for name, value in os.environ.items() if name not in SURROUNDING}
    try:
        return subprocess.run(
            ["git", *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            env={**environment, "GIT_TERMINAL_PROMPT": "0"},
            timeout=SECONDS,
            # Without a terminal, ssh cannot ask either.
            start_new_session=True,
        )
    except FileNotFoundError:
        raise RehearsalError("git is not installed, and a rehearsal delivers a commit; install git") from None
    except subprocess.TimeoutExpired:
        raise RehearsalError(
            f"git {' '.join(arguments)} did not end within {SECONDS:.0f} s; run it yourself to see what it waits for"
        ) from None

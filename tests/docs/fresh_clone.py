"""Somebody who has just cloned the repository, on a machine where every AWS command leads to an emulator."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from rehearsal.engine.emulator_setup import EmulatorSetup
from rehearsal.process.processes import Processes
from rehearsal.report.progress import Progress
from tests.docs.document import ROOT
from tests.rehearsal.end_to_end.conftest import commit_all, copy_of_the_work_tree, run

NOT_INHERITED = ("AWS_", "MAKE", "MFLAGS", "ARGS", "CDK_", "GIT_")
"""Of the run these tests are part of; its `make` hands its own options and variables down."""

PROFILES = "".join(
    f"[profile {name}]\naws_access_key_id = {account}\naws_secret_access_key = emulated\nregion = us-east-1\n"
    for name, account in {
        "management": "999999999999",
        "delivery": "111111111111",
        "dev": "222222222222",
        "staging": "333333333333",
        "prod": "444444444444",
    }.items()
)
"""For the emulator a 12-digit access key is the account."""


@dataclass(frozen=True)
class Stranger:
    """A clone of the work tree, with what the first run prepares borrowed from it."""

    clone: Path
    environment: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone as it would be typed there; its output is one text."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.clone,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def stranger(directory: Path, endpoint: str | None = None) -> Stranger:
    """Return somebody with a clone below `directory`; `endpoint` is the emulator's, without one AWS is unreachable."""
    clone, remote = directory / "clone", directory / "remote.git"
    clone.mkdir()
    copy_of_the_work_tree(clone)
    commit_all(clone)
    run("git", "init", "--quiet", "--bare", str(remote), directory=directory)
    run("git", "remote", "add", "origin", str(remote), directory=clone)
    run("git", "push", "--quiet", "--set-upstream", "origin", "HEAD", directory=clone)
    for prepared in (".venv", "node_modules", "tools/diagrams/node_modules"):
        _borrow(prepared, clone)
    profiles = directory / "profiles"
    profiles.write_text(PROFILES)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    environment |= {
        "AWS_CONFIG_FILE": str(profiles),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Where the CLI remembers whose account a key is of.
        "CDK_HOME": str(directory / "cdk"),
        "CDK_VALIDATION": "false",
        **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    if endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
    return Stranger(clone, environment)


def _borrow(prepared: str, clone: Path) -> None:
    """Let the clone have what the work tree's first run has prepared, so that its own finds everything ready."""
    (clone / prepared).mkdir()
    for entry in (ROOT / prepared).iterdir():
        if entry.name != ".ready":
            (clone / prepared / entry.name).symlink_to(entry)
    (clone / prepared / ".ready").touch()


@contextmanager
def emulated_aws(directory: Path) -> Generator[str, None, None]:
    """Run an emulator and give its endpoint; it ends with the block."""
    processes = Processes()
    try:
        yield (
            EmulatorSetup(Progress(directory / "logs", lambda _: None), processes, directory).start_emulator().endpoint
        )
    finally:
        processes.end_all()


def client(service: str, account: str, endpoint: str) -> Any:
    """Return a client that asks the emulator as this account."""
    # boto3's overloads know each service by a literal name only.
    session: Any = boto3.Session(aws_access_key_id=account, aws_secret_access_key="emulated", region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)

"""A fresh clone of the repository, on a machine where every AWS command reaches an emulator."""

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
from tests.paths import ROOT
from tests.rehearsal.end_to_end.conftest import commit_all, copy_of_the_work_tree, run

NOT_INHERITED = ("AWS_", "MAKE", "MFLAGS", "ARGS", "CDK_", "GIT_")
"""Prefixes of variables that the surrounding `make` or shell sets and a fresh clone does not have."""

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
"""The emulator takes a 12-digit access key for the account."""


@dataclass(frozen=True)
class FreshClone:
    """A clone of the work tree that shares its virtual environment and Node modules."""

    clone: Path
    environment: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the clone; standard error is part of its output."""
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


def make_fresh_clone(directory: Path, endpoint: str | None = None) -> FreshClone:
    """Clone the work tree below `directory`. `endpoint` is the emulator's; without it AWS is unreachable."""
    clone, remote = directory / "clone", directory / "remote.git"
    clone.mkdir()
    copy_of_the_work_tree(clone)
    commit_all(clone)
    run("git", "init", "--quiet", "--bare", str(remote), directory=directory)
    run("git", "remote", "add", "origin", str(remote), directory=clone)
    run("git", "push", "--quiet", "--set-upstream", "origin", "HEAD", directory=clone)
    for prepared in (".venv", "node_modules", "tools/diagrams/node_modules"):
        _share(prepared, clone)
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
    return FreshClone(clone, environment)


def _share(prepared: str, clone: Path) -> None:
    """Link what `make setup` prepared in the work tree, so that the clone does not prepare it again."""
    (clone / prepared).mkdir()
    for entry in (ROOT / prepared).iterdir():
        if entry.name != ".ready":
            (clone / prepared / entry.name).symlink_to(entry)
    (clone / prepared / ".ready").touch()


@contextmanager
def emulated_aws(directory: Path) -> Generator[str, None, None]:
    """Run an emulator until the block ends; yield its endpoint."""
    processes = Processes()
    try:
        yield (
            EmulatorSetup(Progress(directory / "logs", lambda _: None), processes, directory).start_emulator().endpoint
        )
    finally:
        processes.end_all()


def client(service: str, account: str, endpoint: str) -> Any:
    """Return a client of the emulator with credentials of this account."""
    # boto3's overloads know each service by a literal name only.
    session: Any = boto3.Session(aws_access_key_id=account, aws_secret_access_key="emulated", region_name="us-east-1")
    return session.client(service, endpoint_url=endpoint)

"""Tests that `make cost FROM=COMMIT` synthesizes and prices that commit."""

import subprocess
from pathlib import Path

import pytest

from cloud_assembly import AssemblyError
from cloud_assembly.synthesize_commit import synthesized
from jobs.cost.assembly import read_environments
from jobs.cost.estimate import estimate
from jobs.cost.usage import Assumptions
from tests.paths import ROOT


def test_commit_is_synthesized_as_committed() -> None:
    before = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, check=True).stdout
    with synthesized("HEAD", ROOT) as folder:
        found = estimate(read_environments(folder), Assumptions(by_environment={}))
    assert found.environments[0] == "delivery"
    assert found.monthly > 0
    assert not folder.parent.exists()
    assert subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, check=True).stdout == before


def test_unsynthesizable_commit_is_reported_with_the_reason(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, capture_output=True, check=True)

    git("init")
    (tmp_path / "cdk.json").write_text('{"app": "echo no such app >&2; exit 1"}')
    git("add", ".")
    git("commit", "--message", "One")
    with (
        pytest.raises(AssemblyError, match=r"HEAD cannot be synthesized (.|\n)*no such app"),
        synthesized("HEAD", tmp_path),
    ):
        pass
    with pytest.raises(AssemblyError, match="v9 is neither a commit"), synthesized("v9", tmp_path):
        pass

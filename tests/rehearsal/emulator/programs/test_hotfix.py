"""`make hotfix` in an emulated account: what it starts, what it stops before, and what it says."""

import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.rehearsal.emulator.conftest import Account
from tests.rehearsal.emulator.programs.deployed_pipeline import PipelineSite, answering
from tests.rehearsal.emulator.programs.test_destroy import reach
from tools.delivery.__main__ import main

Output = pytest.CaptureFixture[str]


@pytest.fixture
def site(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PipelineSite:
    reach(monkeypatch, account.cloud, account.place.account)
    monkeypatch.chdir(ROOT)
    return PipelineSite(account, tmp_path / "cdk.out")


def head() -> str:
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def fix(site: PipelineSite, *arguments: str) -> int:
    return main(["--assembly", str(site.assembly), "hotfix", *arguments])


def test_it_starts_the_commit_with_the_variable(site: PipelineSite, capsys: Output) -> None:
    assert fix(site, "--yes") == 0
    [started] = site.started()
    assert (started["kind"], started["commit"], started["variables"]) == ("start", head(), {"HOTFIX": "yes"})
    printed = capsys.readouterr().out
    assert printed.startswith(f"hotfix   {head()[:12]} “")
    assert "skips  the bakes before the last environment" in printed
    assert "self-update" not in printed, "the assembly has the deployed pipeline"
    assert f"executions/{started['execution']}/timeline" in printed


def test_execution_that_bakes_is_stopped_and_one_in_prod_is_not(site: PipelineSite, capsys: Output) -> None:
    baking = site.run("a", state="STARTED", stage="Dev")
    in_prod = site.run("b", state="STARTED", stage="Test")
    assert fix(site, "--yes") == 0
    assert f"stops  execution {baking} (commit aaaaaaaaaaaa) in Dev: stopped at once: it only bakes" in (
        capsys.readouterr().out
    )
    client = site.account.client("codepipeline")
    for execution, status in ((baking, "Stopping"), (in_prod, "InProgress")):
        found = client.get_pipeline_execution(pipelineName="delivery", pipelineExecutionId=execution)
        assert found["pipelineExecution"]["status"] == status


def test_changed_pipeline_is_said(site: PipelineSite, capsys: Output) -> None:
    site.deploy("Other")
    written = site.assembly / "delivery.json"
    written.write_text(written.read_text().replace('"Other"', '"Bake"'))
    assert fix(site, "--yes") == 0
    assert "this work tree changes the pipeline itself" in capsys.readouterr().out


def test_without_confirmation_nothing_is_started(site: PipelineSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", answering(""))
    assert fix(site) == 3
    assert site.started() == []


def test_unknown_commit_is_bad_input(site: PipelineSite, capsys: Output) -> None:
    assert fix(site, "no-such-branch") == 2
    assert "hotfix: no-such-branch is not a commit of this clone" in capsys.readouterr().err


def test_pipeline_without_the_variable_is_said(site: PipelineSite, capsys: Output) -> None:
    site.deploy(has_hotfix=False)
    assert fix(site, "--yes") == 1
    assert "the deployed pipeline delivery has no variable HOTFIX" in capsys.readouterr().err
    assert site.started() == []

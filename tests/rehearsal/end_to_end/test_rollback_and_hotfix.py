"""`make rollback` and `make hotfix`, rehearsed: the commands run against the emulated pipeline, which then does it.

Prod gets two releases and returns to the first one; then the second goes through again as a hotfix.
"""

import os
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal import assembly
from rehearsal.engine.approvals import PresetApprover
from rehearsal.rehearsal import Plan, Rehearsal
from rehearsal.report.notification_collector import NotificationCollector
from rehearsal.report.progress import Progress, Result
from tests.paths import ROOT
from tests.rehearsal.end_to_end import accounts
from tests.rehearsal.end_to_end.conftest import Repository
from tests.rehearsal.end_to_end.prepared_releases import Releases, before
from tests.rehearsal.end_to_end.test_failures import PLACES
from tools.releases.records import bucket_of, read_all


@dataclass
class Site:
    """Accounts with two releases in every environment, the second one running."""

    rehearsal: Rehearsal
    progress: Progress
    releases: Releases
    first: str
    second: str

    def operate(self, *arguments: str) -> str:
        """Run the command, then what it has started, and return what the command printed."""
        assert self.rehearsal.cloud
        command = f"PATH={ROOT}/.venv/bin:$PATH NODE_PATH={ROOT}/node_modules {sys.executable} -m tools.delivery"
        whole = f"{command} {' '.join(arguments)} --yes"
        with NotificationCollector(self.rehearsal.cloud, self.progress, self.releases.path / "cdk.out"):
            result, reason = self.rehearsal.follow_up(whole)
        logs = [one for one in self.progress.logs.glob("Then-*") if arguments[0] in one.name]
        printed = max(logs, key=os.path.getmtime).read_text()
        assert result is Result.SUCCEEDED, f"{reason}\n{printed}"
        return printed

    def running(self, environment: str) -> set[str]:
        """The release that an environment's stacks have."""
        assert self.rehearsal.cloud
        return accounts.read(self.rehearsal.cloud, PLACES[environment.capitalize()]).releases()

    def records(self, environment: str) -> list[Mapping[str, Any]]:
        """The environment's release records, oldest first."""
        assert self.rehearsal.cloud
        cloud, pipeline = self.rehearsal.cloud, assembly.read(self.releases.path / "cdk.out")
        bucket = bucket_of(cloud.in_account("cloudformation", pipeline.home), pipeline.stack_name)
        return [one.content for one in read_all(cloud.in_account("s3", pipeline.home), bucket, environment)]

    def log(self, name: str) -> str:
        """What `Stage/Action` printed in its latest execution."""
        action = self.progress.action(*name.split("/", 1))
        lines = action.log_file.read_text().splitlines()
        return "\n".join(lines[action.log_lines.start : action.log_lines.stop])


@pytest.fixture(scope="module")
def site(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site, None, None]:
    folder = tmp_path_factory.mktemp("rollback")
    releases = Releases(repository, folder / "repository")
    makefile = releases.path / "Makefile"
    makefile.write_text(
        makefile.read_text().replace("bake:\n\t@echo 'stood in for'", f"bake:\n\t{sys.executable} -m jobs.bake")
    )
    first = releases.commit("one", before)
    second = releases.commit("two")
    plan = Plan(
        assembly=assembly.read(Path(releases.path, "cdk.out")),
        repository=releases.path,
        commit=second,
        base_commit=first,
        approver=PresetApprover(answer=True),
        variable_overrides={"BAKE_MINUTES": "0.005"},
    )
    progress = Progress(folder / "logs", lambda _: None)
    with Rehearsal(plan, progress) as rehearsal:
        rehearsal.run()
        assert progress.result is Result.SUCCEEDED, progress.reason
        yield Site(rehearsal, progress, releases, first, second)


def test_prod_returns_to_the_release_before_and_comes_back_as_a_hotfix(site: Site) -> None:
    assert site.running("prod") == {"two"}
    printed = site.operate("rollback", "prod")
    assert f"from     {site.second[:12]} “Release two”" in printed
    assert f"to       {site.first[:12]} “Release one”" in printed
    assert "Change review of this rollback" in printed
    assert site.running("prod") == {"one"}
    assert site.running("staging") == {"two"}
    assert [stage.name for stage in site.progress.stages][-1] == "Prod (rollback)"
    assert "rolled back" in site.progress.notifications[-1].subject
    assert site.progress.refusals == []
    *_, delivered, returned = site.records("prod")
    assert delivered["commit"] == site.second
    assert (returned["commit"], returned["rolled_back_from"]) == (site.first, delivered["execution"])

    before = len(site.progress.notifications)
    printed = site.operate("hotfix", site.second)
    assert f"hotfix   {site.second[:12]} “Release two”" in printed
    assert site.running("prod") == {"two"}
    for environment in ("dev", "staging"):
        assert f"hotfix: the bake of {environment} is skipped" in site.log(f"{environment.capitalize()}/Bake")
    assert "watching yawl-prod-health" in site.log("Prod/Bake")
    subjects = [one.subject.partition(":")[0] for one in site.progress.notifications[before:]]
    assert (subjects[0], subjects[-1]) == ("Hotfix started", "Deployed to prod")
    *_, returned, hotfix = site.records("prod")
    assert [one["hotfix"] for one in (delivered, returned, hotfix)] == [False, False, True]
    assert site.progress.refusals == []

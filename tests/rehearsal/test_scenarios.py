"""What goes wrong in a delivery, rehearsed with the project's own stacks and judged on the emulated accounts."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rehearsal.gate import ScriptedGate
from rehearsal.progress import Result, Status
from rehearsal.tasks import TaskKind
from tests.rehearsal.conftest import Repository
from workbench import parts

DEV, STAGING, PROD = "222222222222", "333333333333", "444444444444"
PARTS = ("network", "storage", "firewall", "database", "cache", "application", "distribution", "monitoring")


RECOVERY = {"staging": ("recovery",), "prod": ("recovery",)}
"""What an environment has beyond that in its own region; copies are in another one."""


def deployed(environment: str) -> dict[str, str]:
    """All stacks of an environment, created."""
    return {f"yawl-{environment}-{part}": "CREATE_COMPLETE" for part in (*PARTS, *RECOVERY.get(environment, ()))}


def test_a_pipeline_that_changed_starts_over_and_a_rejected_gate_leaves_prod_untouched(
    repository: Repository, tmp_path: Path
) -> None:
    older = an_older_pipeline(repository.path / "cdk.out", tmp_path / "cdk.out")
    with repository.rehearse(gate=ScriptedGate(answer=False), deployed_first=older) as rehearsed:
        assert rehearsed.progress.restarts == 1
        assert rehearsed.result is Result.REJECTED
        assert rehearsed.status("ProdApproval/Approve") is Status.REJECTED
        assert rehearsed.stacks(DEV) == deployed("dev")
        assert rehearsed.stacks(STAGING) == deployed("staging")
        assert rehearsed.stacks(PROD) == {}


def an_older_pipeline(newer: Path, target: Path) -> Path:
    """A copy of an assembly whose pipeline listens to another branch, under an asset hash of its own."""
    shutil.copytree(newer, target)
    template = target / "yawl-delivery.template.json"
    text = template.read_text()
    assert '"BranchName": "main"' in text
    template.write_text(text.replace('"BranchName": "main"', '"BranchName": "older"'))
    assets = target / "yawl-delivery.assets.json"
    files = json.loads(assets.read_text())["files"]
    content_hash = next(key for key, file in files.items() if file["source"]["path"] == template.name)
    for file in (assets, target / "manifest.json"):
        file.write_text(file.read_text().replace(content_hash, content_hash[::-1]))
    return target


def test_failing_integration_tests_in_dev_stop_the_delivery_there(repository: Repository) -> None:
    with repository.rehearse(tasks=TaskKind.NONE) as rehearsed:
        assert rehearsed.result is Result.FAILED
        assert rehearsed.status("Dev/IntegrationTests") is Status.FAILED
        assert "/resourceService/" in rehearsed.log("Dev/IntegrationTests")
        assert rehearsed.stacks(DEV) == deployed("dev")
        assert rehearsed.statuses("Staging") == {Status.WAITING}
        assert rehearsed.stacks(STAGING) == {}
        assert rehearsed.stacks(PROD) == {}


@pytest.mark.skipif(bool(parts.missing()) and not os.environ.get("CI"), reason="make container-parts installs them")
def test_a_delivery_over_the_containers_own_processes(repository: Repository) -> None:
    with repository.rehearse(tasks=TaskKind.CONTAINER) as rehearsed:
        assert rehearsed.result is Result.SUCCEEDED
        for environment in ("Dev", "Staging", "Prod"):
            assert rehearsed.status(f"{environment}/IntegrationTests") is Status.SUCCEEDED
        assert rehearsed.stacks(PROD) == deployed("prod")


def test_a_failing_stack_in_staging_is_rolled_back_and_prod_untouched(repository: Repository) -> None:
    with repository.rehearse(fail=frozenset({"Staging/yawl-staging-cache.Deploy"})) as rehearsed:
        assert rehearsed.result is Result.FAILED
        assert "made to fail by --fail" in rehearsed.progress.reason
        assert rehearsed.stacks(DEV) == deployed("dev")
        staging = rehearsed.stacks(STAGING)
        assert staging.pop("yawl-staging-cache") == "ROLLBACK_COMPLETE"
        assert staging == {
            f"yawl-staging-{part}": "CREATE_COMPLETE" for part in ("network", "storage", "firewall", "database")
        }
        assert rehearsed.statuses("Prod") == {Status.WAITING}
        assert rehearsed.stacks(PROD) == {}
        assert remaining_resources(rehearsed.log("Staging/yawl-staging-cache.Deploy")) == set()


def remaining_resources(log: str) -> set[str]:
    """Resources the log shows created and not deleted again."""
    events = [line.split()[:3] for line in log.splitlines() if "_COMPLETE AWS::" in line and "::Stack " not in line]
    created = {name for state, _, name in events if state == "CREATE_COMPLETE"}
    return created - {name for state, _, name in events if state == "DELETE_COMPLETE"}


def test_the_project_tree_is_clean_of_what_a_rehearsal_wrote(repository: Repository) -> None:
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository.path, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""

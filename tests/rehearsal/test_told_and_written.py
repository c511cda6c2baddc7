"""What the deployed functions make of a rehearsal's events: who is told what, and what is written down."""

import json
import os
import subprocess
import sys
from typing import Any

from rehearsal.cloud import Credentials, Place
from rehearsal.gate import ScriptedGate
from rehearsal.progress import Result
from tests.rehearsal.conftest import ROOT, Rehearsed, Repository

HOME = Place("111111111111", "us-east-1")


def subjects(rehearsed: Rehearsed) -> list[str]:
    """What was told, less the commit."""
    return [one.subject.partition(":")[0] for one in rehearsed.progress.notifications]


def test_a_delivery_is_told_and_every_environment_recorded(repository: Repository) -> None:
    with repository.rehearse() as rehearsed:
        assert rehearsed.result is Result.SUCCEEDED
        assert rehearsed.progress.failed_functions == []
        assert subjects(rehearsed) == [
            "Delivery started",
            "dev has the commit",
            "staging has the commit",
            "prod waits for approval",
            "prod has the commit",
        ]
        asked = rehearsed.progress.notifications[3]
        assert "ApprovalTopic" in asked.topic
        assert "Changes: prod (first deployment): resources" in asked.text
        assert "Tested before: staging: " in asked.text
        assert "Author:      Test" in asked.text
        [prod] = released(rehearsed, "--environment", "prod")
        assert prod["commit"] == repository.commit
        assert prod["approver"].endswith("/rehearsal")
        assert [image.partition("@")[2][:7] for image in prod["images"]] == ["sha256:"]
        assert sorted(prod["templates"]) == sorted(rehearsed.stacks("444444444444"))
        assert len(set(prod["templates"].values())) == 7
        assert len(prod["tests"]) == 1
        assert [one["environment"] for one in released(rehearsed)] == ["dev", "staging", "prod"]


def test_a_refusal_is_told_once_and_no_release_recorded(repository: Repository) -> None:
    with repository.rehearse(gate=ScriptedGate(answer=False)) as rehearsed:
        assert subjects(rehearsed)[-2:] == ["prod waits for approval", "prod was refused"]
        assert [one["environment"] for one in released(rehearsed)] == ["dev", "staging"]


def test_a_stack_that_fails_is_told_with_its_first_failing_line(repository: Repository) -> None:
    with repository.rehearse(fail=frozenset({"Dev/yawl-dev-cache.Deploy"})) as rehearsed:
        assert subjects(rehearsed) == ["Delivery started", "Delivery failed in Dev/yawl-dev-cache.Deploy"]
        told = rehearsed.progress.notifications[-1].text
        assert "MadeToFail: made to fail by --fail" in told
        assert "Environment: dev" in told


def released(rehearsed: Rehearsed, *arguments: str) -> list[dict[str, Any]]:
    """What `make releases` says in the pipeline's emulated account."""
    assert rehearsed.rehearsal.cloud is not None
    cloud = rehearsed.rehearsal.cloud
    done = subprocess.run(
        [sys.executable, "-m", "releases", "--json", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **cloud.environment(HOME.region, Credentials(HOME.account))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

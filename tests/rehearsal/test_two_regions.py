"""Prod in two regions: the second one gets the release when the first one has baked."""

import re

import pytest

from rehearsal.gate import ScriptedGate
from rehearsal.progress import Result, Status
from tests.example import EXAMPLE
from tests.rehearsal.conftest import Repository, with_settings

HERE, THERE = "us-east-1", "eu-west-1"
ACCOUNT = "444444444444"
PARTS = ("network", "storage", "database", "cache", "application", "distribution", "monitoring", "recovery")
FIREWALLS = ("firewall", f"{THERE}-firewall")
"""Before CloudFront, which is everywhere and has them in us-east-1."""


@pytest.fixture(scope="module")
def in_two_regions(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project with prod alone, in a further region."""
    text = re.sub(r"\[environments\.(dev|staging)\].*?(?=\n\[|\Z)", "", EXAMPLE.read_text(), flags=re.DOTALL)
    own = f'account = "{ACCOUNT}"\nregion = "{HERE}"\n'
    assert text.count(own) == 1
    return with_settings(text.replace(own, f"{own}further_regions = {{ {THERE} = 2 }}\n"), tmp_path_factory)


def whole(*parts: str) -> dict[str, str]:
    """These stacks of prod, created."""
    return {f"yawl-prod-{part}": "CREATE_COMPLETE" for part in parts}


def test_the_second_gets_the_release_after_the_first_and_nothing_before(in_two_regions: Repository) -> None:
    with in_two_regions.rehearse(fail=frozenset({"Prod/Bake"})) as rehearsed:
        assert rehearsed.result is Result.FAILED
        assert rehearsed.statuses(f"Prod-{THERE}") == {Status.WAITING}
        assert rehearsed.stacks(ACCOUNT, HERE) == whole(*PARTS, "firewall")
        assert rehearsed.stacks(ACCOUNT, THERE) == {}

        told_before = len(rehearsed.progress.notifications)
        rehearsed.deliver(gate=ScriptedGate(answer=True))
        assert rehearsed.result is Result.SUCCEEDED, rehearsed.progress.reason
        assert rehearsed.stacks(ACCOUNT, HERE) == whole(*PARTS, *FIREWALLS)
        assert rehearsed.stacks(ACCOUNT, THERE) == whole(*(f"{THERE}-{part}" for part in PARTS))
        first, second = (stage for stage in rehearsed.progress.stages if stage.name in ("Prod", f"Prod-{THERE}"))
        baked = next(action.ended for action in first.actions if action.name == "Bake")
        begun = min(action.started for action in second.actions if action.started is not None)
        assert baked is not None
        assert begun > baked
        told = [one.subject.partition(":")[0] for one in rehearsed.progress.notifications[told_before:]]
        assert told == [
            "Delivery started",
            "prod waits for approval",
            "prod has the commit",
            f"prod in {THERE} has the commit",
        ]

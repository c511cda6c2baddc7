"""Prod in two regions: the second one gets the release when the first one has baked."""

import re

import pytest

from rehearsal.cloud import Place
from rehearsal.progress import Result, Status
from tests.example import EXAMPLE
from tests.rehearsal.conftest import Rehearsed, Repository, with_settings

HERE, THERE = "us-east-1", "eu-west-1"
PARTS = 7
ELSEWHERE = ("firewall", "recovery", "recovery-copies")
"""Parts that are not in every region, or not in the one they serve."""


@pytest.fixture(scope="module")
def in_two_regions(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project with prod alone, in a further region."""
    text = re.sub(r"\[environments\.(dev|staging)\].*?(?=\n\[|\Z)", "", EXAMPLE.read_text(), flags=re.DOTALL)
    own = f'account = "444444444444"\nregion = "{HERE}"\n'
    assert text.count(own) == 1
    return with_settings(text.replace(own, f"{own}further_regions = {{ {THERE} = 2 }}\n"), tmp_path_factory)


def stacks(rehearsed: Rehearsed, region: str) -> int:
    """How many of prod's stacks are whole in a region."""
    assert rehearsed.rehearsal.cloud is not None
    client = rehearsed.rehearsal.cloud.in_account("cloudformation", Place("444444444444", region))
    found = client.describe_stacks()["Stacks"]
    states = {one["StackName"]: one["StackStatus"] for one in found if not one["StackName"].endswith(ELSEWHERE)}
    return sum(name.startswith("yawl-prod-") and state == "CREATE_COMPLETE" for name, state in states.items())


def test_both_get_the_release_one_after_the_other(in_two_regions: Repository) -> None:
    with in_two_regions.rehearse() as rehearsed:
        assert rehearsed.result is Result.SUCCEEDED, rehearsed.progress.reason
        assert (stacks(rehearsed, HERE), stacks(rehearsed, THERE)) == (PARTS, PARTS)
        first, second = (stage for stage in rehearsed.progress.stages if stage.name in ("Prod", f"Prod-{THERE}"))
        baked = next(action.ended for action in first.actions if action.name == "Bake")
        begun = min(action.started for action in second.actions if action.started is not None)
        assert baked is not None
        assert begun > baked
        told = [one.subject.partition(":")[0] for one in rehearsed.progress.notifications]
        assert told == [
            "Delivery started",
            "prod waits for approval",
            "prod has the commit",
            f"prod in {THERE} has the commit",
        ]


def test_a_first_wave_that_fails_leaves_the_second_region_untouched(in_two_regions: Repository) -> None:
    with in_two_regions.rehearse(fail=frozenset({"Prod/Bake"})) as rehearsed:
        assert rehearsed.result is Result.FAILED
        assert rehearsed.statuses(f"Prod-{THERE}") == {Status.WAITING}
        assert (stacks(rehearsed, HERE), stacks(rehearsed, THERE)) == (PARTS, 0)

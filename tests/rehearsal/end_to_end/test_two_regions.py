"""Prod in two regions: the second one gets the release when the first one has baked."""

from rehearsal.engine.approvals import PresetApprover
from rehearsal.report.progress import Result, Status
from tests.environment_stacks import own_region
from tests.rehearsal.end_to_end.conftest import HERE, PROD, THERE, Repository

PARTS = [part for part in own_region("prod") if part not in ("firewall", "audit")]
FIREWALLS = ("firewall", f"{THERE}-firewall")
"""Before CloudFront, which is everywhere and has them in us-east-1."""


def whole(*parts: str) -> dict[str, str]:
    """These stacks of prod, created."""
    return {f"yawl-prod-{part}": "CREATE_COMPLETE" for part in parts}


def test_second_region_is_deployed_after_the_first(prod_in_two_regions: Repository) -> None:
    with prod_in_two_regions.rehearse(fail=frozenset({"Prod/Bake"})) as rehearsed:
        assert rehearsed.result is Result.FAILED
        assert rehearsed.statuses(f"Prod-{THERE}") == {Status.WAITING}
        assert rehearsed.stacks(PROD, HERE) == whole(*PARTS, "firewall", "audit")
        assert rehearsed.stacks(PROD, THERE) == {}

        told_before = len(rehearsed.progress.notifications)
        rehearsed.deliver_again(approver=PresetApprover(answer=True))
        assert rehearsed.result is Result.SUCCEEDED, rehearsed.progress.reason
        assert rehearsed.stacks(PROD, HERE) == whole(*PARTS, *FIREWALLS, "audit")
        assert rehearsed.stacks(PROD, THERE) == whole(*(f"{THERE}-{part}" for part in PARTS))
        first, second = (stage for stage in rehearsed.progress.stages if stage.name in ("Prod", f"Prod-{THERE}"))
        baked = next(action.ended for action in first.actions if action.name == "Bake")
        begun = min(action.started for action in second.actions if action.started is not None)
        assert baked is not None
        assert begun > baked
        received = [one.subject.partition(":")[0] for one in rehearsed.progress.notifications[told_before:]]
        assert received == [
            "Delivery started",
            "Approval needed for prod",
            "Deployed to prod",
            f"Deployed to prod in {THERE}",
        ]

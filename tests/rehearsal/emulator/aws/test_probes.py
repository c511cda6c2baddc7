"""AWS's documented answers, asked of the emulator: at least 80 of them, and at least 95 % the same."""

from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.probes.score import AREAS, LEAST, ask_all, share

KNOWN = ["a managed policy that is not there"]
"""Probes that the emulator answers otherwise: no package lists all of AWS's managed policies."""
PERMISSIONS = ("Permissions", "Permissions for keys")


def test_the_emulator_answers_as_aws_does(cloud: Cloud) -> None:
    asked = ask_all(cloud)
    assert len(asked) >= 80
    assert share(asked) >= LEAST
    # One by one: within the share that may differ, others could stop answering unseen.
    differing = [one for one in asked if not one.passed]
    assert [one.probe.name for one in differing] == KNOWN, "\n".join(map(str, differing))


def test_probes_of_permissions_are_asked_where_they_are_enforced(cloud: Cloud) -> None:
    assert cloud.permission_summary()["mode"] == "enforced"
    assert sum(len(AREAS[area]) for area in PERMISSIONS) >= 25


def test_no_request_is_asked_twice() -> None:
    for area, probes in AREAS.items():
        names = [probe.name for probe in probes]
        assert len(set(names)) == len(names), area

"""AWS's documented answers, asked of the emulator: at least 80 of them, and at least 95 % the same."""

from rehearsal.cloud import Cloud
from tests.emulator.probes.score import AREAS, LEAST, ask_all, share

PERMISSIONS = ("Permissions", "Permissions for keys")


def test_the_emulator_answers_as_aws_does(cloud: Cloud) -> None:
    asked = ask_all(cloud)
    assert len(asked) >= 80
    differing = "\n".join(str(one) for one in asked if not one.passed)
    assert share(asked) >= LEAST, differing


def test_probes_of_permissions_are_asked_where_they_are_enforced(cloud: Cloud) -> None:
    assert cloud.evaluated()["mode"] == "enforced"
    assert sum(len(AREAS[area]) for area in PERMISSIONS) >= 25


def test_no_request_is_asked_twice() -> None:
    for area, probes in AREAS.items():
        names = [probe.name for probe in probes]
        assert len(set(names)) == len(names), area

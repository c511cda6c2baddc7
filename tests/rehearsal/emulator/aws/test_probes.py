"""Compares the emulator with at least 80 answers that AWS documents; at least 95 % must agree."""

from rehearsal.engine.cloud import Cloud
from tests.rehearsal.emulator.probes.score import AREAS, LEAST, ask_all, share

KNOWN = ["a managed policy that is not there"]
"""Probes that may fail: no package lists all of AWS's managed policies."""
PERMISSIONS = ("Permissions", "Permissions for keys")


def test_emulator_answers_as_documented(cloud: Cloud) -> None:
    asked = ask_all(cloud)
    assert len(asked) >= 80
    assert share(asked) >= LEAST
    # Compare by name: the tolerated share would hide new failures.
    differing = [one for one in asked if not one.passed]
    assert [one.probe.name for one in differing] == KNOWN, "\n".join(map(str, differing))


def test_permission_probes_run_with_enforcement(cloud: Cloud) -> None:
    assert cloud.permission_summary()["mode"] == "enforced"
    assert sum(len(AREAS[area]) for area in PERMISSIONS) >= 25


def test_no_probe_is_repeated() -> None:
    for area, probes in AREAS.items():
        names = [probe.name for probe in probes]
        assert len(set(names)) == len(names), area

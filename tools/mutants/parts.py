"""The parts of the project that are mutated, and the tests that can catch a mutant of each."""

from dataclasses import dataclass

_PROGRAMS = "tests/rehearsal/emulator/programs"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part whose mutants are counted together. Paths are relative to the repository."""

    name: str
    programs: tuple[str, ...] = ()
    """Folders that Cosmic Ray mutates."""
    synth: tuple[str, ...] = ("tests/unit",)
    """Folders of tests that the pipeline's Synth action runs; of these, those that import or name a mutated file."""
    further: tuple[str, ...] = ()
    """Tests that only `make test` runs; they get what survives the first."""


PARTS = (
    Part(
        name="jobs",
        programs=("jobs",),
        further=(
            f"{_PROGRAMS}/test_bake_in_an_account.py",
            f"{_PROGRAMS}/test_change_review_in_an_account.py",
            f"{_PROGRAMS}/test_review_before_a_push.py",
        ),
    ),
    Part(
        name="lambdas",
        programs=("lambdas",),
        further=(
            f"{_PROGRAMS}/test_release_records_in_an_account.py",
            f"{_PROGRAMS}/test_delivery_metrics_in_an_account.py",
            f"{_PROGRAMS}/test_failure_mail_in_an_account.py",
            f"{_PROGRAMS}/test_daily_checks.py",
        ),
    ),
    Part(
        name="supervisor",
        programs=("container/supervisor",),
        further=("tests/container",),
    ),
    Part(
        name="integration_tests",
        programs=("integration_tests",),
        further=("tests/integration_faults", f"{_PROGRAMS}/test_integration_test_role.py"),
    ),
    # The tests of templates also depend on the settings. They catch more, and would take minutes for each mutant.
    Part(name="settings", programs=("settings",), synth=("tests/unit/settings",), further=("tests/synthesis",)),
)

HAND_MADE = Part(name="hand-made", further=("tests/synthesis", "tests/rehearsal/unit"))
"""Tests for hand-made mutants of a part without programs, such as the architecture."""

TEMPLATES = (
    "pipeline_app.py",
    "delivery.toml",
    "cdk.json",
    "settings/",
    "pipeline/",
    "stages/",
    "stacks/",
    "execution_policies/",
    "cloud_assembly/",
    "tests/",
)
"""Files whose mutants may change the templates. Other mutants are tested with one synthesized app."""


def part_named(name: str) -> Part:
    """Return the part of that name; the hand-made tables may use further names."""
    return next((part for part in PARTS if part.name == name), HAND_MADE)

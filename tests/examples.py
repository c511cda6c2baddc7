"""How many examples property tests take: few in every run, thousands with `--hypothesis-profile=long`."""

import hypothesis

LONG = "long"
"""The profile's name."""


def register_profiles() -> None:
    """Register the profiles of all tests. No test may fail because the machine is slow."""
    hypothesis.settings.register_profile("no deadline", deadline=None)
    hypothesis.settings.register_profile(LONG, deadline=None, print_blob=True)
    hypothesis.settings.load_profile("no deadline")


def examples(usual: int, *, long: int = 5000) -> hypothesis.settings:
    """Return settings with `usual` examples, the same in every run, or `long` new ones in a run of the long profile."""
    is_long = hypothesis.settings.get_current_profile_name() == LONG
    return hypothesis.settings(
        max_examples=long if is_long else usual,
        derandomize=not is_long,
        database=None,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )

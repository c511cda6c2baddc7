"""How many examples property tests take: few in every run, thousands with `--hypothesis-profile=long`."""

import hypothesis


def is_long_run() -> bool:
    """Whether this run has the long profile, which tests/conftest.py registers."""
    return hypothesis.settings.get_current_profile_name() == "long"


def examples(usual: int, *, long: int = 5000) -> hypothesis.settings:
    """Return settings with `usual` examples, the same in every run, or `long` new ones in a run of the long profile."""
    return hypothesis.settings(
        max_examples=long if is_long_run() else usual,
        derandomize=not is_long_run(),
        database=None,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )

"""The figures of the integration tests, as somebody decided on them: limits, times and defaults.

A changed figure is changed here too, on purpose.
"""

import integration_tests
from tests.unit.figures import figures

FIGURES = {
    "addresses.MOST_ADDRESSES": 8,
    "contract.MAX_LEADER_AGE_SECONDS": 60.0,
    "distribution_checks.CACHE_SECONDS": 10.0,
    "distribution_checks.MIN_HSTS_SECONDS": 15_552_000,
    "engine.LIST_LIMIT": 4_194_304,
    "engine_checks.STEP_SECONDS": 2.0,
    "engine_checks.CLEANING_SECONDS": 1.0,
    "engine_checks.WORK_ITEM_SECONDS": 10.0,
    "engine_checks.EVERY_TASK_SECONDS": 15.0,
    "engine_checks.MOST_AT_ONCE": 12,
    "failure._LONGEST_LINE": 400,
    "failure._MOST_FAULTS": 5,
    "http_checks.ALLOWED_BREAKS": 1,
    "http_checks.MOST_REDIRECTS": 5,
    "http_checks.REDIRECT_SECONDS": 1.0,
    "http_client.BODY_LIMIT": 65_536,
    "http_client.REQUEST_SECONDS": 10.0,
    "http_variables.DEFAULT_DEADLINE_SECONDS": 300.0,
    "http_variables.DEFAULT_CONSECUTIVE_SUCCESSES": 5,
    "http_variables.DEFAULT_P99_LIMIT_SECONDS": 2.0,
    "http_variables.DEFAULT_ERROR_RATE_LIMIT_PERCENT": 1.0,
    "http_variables.DEFAULT_SAMPLE_REQUESTS": 100,
    "http_variables.MOST_SAMPLE_REQUESTS": 1000,
    "sample.AT_ONCE": 4,
    "sample.ENOUGH_FOR_EVERY_TASK": 50,
    "secret_values._LEAST_PREFIX": 4,
    "service_checks._MOST_DETAILS": 8,
    "service_checks._MOST_PAGES": 3,
    "specification.LEFTOVER_SECONDS": 3600.0,
    "task_checks._MOST_DETAILS": 8,
    "waiting.MIN_PROBE_SECONDS": 1.0,
}


def test_figures() -> None:
    assert figures(integration_tests) == FIGURES

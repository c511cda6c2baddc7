"""The figures of the Lambda functions, as somebody decided on them: limits, times and lengths.

A changed figure is changed here too, on purpose.
"""

import lambdas
from tests.unit.figures import figures

FIGURES = {
    "daily_checks.check_backups.RETRIES": (60, 60, 5),
    "daily_checks.find_drift.RETRIES": (60, 60, 5),
    "daily_checks.find_drift.LOOK_SECONDS": 5,
    "daily_checks.find_drift.GIVE_UP_SECONDS": 600,
    "delivery_events.clients._CONFIG": (5, 15, 4),
    "delivery_events.failure.LONGEST_LINE": 300,
    "delivery_events.failure.MOST_FINDINGS": 10,
    "delivery_events.failure.LONGEST_ACCEPTANCE": 8000,
    "delivery_events.failure.MOST_LINES": 20_000,
    "delivery_events.free_text.SUBJECT": 99,
    "delivery_events.free_text.CHAT_TITLE": 250,
    "delivery_events.free_text.LINE": 2000,
    "delivery_events.free_text.ACCENTS": 2,
    "delivery_events.history.MOST_EXECUTIONS": 200,
    "delivery_events.history.MOST_ACTIONS": 5000,
    "delivery_events.notice.WIDTH": 78,
    "delivery_events.notice.SHORT_COMMIT": 12,
    "delivery_events.notice_builder.APPROVAL_EXPIRES": 604_800.0,
    "delivery_events.program_messages.COMPLETED_WITHIN": 8,
    "delivery_metrics.embedded_metric.OLDEST": 1_209_600.0,
    "delivery_metrics.environment_figures.LATEST_COUNT": 1_123_200.0,
    "delivery_metrics.handler.PATIENCE": 3600.0,
    "delivery_metrics.history.MOST_EXECUTIONS": 300,
    "delivery_metrics.history.LONGEST_TITLE": 120,
    "delivery_metrics.incidents.CONFIG": (5, 15, 4),
    "delivery_metrics.incidents.WINDOW": 86_400.0,
    "delivery_metrics.incidents.LOOK_BACK": 1_209_600.0,
    "delivery_metrics.published_figures.RETENTION": 34_560_000.0,
}


def test_figures() -> None:
    assert figures(lambdas) == FIGURES

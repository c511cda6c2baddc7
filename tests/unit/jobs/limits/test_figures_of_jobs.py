"""The figures of the pipeline's jobs, as somebody decided on them: limits, times and lengths.

A changed figure is changed here too, on purpose.
"""

import jobs
from tests.unit.figures import figures

FIGURES = {
    "aws_errors._BROKEN": 500,
    "bake.__main__._CONFIG": (5, 10, 5),
    "bake.watch.POLL_SECONDS": 15.0,
    "bake.watch.SKEW": 5.0,
    "change_review.__main__.LONGEST_CHANGES": 250,
    "change_review.approval.history.MOST_COMMITS": 1000,
    "change_review.approval.page.FEW_COMMITS": 30,
    "change_review.approval.page.LONGEST_RISK": 90,
    "change_review.approval.release.SHORT": 12,
    "change_review.approval.release.MOST_MAILED": 20,
    "change_review.approval.release.LONGEST_LINE": 100,
    "change_review.approval.release.LONGEST_RUNS": 95,
    "change_review.approval.release_records.MOST_RECORDS": 50,
    "change_review.costs.LONGEST_NAME": 23,
    "change_review.costs.LONGEST_PHRASE": 74,
    "change_review.costs.MAX_CHANGES": 10,
    "change_review.deployed_stacks.MAX_PAGES": 30,
    "change_review.deployed_stacks._CONFIG": (5, 20, 5),
    "change_review.differences._TIMEOUT_SECONDS": 120,
    "change_review.execution_permissions._MAX_LINES": 20,
    "change_review.left_behind.search._MAX_LINES": 20,
    "change_review.left_behind.search._MAX_CHARGES": 3,
    "change_review.pipeline_run.MAX_TITLE_LENGTH": 80,
    "change_review.pipeline_run._CONFIG": (5, 20, 3),
    "change_review.refused_replacements.FEWEST_SUBNETS": 2,
    "change_review.refused_updates.MIN_GROWTH_PERCENT": 10,
    "cost.report.WIDTH": 100,
    "cost.report.ENVIRONMENTS": 7,
    "cost.report.LARGEST": 4,
    "cost.report.CHANGES": 15,
    "cost.resources.databases.FREE_INSIGHTS_DAYS": 7,
    "cost.resources.databases.KB_IN_GB": 1_000_000,
    "cost.resources.delivery.SOURCE_MINUTES": 1,
    "cost.resources.monitoring.MINUTE": 60,
    "cost.resources.storage.CHARGED_ROTATIONS": 2,
    "cost.schedule.WEEK": 10_080,
    "cost.unpriced.NAMED": 3,
}


def test_figures() -> None:
    assert figures(jobs) == FIGURES

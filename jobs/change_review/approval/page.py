"""The review as one self-contained HTML page, and as the lines that the approval and its mail quote."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined

from jobs.change_review.accepted_changes import entry_for
from jobs.change_review.approval.exercised import exercises
from jobs.change_review.approval.release import SHORT, Release
from jobs.change_review.approval.risks import Level, Risk, risks
from jobs.change_review.costs import cost_lines, cost_sentence
from jobs.change_review.permissions import security_lines
from jobs.change_review.pipeline_run import one_line
from jobs.change_review.report import dependent_lines, verdict
from jobs.change_review.review import KINDS, Review

FEW_COMMITS = 30
"""How many commits the page shows at once; the rest unfolds."""
LONGEST_RISK = 90
"""Characters of the line about the highest risk, which is part of the approval's comment."""
NO_RISK = "nothing is replaced, removed or interrupted, and no access is widened"


def as_html(review: Review, release: Release | None) -> str:
    """Return the review as a page without external resources; a review by hand has no release."""
    pages = Environment(
        loader=PackageLoader("jobs.change_review.approval", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found = ranked(review, release)
    return pages.get_template("page.html").render(
        review=review,
        release=release,
        short=SHORT,
        few=FEW_COMMITS,
        kinds=KINDS,
        verdict=verdict(review),
        levels=[(level, list(group)) for level, group in groupby(found, key=lambda risk: risk.level)],
        routine=Level.REVISION,
        exercises=list(exercises(review, release.earlier)) if release else [],
        cost=None if review.nothing else cost_sentence(review.cost),
        charges=list(cost_lines(review.cost)),
        dependents=list(dependent_lines(review)),
        security={stack.name: list(security_lines(stack.difference)) for stack in review.stacks if not stack.is_new},
        entry=partial(entry_for, environment=review.environment),
    )


def ranked(review: Review, release: Release | None) -> tuple[Risk, ...]:
    """Return the review's risks, the worst first."""
    return risks(review, earlier=release.earlier, acceptances=release.acceptances) if release else risks(review)


def highest_risk(found: Sequence[Risk]) -> str:
    """Return the highest risk in one short line: `data or an address is lost: Database in yawl-prod-database`."""
    if not found:
        return NO_RISK
    level = found[0].level
    same = [risk for risk in found if risk.level is level]
    more = f" and {len(same) - 1} more" if len(same) > 1 else ""
    subject = f"{same[0].subject.partition(' ')[0]} in {same[0].stack}"
    return one_line(f"{level.words}: {subject}", LONGEST_RISK - len(more)) + more

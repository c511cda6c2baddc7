"""The review as text for the build's log. `approval/page.py` has the page."""

from collections.abc import Iterator

from jobs.change_review.accepted_changes import entry_for
from jobs.change_review.costs import cost_lines, cost_sentence
from jobs.change_review.findings import Finding
from jobs.change_review.review import KINDS, Review, StackReview


def as_text(review: Review) -> str:
    """Return the summary, the findings and the verdict."""
    lines = [review.summary(), ""]
    lines += [f"  {stack.name:<28} {_counts(stack)}" for stack in review.stacks]
    lines += [f"  {name:<28} left behind: deployed, but not part of the release" for name in review.orphaned_stacks]
    for finding in review.findings:
        lines += ["", *_finding_lines(finding, review.environment)]
    if review.dependents:
        lines += ["", DEPENDENTS_TITLE, *(f"  {line}" for line in dependent_lines(review))]
    if not review.nothing:
        lines += ["", cost_sentence(review.cost), *cost_lines(review.cost)]
    lines += ["", verdict(review)]
    return "\n".join(lines)


DEPENDENTS_TITLE = "Resources that refer to a replaced one"


def dependent_lines(review: Review) -> Iterator[str]:
    """Yield a line for each resource that refers to a replaced one."""
    for one in review.dependents:
        other = "" if one.stack == one.replaced_stack else f" of {one.replaced_stack}"
        yield f"{one.stack}: {one.logical_id} refers to {one.replaced}{other} and {one.effect}"


def verdict(review: Review) -> str:
    """Return in a sentence whether the release can proceed."""
    if review.stopping:
        return (
            f"STOPPED before any deployment by {len(review.stopping)} of {len(review.findings)} findings. "
            "Change the release, accept each intended change in delivery.toml, or grant the missing permissions."
        )
    if review.nothing:
        return "Nothing changes."
    return "The release can proceed."


def _counts(stack: StackReview) -> str:
    if stack.difference.nothing:
        return "nothing changes"
    counts = ", ".join(f"{stack.count(kind)} {kind}" for kind in KINDS if stack.count(kind)) or "no resource changes"
    outputs = f", {stack.difference.outputs} outputs" if stack.difference.outputs else ""
    return f"{counts}{outputs}{' (new stack)' if stack.is_new else ''}"


def _finding_lines(finding: Finding, environment: str) -> Iterator[str]:
    yield f"{'accepted' if finding.accepted is not None else 'stops'}: {finding.stack}: {finding.title}"
    yield from (f"    {line}" for line in finding.details)
    if finding.accepted is not None:
        yield f"    accepted because: {finding.accepted}"
    elif finding.command is not None:
        yield "    from a checkout of this commit, as an administrator of the account, run this, then retry the stage:"
        yield f"      {finding.command}"
    elif finding.impossible:
        yield "    AWS would reject this update even if accepted: change the release"
    else:
        yield "    if this is intended, add to delivery.toml, with the reason:"
        yield from (f"      {line}" for line in entry_for(finding, environment).splitlines())

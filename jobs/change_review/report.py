"""The review as text for the build's log, as Markdown, and as an HTML page."""

from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined

from jobs.change_review.accepted_changes import entry_for
from jobs.change_review.costs import cost_lines, cost_phrase
from jobs.change_review.findings import Finding
from jobs.change_review.permissions import security_lines
from jobs.change_review.review import KINDS, Review, StackReview

COST_BASIS = "Estimated from the templates with the prices and assumptions of jobs/cost/: on demand, without tax."


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
        lines += ["", cost_phrase(review.cost), *cost_lines(review.cost)]
    lines += ["", _verdict(review)]
    return "\n".join(lines)


def as_markdown(review: Review, *, commit: str) -> str:
    """Return the whole review as Markdown; `commit` may be empty."""
    lines = [f"# What changes in {review.environment}", "", review.summary() + ".", "", _verdict(review), ""]
    if commit:
        lines += [f"Commit `{commit}`.", ""]
    lines += ["| stack | added | changed | replaced | removed |", "| --- | --: | --: | --: | --: |"]
    for stack in review.stacks:
        counts = " | ".join(str(stack.count(kind)) for kind in KINDS)
        lines.append(f"| {stack.name}{' (new)' if stack.is_new else ''} | {counts} |")
    lines += [
        f"| {name} | left behind: deployed, but not part of the release | | | |" for name in review.orphaned_stacks
    ]
    for finding in review.findings:
        title, *details = _finding_lines(finding, review.environment)
        lines += ["", f"## {title}", "", "```text", *details, "```"]
    if review.dependents:
        lines += ["", f"## {DEPENDENTS_TITLE}", "", *(f"- {line}" for line in dependent_lines(review))]
    if not review.nothing:
        lines += ["", "## Monthly cost", "", f"{cost_phrase(review.cost).capitalize()}. {COST_BASIS}"]
        if changes := list(cost_lines(review.cost)):
            lines += ["", "```text", *changes, "```"]
    for stack in review.stacks:
        if not stack.difference.nothing and not stack.is_new:
            lines += ["", f"## {stack.name}", "", "```text", stack.difference.text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def as_html(review: Review, *, commit: str) -> str:
    """Return the whole review as one self-contained page; `commit` may be empty."""
    pages = Environment(
        loader=PackageLoader("jobs.change_review", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return pages.get_template("page.html").render(
        review=review,
        commit=commit,
        kinds=KINDS,
        verdict=_verdict(review),
        cost=None if review.nothing else f"{cost_phrase(review.cost).capitalize()}. {COST_BASIS}",
        charges=list(cost_lines(review.cost)),
        dependents=list(dependent_lines(review)),
        security={stack.name: list(security_lines(stack.difference)) for stack in review.stacks if not stack.is_new},
        entries={
            finding.change: entry_for(finding, review.environment)
            for finding in review.stopping
            if not (finding.command or finding.impossible)
        },
    )


DEPENDENTS_TITLE = "Resources that refer to a replaced one"


def dependent_lines(review: Review) -> Iterator[str]:
    """Yield a line for each resource that refers to a replaced one."""
    for one in review.dependents:
        other = "" if one.stack == one.replaced_stack else f" of {one.replaced_stack}"
        yield f"{one.stack}: {one.logical_id} refers to {one.replaced}{other} and {one.effect}"


def _verdict(review: Review) -> str:
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

"""The estimate as a Markdown page: docs/COST.md."""

from collections.abc import Iterator, Sequence

from jobs.cost.estimate import NOTHING, Estimate, total
from jobs.cost.formatting import dollars, figure
from jobs.cost.resources import FREE, LESS_THAN_A_CENT
from jobs.cost.savings import savings, used
from jobs.cost.unpriced import Unpriced, bounded, missing
from jobs.cost.usage import HOURS, HOURS_MEANING, MEANINGS, Assumptions


def as_markdown(found: Estimate, assumptions: Assumptions) -> str:
    """Return the page: each environment by stack, possible savings, assumptions, and exclusions."""
    return "\n".join(_page(found, assumptions)) + "\n"


def _page(found: Estimate, assumptions: Assumptions) -> Iterator[str]:
    yield from (
        "# Cost",
        "",
        "Estimated cost in US dollars per month of the environments in `delivery.toml`. `make docs` computes it from "
        "the synthesized templates. `make cost ARGS=--details` lists every resource; `make cost FROM=main~1` shows "
        "what changed since a commit.",
        "",
        "Prices are on demand and in `jobs/cost/prices/`; `make prices REGION=us-east-1` reads them from AWS:",
        "",
        *(f"- {prices.region}: {prices.recorded}." for prices in found.price_lists),
        "",
        "*Fixed* charges do not depend on usage; *by usage* depends on the assumptions below.",
        "",
    )
    for environment in found.environments:
        lines = found.of(environment)
        rows = [
            (stack, *_amounts(found, environment, stack), _sum(found, environment, stack))
            for stack in found.stacks_of(environment)
        ]
        rows.append((f"**{environment}**", *_amounts(found, environment, None), f"**{_sum(found, environment)}**"))
        yield from (f"## {environment}", "", *_table(("stack", "fixed", "by usage", "total"), rows, numbers=3), "")
        largest = sorted(lines, key=lambda line: -line.monthly)[:5]
        yield (
            "Largest charges: "
            + ", ".join(f"{line.what} ({line.resource}) {dollars(line.monthly)}" for line in largest)
            + "."
        )
        yield ""
        yield from _not_priced(found.unpriced_of(environment))
    yield from (f"All environments and the pipeline: **{bounded(found.monthly, found.unpriced)}** a month.", "")
    yield from _savings(found)
    yield from _assumptions(found, assumptions)
    yield from _left_out()


def _sum(found: Estimate, environment: str, stack: str | None = None) -> str:
    bound = "at least " if found.unpriced_of(environment, stack) else ""
    return f"{bound}{dollars(total(found.of(environment, stack)))}"


def _not_priced(unpriced: Sequence[Unpriced]) -> Iterator[str]:
    if unpriced:
        yield from (f"Not counted: {missing(unpriced)}.", "")


def _savings(found: Estimate) -> Iterator[str]:
    rows = [
        (environment, what, dollars(one.on_demand), dollars(one.committed or NOTHING), dollars(one.monthly))
        for environment, what, one in savings(found)
    ]
    saved = sum((one.monthly for _, _, one in savings(found)), start=NOTHING)
    yield from (
        "## Savings with a one-year commitment",
        "",
        "Reserved instances and nodes, and a Compute Savings Plan for tasks that always run, without upfront payment. "
        "A commitment is charged even after an environment is deleted. It does not cover Spot tasks or tasks that run "
        "only during the day.",
        "",
        *_table(("environment", "what", "on demand", "committed", "saved"), rows, numbers=3),
        "",
        f"Total savings: {dollars(saved)} a month.",
        "",
    )


def _assumptions(found: Estimate, assumptions: Assumptions) -> Iterator[str]:
    rows = [("hours_per_month", figure(HOURS), HOURS_MEANING)]
    rows += [(f"`{name}`", figure(getattr(assumptions.common, name)), MEANINGS[name]) for name in used(found)]
    yield from (
        "## Assumptions",
        "",
        "For one environment and one month. Change one with `make cost ARGS='--assume edge_gb=500'`, or several with "
        "`--usage FILE`: a TOML file that may have a table `[environments.NAME]` for one environment.",
        "",
        *_table(("assumption", "value", "meaning"), rows, numbers=0),
        "",
    )


def _left_out() -> Iterator[str]:
    cents = ", ".join(name.removeprefix("AWS::") for name, reason in FREE.items() if reason == LESS_THAN_A_CENT)
    yield from (
        "## Not counted",
        "",
        "- Tax, support plans, and AWS's free tier, which applies per account or organization.",
        "- The resources of the CDK bootstrap in each account: a bucket, an image repository, and their contents.",
        "- Internet traffic that bypasses CloudFront, Secrets Manager and KMS calls, log queries.",
        "- Storage that database autoscaling adds, up to `database.max_storage_gib`.",
        "- The second set of tasks that runs during a deployment.",
        f"- Less than a cent, because they are called a few times a day: {cents}.",
    )


def _amounts(found: Estimate, environment: str, stack: str | None) -> tuple[str, str]:
    lines = found.of(environment, stack)
    fixed = total(line for line in lines if line.is_fixed)
    return dollars(fixed), dollars(total(lines) - fixed)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> list[str]:
    """Return a Markdown table whose last `numbers` columns are right-aligned."""
    rule = ["---"] * (len(head) - numbers) + ["--:"] * numbers
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]

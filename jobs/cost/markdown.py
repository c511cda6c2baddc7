"""The estimate as a page of the documentation."""

from collections.abc import Iterator, Sequence

from jobs.cost.estimate import NOTHING, Estimate, total
from jobs.cost.formatting import dollars, figure
from jobs.cost.prices import PriceList
from jobs.cost.report import savings, stacks_of, used
from jobs.cost.resources import FREE, LESS_THAN_A_CENT
from jobs.cost.usage import HOURS, MEANINGS, Assumptions


def as_markdown(found: Estimate, assumptions: Assumptions) -> str:
    """Return the page: each environment by stack, what is assumed, what could be saved, what is left out."""
    return "\n".join(_page(found, assumptions)) + "\n"


def _page(found: Estimate, assumptions: Assumptions) -> Iterator[str]:
    yield from (
        "# What it costs",
        "",
        "Dollars a month for the environments of `delivery.toml`, estimated from the synthesized templates by "
        "`make docs`. `make cost` shows every resource, `make cost FROM=main~1` what changed since a commit.",
        "",
        *(
            f"Prices of {prices.region} on demand, written down on {prices.dated} from what is publicly known of AWS's "
            f"price lists{_checked(prices)}. "
            f"`jobs/cost/prices/{prices.region}.toml` names the source of each; `make cost ARGS=--price-queries` "
            "prints the commands that ask AWS for it."
            for prices in found.price_lists
        ),
        "",
        "*Fixed* is charged whatever is used, *by usage* rests on the assumptions below.",
        "",
    )
    for environment in found.environments:
        lines = found.of(environment)
        rows = [
            (stack, *_amounts(found, environment, stack), dollars(total(found.of(environment, stack))))
            for stack in stacks_of(lines)
        ]
        rows.append((f"**{environment}**", *_amounts(found, environment, None), f"**{dollars(total(lines))}**"))
        yield from (f"## {environment}", "", *_table(("stack", "fixed", "by usage", "total"), rows, numbers=3), "")
        largest = sorted(lines, key=lambda line: -line.monthly)[:5]
        yield (
            "Most of it: "
            + ", ".join(f"{line.what} ({line.resource}) {dollars(line.monthly)}" for line in largest)
            + "."
        )
        yield ""
    yield from (f"All environments and the pipeline: **{dollars(found.monthly)}** a month.", "")
    yield from _savings(found)
    yield from _assumptions(found, assumptions)
    yield from _left_out()


def _checked(prices: PriceList) -> str:
    return f", compared with them on {prices.checked}" if prices.checked else ", and not compared with them since"


def _savings(found: Estimate) -> Iterator[str]:
    rows = [
        (environment, what, dollars(one.on_demand), dollars(one.committed or NOTHING), dollars(one.monthly))
        for environment, what, one in savings(found)
    ]
    saved = sum((one.monthly for _, _, one in savings(found)), start=NOTHING)
    yield from (
        "## With a commitment of one year",
        "",
        "Reserved instances and nodes, and a Compute Savings Plan for the tasks that always run; nothing is paid in "
        "advance. Whoever commits pays also when an environment is gone. Tasks on Spot and tasks of the day only "
        "are not committed to.",
        "",
        *_table(("environment", "what", "on demand", "committed", "saved"), rows, numbers=3),
        "",
        f"All of them together would save {dollars(saved)} a month.",
        "",
    )


def _assumptions(found: Estimate, assumptions: Assumptions) -> Iterator[str]:
    rows = [("hours_per_month", figure(HOURS), "hours, as AWS reckons; not to be changed")]
    rows += [(f"`{name}`", figure(getattr(assumptions.common, name)), MEANINGS[name]) for name in used(found)]
    yield from (
        "## What is assumed",
        "",
        "Of one environment in one month. `make cost ARGS='--assume edge_gb=500'` puts another figure in the place of "
        "one; `--usage FILE` of several, in TOML, with a table `[environments.NAME]` for what is so in one.",
        "",
        *_table(("assumption", "value", "meaning"), rows, numbers=0),
        "",
    )


def _left_out() -> Iterator[str]:
    cents = ", ".join(name.removeprefix("AWS::") for name, reason in FREE.items() if reason == LESS_THAN_A_CENT)
    yield from (
        "## What is not counted",
        "",
        "- Tax, support plans, and AWS's free allowances, which are an account's or an organization's.",
        "- What bootstrapping leaves in each account: a bucket, a registry of images, and what they hold.",
        "- Traffic to the internet past CloudFront, calls of Secrets Manager and KMS, queries of logs.",
        "- Storage that the database adds to itself up to `database.max_storage_gib`.",
        "- A second set of tasks while a deployment replaces the first.",
        f"- {cents}: a few calls a day.",
    )


def _amounts(found: Estimate, environment: str, stack: str | None) -> tuple[str, str]:
    lines = found.of(environment, stack)
    fixed = total(line for line in lines if line.is_fixed)
    return dollars(fixed), dollars(total(lines) - fixed)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> list[str]:
    """Return a table of Markdown whose last columns, `numbers` of them, are figures."""
    rule = ["---"] * (len(head) - numbers) + ["--:"] * numbers
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]

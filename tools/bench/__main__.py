"""Measure synthesis and rehearsals: `make bench`. It prints figures and never fails because of one.

Each figure is the minimum of several runs, because other load only adds time; `ARGS='--runs 9'` makes more. The runs of
all rows alternate, so that changes in load affect all rows alike.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression

from rich.console import Console
from rich.table import Table

from cloud_assembly.limits import (
    ACTIONS_PER_STAGE,
    ROLE_POLICY_BYTES,
    TEMPLATE_BYTES,
    largest_role_policy,
    most_actions_in_a_stage,
)
from execution_policies.generate import generate
from execution_policies.generate import table as sizes
from tools.bench import enforcement
from tools.bench.delivery_path import BAKE, REVIEW, deliveries
from tools.bench.measure import Synthesis, synthesis
from tools.permissions_report.__main__ import ENOUGH_PERCENT, compose, findings_of, share

GROWTH = (1, 3, 10, 30)
"""Numbers of environments to measure."""
GOALS = {"Dev": "≤ 9 / 4", "Prod": "≤ 21 / 7"}
"""Serial depth and CodeBuild runs until an environment is verified, without reviews and bakes."""
PEERS_OFF = 1.20 / 0.9
PEERS_ON = 3.32 / 3.3
"""Time that 100 resources add in comparable CDK projects, as a multiple of an empty app's (measured 2026-11).

Seconds differ by a factor of two between machines; this ratio does not.
"""


Pair = tuple[Synthesis, Synthesis]
"""The empty app, and the full app with three environments."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="syntheses for each figure (5)")
    parser.add_argument("--rehearsals", type=int, default=1, help="rehearsals in each mode; 0 for none (1)")
    parser.add_argument(
        "--assembly",
        type=Path,
        default=Path("cdk.out"),
        help="the assembly whose execution policies are measured (cdk.out)",
    )
    options = parser.parse_args()
    console = Console()
    with console.status("synthesizing"):
        # The first run fills caches and is not counted.
        synthesis(3, rule_packs=None)
        rounds = [[_pair(rule_packs) for rule_packs in (None, "aws", "all")] for _ in range(options.runs)]
        grown = {count: synthesis(count, rule_packs=None) for count in GROWTH}
    console.print(_costs(*zip(*rounds, strict=True)))
    console.print(_growth(grown))
    console.print(_paths(grown[3]))
    console.print("\n".join(["Execution policies and IAM's limits", *sizes(generate(options.assembly))]))
    console.print(f"{share(compose(findings_of(options.assembly)))}; goal ≥ {ENOUGH_PERCENT} %")
    if options.rehearsals:
        with console.status("rehearsing this commit"):
            cost = enforcement.measure(options.rehearsals)
        console.print(_enforcement(cost))


def _pair(rule_packs: str | None) -> Pair:
    return synthesis(0, rule_packs=rule_packs), synthesis(3, rule_packs=rule_packs)


def _costs(off: Sequence[Pair], on: Sequence[Pair], every: Sequence[Pair]) -> Table:
    table = _table(
        "Synthesis, CPU-seconds",
        "validator",
        "empty app",
        "full app",
        "resources",
        "per 100 resources",
        "goal",
        "relative to the empty app",
        "comparable projects",
    )
    for name, runs, goal, peers in (
        ("off", off, "≤ 1.0", f"{PEERS_OFF:.2f}"),
        ("on, AWS's rule pack", on, "≤ 3.3", f"{PEERS_ON:.2f}"),
        ("on, all rule packs", every, "", ""),
    ):
        minimal = min(empty.cpu_seconds for empty, _ in runs)
        full = min(whole.cpu_seconds for _, whole in runs)
        resources = runs[0][1].resources
        rate = (full - minimal) / resources * 100
        table.add_row(
            name,
            f"{minimal:.2f}",
            f"{full:.2f}",
            str(resources),
            f"{rate:.2f}",
            goal,
            f"{rate / minimal:.2f}",
            peers,
        )
    return table


def _growth(grown: dict[int, Synthesis]) -> Table:
    limits = f"≤ {ACTIONS_PER_STAGE} actions", f"≤ {ROLE_POLICY_BYTES:,} bytes", f"≤ {TEMPLATE_BYTES:,} bytes"
    table = _table(
        "Growth, validator off",
        "environments",
        "CPU-seconds",
        "resources",
        "actions in a stage",
        "role policy",
        "template",
    )
    for count, run in grown.items():
        actions, policy = most_actions_in_a_stage(run.pipeline), largest_role_policy(run.pipeline)
        table.add_row(
            str(count),
            f"{run.cpu_seconds:.2f}",
            str(run.resources),
            f"{actions} actions",
            f"{policy:,} bytes",
            f"{len(json.dumps(run.pipeline, separators=(',', ':'))):,} bytes",
        )
    seconds = linear_regression(list(grown), [run.cpu_seconds for run in grown.values()]).slope
    resources = linear_regression(list(grown), [run.resources for run in grown.values()]).slope
    table.add_row("per environment", f"{seconds:.2f}", f"{resources:.0f}", *limits)
    return table


def _paths(run: Synthesis) -> Table:
    table = _table(
        "From push to verified", "environment", "serial depth", "CodeBuild runs", "without reviews and bakes", "goal"
    )
    bare = {path.stage: path for path in deliveries(run.pipeline, without=(REVIEW, BAKE))}
    for path in deliveries(run.pipeline):
        least = bare[path.stage]
        table.add_row(
            path.stage,
            str(path.serial_depth),
            str(path.builds),
            f"{least.serial_depth} / {least.builds}",
            GOALS.get(path.stage, ""),
        )
    return table


def _enforcement(cost: enforcement.Cost) -> Table:
    table = _table("Rehearsal with permissions enforced, CPU-seconds", "", "off", "enforced", "enforced / off", "goal")
    goal = f"≤ {enforcement.GOAL:.2f}"
    table.add_row("this commit", f"{cost.off:.1f}", f"{cost.enforced:.1f}", f"{cost.ratio:.2f}", goal)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


if __name__ == "__main__":
    main()

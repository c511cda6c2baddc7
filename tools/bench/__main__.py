"""Print the figures: `make bench`. It reports and asserts nothing.

A figure is the least of several runs, as whatever else a machine has to do only adds to it; `ARGS='--runs 9'` takes
more of them. The runs of all rows alternate, so that a quiet minute falls on all of them alike.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression

from rich.console import Console
from rich.table import Table

from execution_policies.generate import generate
from execution_policies.generate import table as sizes
from tools.bench import enforcement
from tools.bench.delivery_path import BAKE, REVIEW, deliveries
from tools.bench.limits import ACTIONS_PER_STAGE, ROLE_POLICY_BYTES, largest_role_policy, most_actions_in_a_stage
from tools.bench.measure import Synthesis, synthesis
from tools.permissions_report.__main__ import ENOUGH_PERCENT, compose, findings_of, share

GROWTH = (1, 3, 10, 30)
"""Numbers of environments to grow through."""
GOALS = {"Dev": "≤ 9 / 4", "Prod": "≤ 21 / 7"}
"""Serial depth and CodeBuild runs until an environment is verified, before reviews and bakes were asked for."""
PEERS_OFF = 1.20 / 0.9
PEERS_ON = 3.32 / 3.3
"""What 100 resources cost other projects on this library, in empty apps of the machine that was measured (2026-11).

Seconds differ by a factor of two between machines; this ratio does not.
"""


Pair = tuple[Synthesis, Synthesis]
"""Of the empty app, and of the whole one with three environments."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often to synthesize for each figure (5)")
    parser.add_argument(
        "--rehearsals", type=int, default=1, help="how often to rehearse in each mode; 0: not at all (1)"
    )
    parser.add_argument("--assembly", type=Path, default=Path("cdk.out"), help="whose execution policies to measure")
    options = parser.parse_args()
    console = Console()
    with console.status("synthesizing"):
        # The first run compiles and fills caches; it is not the one to count.
        synthesis(3, rule_packs=None)
        rounds = [[_pair(rule_packs) for rule_packs in (None, "aws", "all")] for _ in range(options.runs)]
        grown = {count: synthesis(count, rule_packs=None) for count in GROWTH}
    console.print(_costs(*zip(*rounds, strict=True)))
    console.print(_growth(grown))
    console.print(_ways(grown[3]))
    console.print("\n".join(["Execution policies against IAM's limits", *sizes(generate(options.assembly))]))
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
        "empty",
        "whole",
        "resources",
        "per 100",
        "goal",
        "in empty apps",
        "peers",
    )
    for name, runs, goal, peers in (
        ("off", off, "≤ 1.0", f"{PEERS_OFF:.2f}"),
        ("on, and AWS's rule pack", on, "≤ 3.3", f"{PEERS_ON:.2f}"),
        ("on, and all rule packs", every, "", ""),
    ):
        nothing = min(empty.cpu_seconds for empty, _ in runs)
        all_of_it = min(whole.cpu_seconds for _, whole in runs)
        resources = runs[0][1].resources
        rate = (all_of_it - nothing) / resources * 100
        table.add_row(
            name,
            f"{nothing:.2f}",
            f"{all_of_it:.2f}",
            str(resources),
            f"{rate:.2f}",
            goal,
            f"{rate / nothing:.2f}",
            peers,
        )
    return table


def _growth(grown: dict[int, Synthesis]) -> Table:
    limits = f"≤ {ACTIONS_PER_STAGE} actions", f"≤ {ROLE_POLICY_BYTES:,} bytes"
    table = _table(
        "Growth, validator off", "environments", "CPU-seconds", "resources", "actions in a stage", "role policy"
    )
    for count, run in grown.items():
        actions, policy = most_actions_in_a_stage(run.pipeline), largest_role_policy(run.pipeline)
        table.add_row(
            str(count), f"{run.cpu_seconds:.2f}", str(run.resources), f"{actions} actions", f"{policy:,} bytes"
        )
    seconds = linear_regression(list(grown), [run.cpu_seconds for run in grown.values()]).slope
    resources = linear_regression(list(grown), [run.resources for run in grown.values()]).slope
    table.add_row("each more", f"{seconds:.2f}", f"{resources:.0f}", *limits)
    return table


def _ways(run: Synthesis) -> Table:
    table = _table(
        "From push to verified", "environment", "serial depth", "CodeBuild runs", "without reviews and bakes", "goal"
    )
    bare = {way.stage: way for way in deliveries(run.pipeline, without=(REVIEW, BAKE))}
    for way in deliveries(run.pipeline):
        least = bare[way.stage]
        table.add_row(
            way.stage,
            str(way.serial_depth),
            str(way.builds),
            f"{least.serial_depth} / {least.builds}",
            GOALS.get(way.stage, ""),
        )
    return table


def _enforcement(cost: enforcement.Cost) -> Table:
    table = _table("Permissions in a rehearsal, CPU-seconds", "", "off", "enforced", "enforced / off", "goal")
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

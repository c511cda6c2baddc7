"""The table of rehearsed failures, `docs/FAILURES.md`.

Each test that rehearses a failure records a row. `make rehearse-failures` passes `--failures-table`: the run then
rehearses all failures and writes the document if every test passes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

ENVIRONMENTS = ("Dev", "Staging", "Prod")
PARTS = ("network", "storage", "firewall", "audit", "cache", "database", "application", "distribution", "monitoring")
RECOVERY = {"Staging": ("recovery",), "Prod": ("recovery", "recovery-copies")}
"""Parts that only some environments have."""
GATED = "Prod"
BEFORE_THE_ENVIRONMENTS = ("Source/Source", "Build/Synth", "UpdatePipeline/SelfMutate", "Assets/FileAssets")
REPRESENTATIVE = ("Dev/yawl-dev-database.Deploy",)
"""Rehearsed by every test run; all others take minutes."""


def actions_of(environment: str) -> tuple[str, ...]:
    """Return the actions of an environment in their order, its review and approval first."""
    approval = (f"{environment}Approval/Approve",) if environment == GATED else ()
    deployments = (
        f"{environment}/yawl-{environment.lower()}-{part}.Deploy" for part in (*PARTS, *RECOVERY.get(environment, ()))
    )
    tests = (f"{environment}/IntegrationTests", f"{environment}/Bake")
    return (f"{environment}Review/ReviewChanges", *approval, *deployments, *tests)


ALL_ACTIONS = BEFORE_THE_ENVIRONMENTS + tuple(name for found in ENVIRONMENTS for name in actions_of(found))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table in the document."""

    group: str
    """The section it belongs to."""
    name: str
    outcome: str
    seconds: float


class Matrix:
    """The rows that a run recorded."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rows: list[Row] = []

    @property
    def is_complete(self) -> bool:
        """Whether this run rehearses all failures, not only representative ones."""
        return self.path is not None

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the document if all tests passed."""
        if self.path and self.rows and not session.testsfailed:
            self.path.write_text(document(self.rows), encoding="utf-8")


ACTIONS = "Each action made to fail"
CIRCUMSTANCES = "Other failures"
KILLED = "The rehearsal killed"
STOPPED = "Upgrades that lose something stateful"
LET_THROUGH = "Upgrades that lose nothing stateful"

_TEXTS = {
    ACTIONS: """\
Each row delivers a release to the same accounts and makes one action fail with `--fail`. A build fails before its
commands, a stack at a resource that cannot be created after all others have changed, an approval by being rejected.""",
    CIRCUMSTANCES: "",
    KILLED: """\
SIGKILL ends `python -m rehearsal --approve yes` while the row's action runs. After a few seconds no process may be
left; the next rehearsal removes the files.""",
    STOPPED: """\
Drawn at random with a fixed seed. `DevReview/ReviewChanges` must fail, name every resource that would be lost, and
leave every account unchanged. The expected losses do not come from the review's own code: they come from
CloudFormation's resource schemas, which cfn-lint ships, and from `tests/unit/stages/stateful_logical_ids.json`.""",
    LET_THROUGH: """\
Drawn the same way from upgrades that lose nothing stateful and change no permission. `DevReview` must succeed.""",
}
_HEADS = {
    ACTIONS: "| made to fail | result | seconds |",
    CIRCUMSTANCES: "| when | result | seconds |",
    KILLED: "| killed in | result | seconds |",
    STOPPED: "| upgrade | would lose | seconds |",
    LET_THROUGH: "| upgrade | | seconds |",
}


_PREFACE = """\
# Rehearsed failures

`make rehearse-failures` writes this file; do not edit it. `make test` rehearses a few of the rows.

After each row the test reads the emulated accounts through the APIs of CloudFormation, Systems Manager, RDS,
ElastiCache, S3, Secrets Manager, KMS, EC2, Elastic Load Balancing and CloudFront, and checks that

- no environment after the failed one was touched: its stacks have no new event;
- the failed environment is as the previous release left it: templates, resources, values, objects and secrets; if
  nothing had been deployed to it, it is unchanged;
- no stateful resource of any environment was replaced or deleted: all physical ids are the same;
- one notification reported the failure, and one the rollback if there was one. The row lists them.

**Real:** the emulator, the bootstraps, the deployed pipeline with its conditions, every deployment and rollback, and
the change review.

**Skipped, because other tests run them:** `cdk deploy` and `cdk-assets`, except in their own rows, and all reviews and
environments before the one that a row deploys to.

**Simulated:** the Synth action copies an assembly that was synthesized once. Integration tests and bakes succeed at
once unless the row makes them fail. No task runs. The previous release differs in a parameter of every stack and in
settings of the database, the cache, the target group and the alarms.

[LIMITS.md](LIMITS.md) lists the emulator's limits. The pipeline deploys each stack with one action and without a change
set, so there are no rows for change sets."""


def document(rows: Iterable[Row]) -> str:
    """Return the document as Markdown."""
    known = list(rows)
    lines = [_PREFACE]
    rehearsed = {row.name for row in known if row.group == ACTIONS}
    if missing := [f"`{name}`" for name in ALL_ACTIONS if f"`{name}`" not in rehearsed]:
        lines += ["", f"**Not rehearsed in this run:** {', '.join(missing)}."]
    for group, text in _TEXTS.items():
        found = [row for row in known if row.group == group]
        if not found:
            continue
        lines += ["", f"## {group}", "", *([text, ""] if text else []), _HEADS[group], "|---|---|---:|"]
        lines += [f"| {row.name} | {row.outcome} | {row.seconds:.1f} |" for row in found]
    return "\n".join([*lines, ""])

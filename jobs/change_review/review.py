"""Reviews one environment: compares the deployed and the released stacks."""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud_assembly import Stack, common_prefix, read
from jobs.change_review.accepted_changes import read_acceptances
from jobs.change_review.costs import cost_change, cost_phrase
from jobs.change_review.dependents import SUBJECT as OUTPUTS
from jobs.change_review.dependents import Dependent, StackChange, dependents, spread_losses, stale
from jobs.change_review.deployed_stacks import Reader
from jobs.change_review.differences import ADDED, CHANGED, REMOVED, REPLACED, Comparer, Difference, ResourceChange
from jobs.change_review.execution_permissions import SUBJECT as EXECUTION
from jobs.change_review.execution_permissions import missing_permissions
from jobs.change_review.findings import Finding, mark_accepted
from jobs.change_review.left_behind.search import SUBJECT as STACKS
from jobs.change_review.left_behind.search import Release, describe, left_behind
from jobs.change_review.permissions import broadened
from jobs.change_review.refused_replacements import refused_replacements
from jobs.change_review.refused_updates import refused_updates
from jobs.change_review.stateful import losses
from jobs.cost.difference import Difference as CostDifference

EMPTY_TEMPLATE: dict[str, Any] = {"Resources": {}}


@dataclass(frozen=True, kw_only=True)
class StackReview:
    """What happens to one stack."""

    name: str
    account: str
    region: str
    is_new: bool
    difference: Difference
    part: str = ""
    """The name without the environment's: `database`. A stack has the same one in all environments and regions."""

    def count(self, kind: str) -> int:
        """Return how many resources are added, changed, replaced, removed, or get a new revision (revised)."""
        return sum(counted_as(change) == kind for change in self.difference.resources)


@dataclass(frozen=True, kw_only=True)
class Review:
    """What happens to one environment, and which findings stop the release."""

    environment: str
    stacks: tuple[StackReview, ...]
    findings: tuple[Finding, ...]
    orphaned_stacks: tuple[str, ...]
    """Deployed stacks that are no longer part of the release, with their account and region.

    In the first review of a pipeline, also those of environments that are no longer in `delivery.toml`.
    """
    cost: CostDifference
    """USD per month, as deployed and with the release."""
    is_first: bool
    """Whether no region's stage was ever completely deployed."""
    stages: tuple[frozenset[str], ...] = ()
    """The names of the stacks of each region's stage."""
    dependents: tuple[Dependent, ...] = ()
    """Resources that refer to a replaced one."""
    others_in_progress: tuple[str, ...] = ()
    """Earlier executions that may still deploy; the review does not include their changes."""

    @property
    def stopping(self) -> tuple[Finding, ...]:
        """Findings that are not accepted."""
        return tuple(finding for finding in self.findings if finding.accepted is None)

    @property
    def nothing(self) -> bool:
        """Whether a deployment would leave the environment as it is, and nothing is left behind (aws-cdk#10190)."""
        return all(stack.difference.nothing for stack in self.stacks) and not self.orphaned_stacks

    def summary(self, *, most: int | None = None) -> str:
        """Return the numbers in one line, cut to `most` characters.

        While another release is in progress, the line never equals the one that lets the pipeline skip the approval.
        """
        numbers, note = self._numbers(), ""
        if self.others_in_progress:
            others = ", ".join(execution[:8] for execution in self.others_in_progress)
            note = f"; compared while execution {others} was still in progress"
        if most is not None and len(numbers) + len(note) > most:
            numbers = f"{numbers[: most - len(note) - 1]}…"
        return f"{numbers}{note}"

    def _numbers(self) -> str:
        if self.nothing:
            return f"{self.environment}: nothing changes"
        counts = Counter({kind: sum(stack.count(kind) for stack in self.stacks) for kind in KINDS})
        resources = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]) or "none"
        security = sum(finding.subject == "permissions" for finding in self.findings)
        ungranted = sum(finding.subject == EXECUTION for finding in self.findings)
        refused = sum(finding.impossible for finding in self.findings)
        outdated = sum(finding.subject == OUTPUTS for finding in self.findings)
        places = sum(finding.subject == STACKS for finding in self.findings)
        stateful = len(self.findings) - security - ungranted - refused - outdated - places
        touched = sum(not stack.difference.nothing for stack in self.stacks)
        parts = [f"resources {resources}, in {touched} of {len(self.stacks)} stacks"]
        if refused:
            parts.append(f"{counted(refused, 'update')} that AWS would reject")
        if self.orphaned_stacks:
            parts.append(f"{counted(len(self.orphaned_stacks), 'stack')} left behind")
        elif places:
            parts.append("stacks may be left behind where AWS denies access")
        if outdated:
            parts.append(f"{counted(outdated, 'stack')} may keep a replaced resource's old value")
        parts.append(f"{counted(stateful, 'stateful resource')} lost" if stateful else "no stateful resources lost")
        if not self.is_first:
            parts.append(
                f"permissions broadened in {counted(security, 'stack')}" if security else "no permissions broadened"
            )
        if ungranted:
            parts.append("CloudFormation needs more permissions")
        parts.append(cost_phrase(self.cost))
        return f"{self.environment}{' (first deployment)' if self.is_first else ''}: {'; '.join(parts)}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 stack`, `2 stacks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


REVISED = "revised"
KINDS = (ADDED, CHANGED, REVISED, REPLACED, REMOVED)
"""What the report counts. A new task definition is not counted with a replaced network."""


def counted_as(change: ResourceChange) -> str:
    """Return what the report counts a change as, one of KINDS."""
    return REVISED if change.is_revision else change.kind


def review(
    environment: str,
    *,
    stages: Sequence[Path],
    last_stacks: Set[str] = frozenset(),
    settings: Path,
    removed_environments: bool = False,
) -> Review:
    """Compare the stages' assemblies with what is deployed; raises UserError when one of them cannot be read.

    An environment has a stage in each of its regions. `last_stacks` are deployed last in their stages: until a stage's
    last stack exists, its deployment counts as the first, and its permissions are not findings.
    `removed_environments`: also look for stacks of environments that the release does not contain.
    """
    by_stage = [read(stage).stacks for stage in stages]
    released = tuple(stack for stage in by_stage for stack in stage)
    release = Release.read(stages[0].parent, environment, released)
    # It starts while AWS is queried.
    with Comparer() as comparer:
        reader = Reader()
        deployed = [reader.template(stack) for stack in released]
        ungranted = [one for stage in stages[:1] for one in missing_permissions(stage.parent, released, reader)]
        left, unknown = left_behind(environment, released, release, reader, removed=removed_environments)
        differences = comparer.compare(
            [(before or EMPTY_TEMPLATE, stack.template) for before, stack in zip(deployed, released, strict=True)]
        )
        leftovers = [*unknown, *(describe(one, release.stacks, comparer) for one in left)]
    parts = _parts(by_stage)
    stacks = tuple(
        StackReview(
            name=stack.name,
            account=stack.account,
            region=stack.region,
            is_new=before is None,
            difference=difference,
            part=parts[stack.name],
        )
        for stack, before, difference in zip(released, deployed, differences, strict=True)
    )
    there = {stack.name for stack in stacks if not stack.is_new}
    whole = {stack.name for stage in by_stage if _is_whole(stage, there, last_stacks) for stack in stage}
    acceptances = read_acceptances(settings, environment)
    changes = [_change(stack, difference) for stack, difference in zip(released, differences, strict=True)]
    consumers = dependents(changes)
    unchanged = {stack.name for stack in stacks if stack.difference.nothing}
    spread = spread_losses(consumers, changes)
    refused = refused_replacements(changes, {stack.name: stack.difference for stack in stacks}, consumers)
    found = [*ungranted, *leftovers, *_findings(stacks, whole), *refused, *spread, *stale(consumers, unchanged)]
    return Review(
        environment=environment,
        stacks=stacks,
        findings=tuple(mark_accepted(finding, acceptances) for finding in found),
        orphaned_stacks=tuple(
            f"{stack.name} ({stack.account}, {stack.region})" for one in left for stack in one.stacks
        ),
        cost=cost_change(environment, released, deployed),
        is_first=not whole,
        stages=tuple(frozenset(stack.name for stack in stage) for stage in by_stage),
        dependents=consumers,
    )


def _change(stack: Stack, difference: Difference) -> StackChange:
    replaced = {item.logical_id for item in difference.resources if item.kind == REPLACED}
    return StackChange(name=stack.name, template=stack.template, replaced=replaced, types=difference.types)


def _parts(by_stage: Sequence[Sequence[Stack]]) -> dict[str, str]:
    """Return each stack's name without what all names of its stage begin with."""
    prefixes = [(common_prefix([stack.name for stack in stage]), stage) for stage in by_stage]
    return {stack.name: stack.name.removeprefix(prefix) for prefix, stage in prefixes for stack in stage}


def _is_whole(stage: Sequence[Stack], there: Set[str], last_stacks: Set[str]) -> bool:
    """Return whether the stage was completely deployed once; without a known last stack, any of its stacks counts."""
    names = {stack.name for stack in stage}
    return not there.isdisjoint(names.intersection(last_stacks) or names)


def _findings(stacks: Sequence[StackReview], whole: Set[str]) -> list[Finding]:
    """Return refused updates and losses of all stacks, and broadened permissions of completely deployed stages."""
    found = [finding for stack in stacks for finding in refused_updates(stack.name, stack.difference)]
    found += [finding for stack in stacks for finding in losses(stack.name, stack.difference)]
    for stack in stacks:
        if stack.name in whole:
            found += broadened(stack.name, stack.difference)
    return found

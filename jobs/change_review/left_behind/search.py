"""Finds deployed stacks that the release does not contain: of environments that moved, were renamed or were removed.

A stack belongs to the environment that its resources' tag `Environment` names. Its own name does not tell: that of
`yawl-prod-us-…` may be prod, prod in a further region, or an environment prod-us.

Stacks are looked for in every bootstrapped region of the release's accounts, and wherever the pipeline deployed
something, as far back as CodePipeline remembers.
"""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cloud_assembly import PIPELINE, AssemblyError, AwsEnvironment, Stack, environment_tag, is_in_further_region, read
from cloud_assembly.assembly import REGION
from jobs.change_review.costs import cost_change
from jobs.change_review.deployed_stacks import Denied, Reader
from jobs.change_review.differences import Comparer
from jobs.change_review.findings import Finding, fingerprint
from jobs.change_review.left_behind.collisions import collisions
from jobs.change_review.stateful import loss
from jobs.cost.formatting import dollars
from jobs.cost.unpriced import bounded, missing

SUBJECT: Final = "stacks"
"""The subject of findings about stacks that are left behind."""
PREFIX: Final = "yawl-"
"""The beginning of all stack names of this project; it only limits which templates are read."""

_PART: Final = re.compile(rf"({REGION}-)?(recovery-copies|[a-z]+)")
"""What follows an environment's name in the names of its stacks: in a further region, the region, then the part."""
_EMPTY: Final[dict[str, Any]] = {"Resources": {}}
_MAX_LINES: Final = 20
_MAX_CHARGES: Final = 3


@dataclass(frozen=True)
class Release:
    """Everything that is released, in all environments."""

    stacks: tuple[Stack, ...]
    """The stacks of all environments and of the pipeline."""
    environments: tuple[str, ...]
    """Their names, the longest first, without those of further regions."""
    pipeline: Stack | None
    """The stack with the pipeline; None if the assembly has none."""

    @classmethod
    def read(cls, assembly: Path, environment: str, released: Sequence[Stack]) -> "Release":
        """Read the whole assembly. Without one, the release consists of the `environment` and its stacks."""
        try:
            whole = read(assembly)
        except AssemblyError:
            return cls(tuple(released), (environment,), None)
        tags = {tag for stack in whole.stacks if stack.stage and (tag := environment_tag(stack.template))}
        homes = whole.environments or [
            tag for tag in tags if not any(is_in_further_region(tag, other) for other in tags)
        ]
        pipeline = next((stack for stack in whole.own_stacks if any(stack.of_type(PIPELINE))), None)
        return cls(whole.stacks, tuple(sorted({environment, *homes}, key=len, reverse=True)), pipeline)

    def owner(self, tag: str) -> str | None:
        """Return the environment that a tag names, also in a further region; None if it is not released."""
        return next((name for name in self.environments if tag == name or is_in_further_region(tag, name)), None)

    def owner_by_name(self, stack: str) -> str | None:
        """Return the environment that a stack probably belongs to, for one that cannot be read."""
        of = (name for name in self.environments if re.fullmatch(rf"{PREFIX}{name}-{_PART.pattern}", stack))
        return next(of, None)


@dataclass(frozen=True, kw_only=True)
class LeftBehind:
    """Stacks of one environment that are left behind in one account and region."""

    name: str
    """The environment's name; in a further region it ends with the region."""
    owner: str | None
    """The released environment it belongs to; None if it was removed or renamed."""
    place: AwsEnvironment
    stacks: tuple[Stack, ...]
    """With their deployed templates."""


def left_behind(
    environment: str, released: Sequence[Stack], release: Release, reader: Reader, *, removed: bool
) -> tuple[list[LeftBehind], list[Finding]]:
    """Return what is left behind of the environment and, with `removed`, of environments that are not released.

    The findings are about places that AWS denies access to. Raises UserError for other errors.
    """
    history = reader.deployed_by(release.pipeline) if release.pipeline else frozenset()
    exists = {(stack.aws_environment, stack.name) for stack in release.stacks}
    prefix = PREFIX if removed else f"{PREFIX}{environment}-"
    former = {(place, name) for place, name in history - exists if name.startswith(prefix)}
    # The first review looks for what no environment has, in the pipeline's own account too.
    searched = release.stacks if removed else ()
    found: list[LeftBehind] = []
    denied: list[Finding] = []
    for through in _places([*released, *searched], {place for place, _ in former}, reader):
        place = through.aws_environment
        try:
            there = [name for name in reader.stacks_at(through, PREFIX) if (place, name) not in exists]
            stacks = [reader.deployed(replace(through, name=name)) for name in there]
        except Denied as error:
            names = sorted(name for where, name in former if where == place)
            mine = [name for name in names if _is_concerned(release.owner_by_name(name), environment, removed=removed)]
            denied += _unknown(place, mine, str(error))
            continue
        found += _by_environment([stack for stack in stacks if stack], release, environment, removed=removed)
    return found, denied


def describe(found: LeftBehind, released: Sequence[Stack], comparer: Comparer) -> Finding:
    """Return the finding: which stacks, what collides with the release, what they cost, and the data they hold."""
    differences = comparer.compare([(stack.template, _EMPTY) for stack in found.stacks])
    types = {name: known for one in differences for name, known in one.types.items()}
    data = [
        f"holds: {change.logical_id} ({change.type}) of {stack.name}; deleting it {lost}"
        for stack, difference in zip(found.stacks, differences, strict=True)
        for change in difference.resources
        if (lost := loss(change.type, change.before, difference.types))
    ]
    names = [stack.name for stack in found.stacks]
    return Finding(
        stack=names[0],
        subject=SUBJECT,
        title=_title(found, released),
        details=(
            f"stacks: {', '.join(names)}",
            *_shortened([line for stack in found.stacks for line in collisions(stack, released, types)]),
            _costs(found),
            *_shortened(data),
            f"what to do: docs/DEPLOYMENT_GUIDE.md, {_guide(found)}",
        ),
        change=fingerprint(found.name, str(found.place), names),
    )


def _costs(found: LeftBehind) -> str:
    """Return what the stacks cost a month, with the largest charges."""
    before = [stack.template for stack in found.stacks]
    cost = cost_change(found.name, [replace(stack, template=_EMPTY) for stack in found.stacks], before)
    largest = ", ".join(f"{one.resource} {one.what} ${dollars(one.before)}" for one in cost.changes[:_MAX_CHARGES])
    total = f"costs: {'' if cost.unpriced else 'about '}{bounded(cost.before, cost.unpriced)} a month"
    lacking = f"; {missing(cost.unpriced)}" if cost.unpriced else ""
    return f"{total}, the largest: {largest}{lacking}" if largest else f"{total}{lacking}"


def _guide(found: LeftBehind) -> str:
    return "“Moving the pipeline”" if any(map(_is_pipeline, found.stacks)) else "“Moving an environment”"


def _title(found: LeftBehind, released: Sequence[Stack]) -> str:
    count = "1 stack is" if len(found.stacks) == 1 else f"{len(found.stacks)} stacks are"
    where = f"left behind in {found.place.account}, {found.place.region}"
    if any(map(_is_pipeline, found.stacks)):
        return (
            f"another pipeline is in {found.place.account}, {found.place.region}, and would deliver to the same places"
        )
    if found.owner is None:
        return f"{found.name} is no longer in delivery.toml, removed or renamed, and {count} {where}"
    if (found.name, found.place) in {(environment_tag(one.template), one.aws_environment) for one in released}:
        return f"{count} no longer part of {found.name}, and {where}"
    return f"{found.name} is no longer in {found.place.account}, {found.place.region}, and {count} left behind there"


def _places(stacks: Sequence[Stack], former: Set[AwsEnvironment], reader: Reader) -> list[Stack]:
    """Return a stack of each account and region to search, through whose role that is read."""
    places = {one.aws_environment: one for one in stacks}
    accounts = {one.account: one for one in stacks}
    for one in accounts.values():
        for region in reader.bootstrapped_regions(one):
            places.setdefault(AwsEnvironment(one.account, region), replace(one, region=region))
    for place in sorted(former, key=str):
        places.setdefault(place, _read_through(accounts.get(place.account), stacks[0], place))
    return list(places.values())


def _read_through(in_account: Stack | None, other: Stack, place: AwsEnvironment) -> Stack:
    """Return a stack of the place, with a role that may read it."""
    if in_account:
        return replace(in_account, region=place.region)
    role = other.lookup_role_arn and other.lookup_role_arn.replace(other.account, place.account)
    role = role and role.replace(other.region, place.region)
    return replace(other, account=place.account, region=place.region, lookup_role_arn=role)


def _by_environment(
    stacks: Sequence[Stack], release: Release, environment: str, *, removed: bool
) -> Iterator[LeftBehind]:
    by_name: dict[str, list[Stack]] = {}
    for stack in stacks:
        tag = environment_tag(stack.template)
        # A stack of somebody else may have such a tag as well, but not such a name.
        if tag and (stack.name.startswith(f"{PREFIX}{tag}-") or _is_pipeline(stack)):
            by_name.setdefault(tag, []).append(stack)
    own_tag = environment_tag(release.pipeline.template) if release.pipeline else None
    for name, its in sorted(by_name.items()):
        owner = release.owner(name)
        if name == own_tag and not any(map(_is_pipeline, its)):
            # The artifact stores of regions that were removed: they cost little and expire.
            continue
        if _is_concerned(owner, environment, removed=removed):
            yield LeftBehind(name=name, owner=owner, place=its[0].aws_environment, stacks=tuple(its))


def _is_pipeline(stack: Stack) -> bool:
    return any(stack.of_type(PIPELINE))


def _is_concerned(owner: str | None, environment: str, *, removed: bool) -> bool:
    return owner == environment or (owner is None and removed)


def _unknown(place: AwsEnvironment, names: Sequence[str], error: str) -> Iterator[Finding]:
    if names:
        yield Finding(
            stack=names[0],
            subject=SUBJECT,
            title=f"{len(names)} stacks were deployed to {place.account}, {place.region} and are not in the release. "
            "Whether they are left behind there is not known, because AWS denied access",
            details=(f"stacks: {', '.join(names)}", error),
            change=fingerprint("denied", str(place), list(names)),
        )


def _shortened(lines: Sequence[str]) -> list[str]:
    more = [f"and {len(lines) - _MAX_LINES} more"] if len(lines) > _MAX_LINES else []
    return [*lines[:_MAX_LINES], *more]

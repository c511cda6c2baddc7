"""Finds what the replacement of a resource does to those that refer to it, in its stack and in others.

A property that only creation can set replaces its resource as well, and so on. Other stacks get the new values with
their own deployment.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from cloud_assembly.references import consumers
from jobs.change_review.differences import ResourceType, only_interrupted
from jobs.change_review.findings import Finding, fingerprint
from jobs.change_review.stateful import loss

SUBJECT: Final = "outputs"
"""The subject of findings about outputs of other stacks."""

REPLACED: Final = "would be replaced too"
MAY_BE_REPLACED: Final = "may be replaced too"
UPDATED: Final = "would be updated"
UNKNOWN: Final = "would be changed; AWS's schemas do not say how"
IN_NETWORK: Final = "is in the replaced network, which AWS may not let it leave"
EFFECTS: Final = (REPLACED, MAY_BE_REPLACED, IN_NETWORK, UNKNOWN, UPDATED)
"""The gravest first."""

GROUPS_OF_SUBNETS: Final = {
    "AWS::DAX::SubnetGroup",
    "AWS::DMS::ReplicationSubnetGroup",
    "AWS::DocDB::DBSubnetGroup",
    "AWS::ElastiCache::SubnetGroup",
    "AWS::MemoryDB::SubnetGroup",
    "AWS::Neptune::DBSubnetGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::Redshift::ClusterSubnetGroup",
}
"""Types whose subnets can be changed in place, while what uses them stays in its network."""


@dataclass(frozen=True, order=True)
class Dependent:
    """A resource that refers to a replaced one."""

    stack: str
    logical_id: str
    replaced_stack: str
    replaced: str
    """The replaced resource's logical id."""
    effect: str = UPDATED
    """What happens to it: one of `EFFECTS`."""
    properties: tuple[str, ...] = ()
    """Its properties that refer to the replaced resource."""


@dataclass(frozen=True, kw_only=True)
class StackChange:
    """A stack's new template, and its resources that are or may be replaced for reasons of their own."""

    name: str
    template: dict[str, Any]
    replaced: Set[str]
    types: Mapping[str, ResourceType]


def dependents(stacks: Sequence[StackChange]) -> tuple[Dependent, ...]:
    """Return the dependents of all resources that are replaced, for reasons of their own or as dependents."""
    templates = {stack.name: stack.template for stack in stacks}
    types = {name: known for stack in stacks for name, known in stack.types.items()}
    certain = {(stack.name, one) for stack in stacks for one in stack.replaced}
    found: set[Dependent] = set()
    seen: set[tuple[str, str]] = set()
    # Each round follows the replacements that the round before has found.
    pending = set(certain)
    groups: set[tuple[str, str]] = set()
    while pending:
        seen |= pending
        direct = _direct(templates, types, pending, groups)
        found |= direct
        spreading = {one for one in direct if one.effect in (REPLACED, MAY_BE_REPLACED)}
        moved = {
            one for one in direct if templates[one.stack]["Resources"][one.logical_id]["Type"] in GROUPS_OF_SUBNETS
        }
        groups |= {(one.stack, one.logical_id) for one in moved - spreading}
        pending = {(one.stack, one.logical_id) for one in spreading | moved} - seen
    return tuple(sorted(found))


def _direct(
    templates: Mapping[str, dict[str, Any]],
    types: Mapping[str, ResourceType],
    sources: Collection[tuple[str, str]],
    groups: Collection[tuple[str, str]],
) -> set[Dependent]:
    """Return the dependents of the resources `sources`, of which `groups` are updated groups of subnets."""
    by_stack: dict[str, set[str]] = {}
    for stack, logical_id in sources:
        by_stack.setdefault(stack, set()).add(logical_id)
    properties: dict[tuple[str, str, str, str], set[str]] = {}
    for one in consumers(templates, by_stack):
        properties.setdefault((one.stack, one.logical_id, one.source_stack, one.source), set()).add(one.property)
    found: set[Dependent] = set()
    for (stack, logical_id, source_stack, source), its in properties.items():
        type_name = templates[stack]["Resources"][logical_id]["Type"]
        in_group = (source_stack, source) in groups
        effect = IN_NETWORK if in_group else _effect(type_name, sorted(its), types.get(type_name))
        found.add(Dependent(stack, logical_id, source_stack, source, effect, tuple(sorted(its))))
    return found


def _effect(type_name: str, properties: Sequence[str], known: ResourceType | None) -> str:
    if known is None:
        return UNKNOWN
    answers = {name: known.replacing.get(name) for name in properties}
    if "yes" in answers.values():
        return REPLACED
    if maybe := [name for name, answer in answers.items() if answer == "maybe"]:
        return UPDATED if only_interrupted(type_name, maybe) else MAY_BE_REPLACED
    return UNKNOWN if None in answers.values() else UPDATED


def spread_losses(found: Sequence[Dependent], stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """Yield a finding for each stateful resource that another one's replacement would replace.

    Its own stack's comparison does not show that: the reference to the other stack stays the same.
    """
    by_name = {stack.name: stack for stack in stacks}
    named = {(stack.name, logical_id) for stack in stacks for logical_id in stack.replaced}
    for one in found:
        if one.effect not in (REPLACED, MAY_BE_REPLACED) or (one.stack, one.logical_id) in named:
            continue
        stack = by_name[one.stack]
        resource = stack.template["Resources"][one.logical_id]
        if lost := loss(resource["Type"], resource, stack.types):
            named.add((one.stack, one.logical_id))
            yield Finding(
                stack=one.stack,
                subject=one.logical_id,
                title=f"{one.logical_id} ({resource['Type']}) {one.effect}, because {', '.join(one.properties)} refers "
                f"to {one.replaced} of {one.replaced_stack}, which is replaced; this {lost}",
                change=fingerprint(one.stack, one.logical_id, one.replaced_stack, one.replaced, resource),
            )


def stale(found: Sequence[Dependent], unchanged: Set[str]) -> Iterator[Finding]:
    """Yield a finding for each stack that reads a replaced resource and whose own template does not change.

    CloudFormation resolves an output when the reading stack is updated, and answers an unchanged template with "No
    updates are to be performed". AWS does not document that it reads the output again, so the stack may keep
    the old value.
    """
    readers = {(one.stack, one.replaced_stack, one.replaced) for one in found if one.stack != one.replaced_stack}
    for stack, replaced_stack, replaced in sorted(readers):
        if stack in unchanged:
            yield Finding(
                stack=stack,
                subject=SUBJECT,
                title=f"{stack} reads {replaced} of {replaced_stack}, which is replaced. Its own template does not "
                "change, so it may keep the old value: change it in the same release",
                change=fingerprint(stack, replaced_stack, replaced),
            )

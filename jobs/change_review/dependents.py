"""Finds resources that refer to a replaced one: in its stack and, through `Fn::GetStackOutput`, in other stacks.

They get the new values with the deployment of their own stack.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from jobs.change_review.findings import Finding, fingerprint

SUBJECT = "outputs"
"""The subject of findings about outputs of other stacks."""
VARIABLE = re.compile(r"\$\{([^!}.]+)(?:\.[^}]*)?\}")


@dataclass(frozen=True, order=True)
class Dependent:
    """A resource that refers to a replaced one."""

    stack: str
    logical_id: str
    replaced_stack: str
    replaced: str
    """The replaced resource's logical id."""


def dependents(stacks: Sequence[tuple[str, dict[str, Any], Set[str]]]) -> tuple[Dependent, ...]:
    """Return the dependents of replaced resources.

    `stacks` has each stack's name, new template, and the logical ids that are or may be replaced.
    """
    found: set[Dependent] = set()
    outputs: dict[tuple[str, str], set[str]] = {}
    for name, template, replaced in stacks:
        for logical_id, resource in template.get("Resources", {}).items():
            for target in references(resource.get("Properties")) & replaced - {logical_id}:
                found.add(Dependent(name, logical_id, name, target))
        for output, definition in (template.get("Outputs") or {}).items():
            if targets := references(definition.get("Value")) & replaced:
                outputs[name, output] = targets
    for name, template, _ in stacks:
        for logical_id, resource in template.get("Resources", {}).items():
            for stack, output in stack_outputs(resource.get("Properties")):
                for target in outputs.get((stack, output), ()):
                    found.add(Dependent(name, logical_id, stack, target))
    # A value that is read more than once is copied to a parameter of the reading stack: follow references to it.
    for name, template, _ in stacks:
        resources = template.get("Resources", {})
        copies = {one.logical_id: one for one in found if one.stack == name and is_copy(resources[one.logical_id])}
        for logical_id, resource in resources.items():
            for copy in references(resource.get("Properties")) & copies.keys():
                found.add(Dependent(name, logical_id, copies[copy].replaced_stack, copies[copy].replaced))
    return tuple(sorted(found))


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


def is_copy(resource: Mapping[str, Any]) -> bool:
    """Whether a resource is a parameter that holds another stack's output."""
    value = resource.get("Properties", {}).get("Value")
    return resource["Type"] == "AWS::SSM::Parameter" and isinstance(value, dict) and "Fn::GetStackOutput" in value


def references(value: Any) -> set[str]:
    """Return the logical ids that a value refers to by Ref, Fn::GetAtt or Fn::Sub."""
    return set(_references(value))


def stack_outputs(value: Any) -> set[tuple[str, str]]:
    """Return the outputs of other stacks, by stack and name, that a value reads."""
    return set(_stack_outputs(value))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield inner
            elif key == "Fn::GetAtt" and inner:
                yield inner.split(".")[0] if isinstance(inner, str) else str(inner[0])
            elif key == "Fn::Sub":
                yield from VARIABLE.findall(str(inner[0] if isinstance(inner, list) else inner))
                yield from _references(inner[1:] if isinstance(inner, list) else None)
            else:
                yield from _references(inner)


def _stack_outputs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _stack_outputs(item)
    elif isinstance(value, dict):
        asked = value.get("Fn::GetStackOutput")
        if isinstance(asked, dict) and isinstance(asked.get("StackName"), str):
            # An ARN names the stack between two slashes.
            name = asked["StackName"].split("/")[1] if "/" in asked["StackName"] else asked["StackName"]
            yield name, str(asked.get("OutputName"))
        for inner in value.values():
            yield from _stack_outputs(inner)

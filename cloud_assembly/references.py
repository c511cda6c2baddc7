"""What a template refers to: resources of its own, and outputs of other stacks."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Template = Mapping[str, Any]

_VARIABLE = re.compile(r"\$\{([^!}.]+)(?:\.[^}]*)?\}")


@dataclass(frozen=True, order=True)
class Consumer:
    """A property that refers to a resource, in the resource's stack or through an output in another one."""

    stack: str
    logical_id: str
    property: str
    source_stack: str
    source: str
    """The logical id of the resource that is referred to."""


def consumers(templates: Mapping[str, Template], sources: Mapping[str, Collection[str]]) -> tuple[Consumer, ...]:
    """Return the properties that refer to the resources `sources`, given as logical ids by stack.

    An output is followed through `Fn::GetStackOutput` and `Fn::ImportValue`. A stack that reads an output more than
    once keeps it in a parameter of its own; what refers to that parameter refers to the resource.
    """
    offered = _offered(templates, sources)
    found: set[Consumer] = set()
    for stack, template in templates.items():
        own = {(stack, name): {(stack, name)} for name in sources.get(stack, ())}
        copies: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for _ in range(2):  # the second time, copies of outputs are known
            for name, key, value in _properties(template):
                read = {one for output in stack_outputs(value) for one in offered.get(output, ())}
                for one in references(value) - {name}:
                    read |= own.get((stack, one), set()) | copies.get((stack, one), set())
                found |= {Consumer(stack, name, key, *source) for source in read}
                if is_copy(template["Resources"][name]) and read:
                    copies[stack, name] = read
    return tuple(sorted(found))


def references(value: Any) -> set[str]:
    """Return the logical ids that a value refers to by Ref, Fn::GetAtt or Fn::Sub."""
    return set(_references(value))


def stack_outputs(value: Any) -> set[tuple[str, str]]:
    """Return the outputs of other stacks that a value reads, by stack and name; an export has an empty stack name."""
    return set(_stack_outputs(value))


def is_copy(resource: Mapping[str, Any]) -> bool:
    """Return whether a resource is a parameter that holds another stack's output."""
    value = resource.get("Properties", {}).get("Value")
    is_output = isinstance(value, dict) and ("Fn::GetStackOutput" in value or "Fn::ImportValue" in value)
    return resource["Type"] == "AWS::SSM::Parameter" and is_output


def _properties(template: Template) -> Iterator[tuple[str, str, Any]]:
    for name, resource in template.get("Resources", {}).items():
        for key, value in (resource.get("Properties") or {}).items():
            yield name, key, value


def _offered(
    templates: Mapping[str, Template], sources: Mapping[str, Collection[str]]
) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return the sources behind each output and export."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for stack, template in templates.items():
        for name, output in (template.get("Outputs") or {}).items():
            if behind := {(stack, one) for one in references(output.get("Value")) & set(sources.get(stack, ()))}:
                found[stack, name] = behind
                export = (output.get("Export") or {}).get("Name")
                if isinstance(export, str):
                    found["", export] = behind
    return found


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
                yield from _VARIABLE.findall(str(inner[0] if isinstance(inner, list) else inner))
                yield from _references(inner[1:] if isinstance(inner, list) else None)
            else:
                yield from _references(inner)


def _stack_outputs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _stack_outputs(item)
    elif isinstance(value, dict):
        output = value.get("Fn::GetStackOutput")
        if isinstance(output, dict) and isinstance(output.get("StackName"), str):
            # An ARN names the stack between two slashes.
            name = output["StackName"].split("/")[1] if "/" in output["StackName"] else output["StackName"]
            yield name, str(output.get("OutputName"))
        if isinstance(export := value.get("Fn::ImportValue"), str):
            yield "", export
        for inner in value.values():
            yield from _stack_outputs(inner)

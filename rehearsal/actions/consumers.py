"""Resources that refer to replaced ones: in their own stack, and in others through `Fn::GetStackOutput`."""

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from rehearsal.engine.action_details import Consumer

VARIABLE = re.compile(r"\$\{([^!}.]+)(?:\.[^}]*)?\}")

Template = Mapping[str, Any]


def consumers(stack: str, templates: Mapping[str, Template], replaced: Set[str]) -> tuple[Consumer, ...]:
    """Return what refers to the replaced resources of a stack; `templates` are those of all stacks in its account."""
    own = templates[stack]
    outputs = {
        name: set(references(output.get("Value"))) & replaced for name, output in (own.get("Outputs") or {}).items()
    }
    found: set[tuple[str, str, str]] = set()
    for name, template in templates.items():
        for logical_id, resource in template.get("Resources", {}).items():
            given = resource.get("Properties")
            if name == stack:
                found |= {(name, logical_id, target) for target in set(references(given)) & replaced - {logical_id}}
            else:
                read = {output for source, output in stack_outputs(given) if source == stack}
                found |= {(name, logical_id, target) for output in read for target in outputs.get(output, ())}
    # A stack keeps an output that it reads more than once in a parameter; what refers to that is affected too.
    for name, logical_id, target in sorted(found):
        resources = templates[name].get("Resources", {})
        if is_copy(resources[logical_id]):
            readers = (one for one, reader in resources.items() if logical_id in references(reader.get("Properties")))
            found |= {(name, reader, target) for reader in readers}
    return tuple(Consumer(*one) for one in sorted(found))


def is_copy(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource is a parameter with another stack's output."""
    value = resource.get("Properties", {}).get("Value")
    return resource["Type"] == "AWS::SSM::Parameter" and isinstance(value, dict) and "Fn::GetStackOutput" in value


def references(value: Any) -> Iterator[str]:
    """Yield the logical ids that a value refers to by Ref, Fn::GetAtt or Fn::Sub."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield inner
            elif key == "Fn::GetAtt" and inner:
                yield inner.split(".")[0] if isinstance(inner, str) else str(inner[0])
            elif key == "Fn::Sub":
                yield from VARIABLE.findall(str(inner[0] if isinstance(inner, list) else inner))
                yield from references(inner[1:] if isinstance(inner, list) else None)
            else:
                yield from references(inner)


def stack_outputs(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the stack and name of the outputs that a value reads."""
    if isinstance(value, list):
        for item in value:
            yield from stack_outputs(item)
    elif isinstance(value, dict):
        output = value.get("Fn::GetStackOutput")
        if isinstance(output, dict) and isinstance(output.get("StackName"), str):
            # An ARN names the stack between two slashes.
            name = output["StackName"].split("/")[1] if "/" in output["StackName"] else output["StackName"]
            yield name, str(output.get("OutputName"))
        for inner in value.values():
            yield from stack_outputs(inner)

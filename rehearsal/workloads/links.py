"""Which resources a property of a template leads to, across the stacks of an app."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud_assembly import NESTED_STACK, Stack
from cloud_assembly.references import references, stack_outputs
from rehearsal.gaps import resource_label

Key = tuple[str, str]
"""A resource: its template's file and its logical id."""


@dataclass(frozen=True)
class Found:
    """A resource of an app."""

    stack: Stack
    logical_id: str
    properties: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """What tells it from every other."""
        return self.stack.template_file, self.logical_id

    @property
    def label(self) -> str:
        """How gaps name it, with its account and region."""
        label = resource_label(self.stack.resources[self.logical_id], self.logical_id, self.stack.name)
        return f"{label} in {self.stack.aws_environment}"


class Links:
    """The templates of an app, nested ones included."""

    def __init__(self, templates: Sequence[Stack]) -> None:
        self._templates = templates
        self._parents = {
            (stack.template_file, nested.template_file): properties.get("Parameters", {})
            for stack in templates
            for logical_id, properties in stack.of_type(NESTED_STACK)
            for nested in templates
            if nested.name == f"{stack.name}/{logical_id}" and nested.aws_environment == stack.aws_environment
        }

    def of_type(self, resource_type: str) -> Iterator[Found]:
        """Yield the app's resources of a type."""
        for stack in self._templates:
            for logical_id, properties in stack.of_type(resource_type):
                yield Found(stack, logical_id, properties)

    def behind(self, stack: Stack, value: Any) -> set[Key]:
        """Return what a value of the stack refers to: by name, an export or a nested stack's parameter."""
        names = references(value)
        found = {(stack.template_file, name) for name in names if name in stack.resources}
        for parent in self._templates:
            parameters = self._parents.get((parent.template_file, stack.template_file), {})
            for name in names & parameters.keys():
                found |= self.behind(parent, parameters[name])
        for _, export in stack_outputs(value):
            found |= self._exported(stack, export)
        return found

    def _exported(self, importer: Stack, export: str) -> set[Key]:
        for stack in self._templates:
            if stack.aws_environment == importer.aws_environment:
                for output in (stack.template.get("Outputs") or {}).values():
                    if (output.get("Export") or {}).get("Name") == export:
                        return self.behind(stack, output.get("Value"))
        return set()

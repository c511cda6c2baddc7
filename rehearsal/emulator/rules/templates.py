"""Templates: what CloudFormation refuses before it touches a resource, and ministack does not.

Sources: "Template anatomy", "Troubleshooting CloudFormation" and "Outputs", CloudFormation User Guide; CreateStack's
InsufficientCapabilitiesException, which ministack asks for only where it enforces permissions.
"""

from collections.abc import Iterator
from typing import Any

from rehearsal.emulator.internals import cloudformation, cloudformation_requests, engine, stacks


def register() -> None:
    """Refuse references to nothing, empty templates, missing capabilities, and names of exports in use."""
    above = engine._validate_template_statics

    def validate(template: dict[str, Any]) -> None:
        if not template.get("Resources"):
            raise ValueError("Template format error: At least one Resources member must be defined.")
        if not template.get("Transform"):
            _require_references(template)
        above(template)

    engine._validate_template_statics = validate
    cloudformation_requests._capabilities_enforced = lambda: True
    _refuse_exports_in_use()


def _require_references(template: dict[str, Any]) -> None:
    known = set(template["Resources"]) | set(template.get("Parameters") or {})
    for block in ("Resources", "Outputs"):
        unknown = sorted(set(_references(template.get(block) or {})) - known)
        if unknown:
            raise ValueError(
                f"Template format error: Unresolved resource dependencies [{', '.join(unknown)}] "
                f"in the {block} block of the template"
            )


def _references(block: dict[str, Any]) -> Iterator[str]:
    for name, _ in engine._intrinsic_references(block):
        if not name.startswith("AWS::"):
            yield name
    for definition in block.values():
        depends_on = definition.get("DependsOn", []) if isinstance(definition, dict) else []
        yield from [depends_on] if isinstance(depends_on, str) else depends_on


def _refuse_exports_in_use() -> None:
    above = stacks._resolve_stack_outputs

    def resolve(*arguments: Any) -> Any:
        outputs, exports = above(*arguments)
        for name, export in exports.items():
            known = cloudformation._exports.get(name)
            if known and known["StackId"] != export["StackId"]:
                stack = known["StackId"].split("/")[1]
                raise ValueError(f"Export with name {name} is already exported by stack {stack}.")
        return outputs, exports

    stacks._resolve_stack_outputs = resolve

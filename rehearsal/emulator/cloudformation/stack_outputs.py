"""`Fn::GetStackOutput` across regions: ministack looks for the other stack only in the reading stack's region."""

from typing import Any

from rehearsal.emulator.internals import (
    changesets,
    cloudformation_requests,
    engine,
    here,
    provisioners,
    responses,
    stacks,
)


def register() -> None:
    """Let the function read the output in its `Region`."""
    resolve_in_region = engine._resolve_refs

    def resolve(value: Any, *context: Any) -> Any:
        request = value.get("Fn::GetStackOutput") if isinstance(value, dict) else None
        account, region = here()
        other = request.get("Region", region) if isinstance(request, dict) else region
        if other == region:
            return resolve_in_region(value, *context)
        with responses.request_scope(account, other):
            return resolve_in_region(value, *context)

    # Each of these modules has imported the function under its own name.
    for module in (engine, stacks, changesets, cloudformation_requests, provisioners):
        if getattr(module, "_resolve_refs", None) is resolve_in_region:
            module._resolve_refs = resolve

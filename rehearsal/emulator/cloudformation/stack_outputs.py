"""`Fn::GetStackOutput` across regions: ministack looks for the other stack in the region of the one that asks."""

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
    """Let the function read the output where its `Region` says."""
    resolve_here = engine._resolve_refs

    def resolve(value: Any, *context: Any) -> Any:
        asked = value.get("Fn::GetStackOutput") if isinstance(value, dict) else None
        account, region = here()
        elsewhere = asked.get("Region", region) if isinstance(asked, dict) else region
        if elsewhere == region:
            return resolve_here(value, *context)
        with responses.request_scope(account, elsewhere):
            return resolve_here(value, *context)

    # Each of these modules has imported the function under its own name.
    for module in (engine, stacks, changesets, cloudformation_requests, provisioners):
        if getattr(module, "_resolve_refs", None) is resolve_here:
            module._resolve_refs = resolve

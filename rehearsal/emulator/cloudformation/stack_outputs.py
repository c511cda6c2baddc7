"""`Fn::GetStackOutput` across regions: ministack looks for the other stack in the region of the one that asks."""

from importlib import import_module
from typing import Any

from rehearsal.emulator.internals import here, responses

PARTS = ("engine", "stacks", "changesets", "handlers", "provisioners")
"""ministack's modules that resolve functions, each under a name of its own."""


def register() -> None:
    """Let the function read the output where its `Region` says."""
    modules: list[Any] = [import_module(f"ministack.services.cloudformation.{part}") for part in PARTS]
    resolve_here = modules[0]._resolve_refs

    def resolve(value: Any, *context: Any) -> Any:
        asked = value.get("Fn::GetStackOutput") if isinstance(value, dict) else None
        account, region = here()
        elsewhere = asked.get("Region", region) if isinstance(asked, dict) else region
        if elsewhere == region:
            return resolve_here(value, *context)
        with responses.request_scope(account, elsewhere):
            return resolve_here(value, *context)

    for module in modules:
        if getattr(module, "_resolve_refs", None) is resolve_here:
            module._resolve_refs = resolve

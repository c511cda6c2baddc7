"""What ministack lacks of outputs: `Fn::GetStackOutput` across regions, and change sets that change nothing else.

ministack looks for the other stack only in the reading stack's region, and says of a change set with other outputs only
that it contains no changes. CloudFormation executes such a change set (CDK Pipelines depends on it for new outputs).
"""

from typing import Any

from rehearsal.emulator.internals import (
    changesets,
    cloudformation,
    cloudformation_requests,
    engine,
    here,
    provisioners,
    responses,
    stacks,
)

NO_CHANGES = "didn't contain changes"
"""Part of the reason of a change set without changes."""


def register() -> None:
    """Let the function read the output in its `Region`, and change sets change outputs."""
    _let_outputs_change()
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


def _let_outputs_change() -> None:
    handlers: dict[str, Any] = cloudformation_requests._ACTION_HANDLERS
    create = handlers["CreateChangeSet"]

    def create_change_set(parameters: dict[str, Any]) -> Any:
        known = set(cloudformation._change_sets)
        answer = create(parameters)
        for change_set in (found for name, found in cloudformation._change_sets.items() if name not in known):
            stack = cloudformation._stacks.get(change_set["StackName"], {})
            outputs, before = change_set["_template"].get("Outputs"), stack.get("_template", {}).get("Outputs")
            if NO_CHANGES in change_set["StatusReason"] and outputs != before:
                change_set |= {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": ""}
        return answer

    handlers["CreateChangeSet"] = create_change_set

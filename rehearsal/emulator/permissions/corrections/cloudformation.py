"""CloudFormation: a stack that exists is authorized by its id (Service Authorization Reference, AWS CloudFormation)."""

from rehearsal.emulator.internals import cloudformation
from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:
    """Name the stack by its id, a new one by its name; an unnamed one as all of them; the role that is passed as key."""
    name = call.text("StackName")
    context = {"cloudformation__rolearn": call.text("RoleARN")} if call.text("RoleARN") else {}
    if call.text("ChangeSetName") and not context:
        context = {"cloudformation__changesetname": call.text("ChangeSetName")}
    if name.startswith("arn:"):
        return on(name, **context)
    if name:
        stack = cloudformation._stacks.get(name)
        return on(stack["StackId"] if stack else call.arn("cloudformation", f"stack/{name}/*"), **context)
    if call.action in ("cloudformation:DescribeStacks", "cloudformation:ListStacks"):
        return on(call.arn("cloudformation", "stack/*/*"))
    return None

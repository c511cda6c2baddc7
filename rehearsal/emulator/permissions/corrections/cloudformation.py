"""CloudFormation: a stack that exists is authorized by its id (Service Authorization Reference, AWS CloudFormation)."""

from dataclasses import replace

from rehearsal.emulator.internals import cloudformation
from rehearsal.emulator.permissions.corrections import ApiCall, Further, Target, on

SERVICE = "cloudformation.amazonaws.com"


def correct(call: ApiCall) -> Target | None:
    """Name the stack by its id, a new one by its name, an unnamed one as all of them; check the role that is passed."""
    name = call.text("StackName")
    context = {"cloudformation__rolearn": call.text("RoleARN")} if call.text("RoleARN") else {}
    if call.text("ChangeSetName") and not context:
        context = {"cloudformation__changesetname": call.text("ChangeSetName")}
    if name:
        stack = cloudformation._stacks.get(name)
        new = name if name.startswith("arn:") else call.arn("cloudformation", f"stack/{name}/*")
        return replace(on(stack["StackId"] if stack else new, **context), further=_passed_role(call))
    if call.action in ("cloudformation:DescribeStacks", "cloudformation:ListStacks"):
        return on(call.arn("cloudformation", "stack/*/*"))
    return None


def _passed_role(call: ApiCall) -> tuple[Further, ...]:
    """Return the passing of CloudFormation's role (IAM User Guide, "Grant permissions to pass a role")."""
    role = call.text("RoleARN")
    return (Further("iam:PassRole", role, {"iam:passedtoservice": SERVICE}),) if role else ()

"""Parameter Store: calls about several parameters, each of which is authorized.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Systems Manager".
"""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on

NAMED = ("DeleteParameters", "GetParameters")


def correct(call: ApiCall) -> Target | None:
    """Name each parameter, or the path whose parameters are read."""
    name = call.action.partition(":")[2]
    if name in NAMED:
        return on([_parameter(call, one) for one in call.list("Names")])
    if name == "GetParametersByPath":
        return on(_parameter(call, call.text("Path")))
    return None


def _parameter(call: ApiCall, name: str) -> str:
    if name.startswith("arn:"):
        return name
    # A version or label follows a colon.
    return call.arn("ssm", f"parameter/{name.partition(':')[0].lstrip('/')}")

"""How a refusal reads: the words of AWS (IAM User Guide, "Troubleshoot access denied error messages")."""

from rehearsal.emulator.permissions.evaluation import Decision, Reason

_BECAUSE = {
    Reason.DENIED_BY_IDENTITY: "with an explicit deny in an identity-based policy",
    Reason.DENIED_BY_RESOURCE: "with an explicit deny in a resource-based policy",
    Reason.DENIED_BY_BOUNDARY: "with an explicit deny in a permissions boundary",
    Reason.DENIED_BY_SESSION: "with an explicit deny in a session policy",
    Reason.NO_IDENTITY_ALLOW: "because no identity-based policy allows the {action} action",
    Reason.NO_RESOURCE_ALLOW: "because no resource-based policy allows the {action} action",
    Reason.NO_BOUNDARY_ALLOW: "because no permissions boundary allows the {action} action",
    Reason.NO_SESSION_ALLOW: "because no session policy allows the {action} action",
}


def because(decision: Decision) -> str:
    """Return why a call was refused, as the end of AWS's message says it."""
    return _BECAUSE[decision.reason].format(action=decision.request.action)


def refusal(decision: Decision) -> str:
    """Return AWS's message for a refused call."""
    request = decision.request
    resource = "" if request.resource == "*" else f" on resource: {request.resource}"
    return f"User: {request.principal.arn} is not authorized to perform: {request.action}{resource} {because(decision)}"

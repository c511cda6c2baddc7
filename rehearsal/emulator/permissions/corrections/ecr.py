"""ECR: calls are authorized on the repositories they name (Service Authorization Reference, Amazon ECR)."""

from rehearsal.emulator.permissions.corrections import ApiCall, Target, on


def correct(call: ApiCall) -> Target | None:
    """Name the repositories of the call; None for calls without one, such as GetAuthorizationToken."""
    names = [name for name in (call.text("repositoryName"), *call.list("repositoryNames")) if name]
    return on(call.arn("ecr", f"repository/{name}") for name in names) if names else None

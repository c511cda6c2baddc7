"""STS: condition keys of sessions (IAM User Guide, "Available keys for AWS STS")."""

from dataclasses import replace

from rehearsal.emulator.permissions.corrections import ApiCall, Target

KEYS = {
    "sts:externalid": "ExternalId",
    "sts:rolesessionname": "RoleSessionName",
    "sts:sourceidentity": "SourceIdentity",
}
"""By condition key: the parameter of AssumeRole that it is."""


def complete(call: ApiCall, target: Target) -> Target:
    """Add the keys of the call's parameters."""
    found = {key: text for key, name in KEYS.items() if (text := call.text(name))}
    return replace(target, context={**target.context, **found})

"""KMS: the encryption context and the operations of a grant (KMS Developer Guide, "AWS KMS condition keys")."""

from collections.abc import Mapping
from dataclasses import replace

from rehearsal.emulator.permissions.conditions import Value
from rehearsal.emulator.permissions.corrections import ApiCall, Target


def complete(call: ApiCall, target: Target) -> Target:
    """Add the keys of a call that the caller makes itself; `key_use` has those of a service's calls."""
    found: dict[str, Value] = {}
    pairs = call.parameters.get("EncryptionContext")
    if isinstance(pairs, Mapping) and pairs:
        found |= {f"kms:encryptioncontext:{name}".lower(): str(value) for name, value in pairs.items()}
        found["kms:encryptioncontextkeys"] = [str(name) for name in pairs]
    if call.action == "kms:CreateGrant":
        found["kms:grantoperations"] = call.list("Operations")
        found["kms:granteeprincipal"] = call.text("GranteePrincipal")
        found["kms:grantisforawsresource"] = "false"
    return replace(target, context={**target.context, **found})

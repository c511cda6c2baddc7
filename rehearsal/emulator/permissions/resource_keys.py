"""Condition keys of the called resource: its tags, and a KMS key's aliases and caller account."""

from collections.abc import Iterable

from rehearsal.emulator.internals import iam, kms, responses, tagging
from rehearsal.emulator.permissions.conditions import Context
from rehearsal.emulator.permissions.evaluation import Principal
from rehearsal.emulator.permissions.policy import Policy

TAG_KEYS = ("aws:resourcetag/", "iam:resourcetag/")
"""Prefixes of the condition keys for a resource's tags; IAM has its own (Service Authorization Reference, IAM)."""


def of(principal: Principal, resource: str) -> Context:
    """Return the keys of a resource; tags, whose look-up is slow, only if a policy uses them."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return {}
    policies = [*principal.identity, *(principal.boundary or ()), *(principal.session or ())]
    prefixes = [prefix for prefix in TAG_KEYS if _uses(policies, prefix)]
    tags = _tags(resource, parts) if prefixes else {}
    keys: Context = {f"{prefix}{name}".lower(): value for prefix in prefixes for name, value in tags.items()}
    if parts[2] == "kms" and parts[5].startswith("key/"):
        return {**keys, "kms:calleraccount": principal.account, **_of_key(resource, parts)}
    return keys


def _uses(policies: Iterable[Policy], prefix: str) -> bool:
    return any(
        key.lower().startswith(prefix)
        for policy in policies
        for statement in policy
        for keys in statement.conditions.values()
        for key in keys
    )


def _tags(resource: str, parts: list[str]) -> dict[str, str]:
    if parts[2] == "iam" and parts[5].startswith("role/"):
        role = iam._roles.get_scoped(parts[4], None, parts[5].rpartition("/")[2]) or {}
        return {tag["Key"]: tag["Value"] for tag in role.get("Tags") or []}
    with responses.request_scope(parts[4] or responses.get_account_id(), parts[3] or responses.get_region()):
        return tagging.resource_tags(resource) or {}


def _of_key(resource: str, parts: list[str]) -> Context:
    """Return `kms:ResourceAliases`, the names of the key's aliases (KMS Developer Guide, "AWS KMS condition keys")."""
    with responses.request_scope(parts[4], parts[3]):
        record = kms._resolve_key(resource)
        aliases = [
            f"alias/{arn.partition(':alias/')[2]}"
            for arn, key in kms._aliases.items()
            if record is not None and key == record["KeyId"]
        ]
    return {"kms:resourcealiases": aliases} if aliases else {}

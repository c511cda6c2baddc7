"""KMS: keys that nobody could administer, aliases of nothing, and what uses a key that does not admit it.

Sources: KMS API Reference (CreateKey, PutKeyPolicy, CreateAlias), "Default key policy" and "Key policies" of the KMS
Developer Guide; "Encrypt log data in CloudWatch Logs", CloudWatch Logs User Guide.
"""

from typing import Any

from rehearsal.emulator.internals import here, kms
from rehearsal.emulator.rules import policies
from rehearsal.emulator.rules.refusal import NOT_FOUND, Refusal, service_refusal
from rehearsal.emulator.rules.request import Request, on_both, on_create, on_update

OWNERS = frozenset({"aws:PrincipalAccount", "kms:CallerAccount"})
"""Conditions that the account itself meets; under others nobody can be sure to change the policy later."""


@on_both("AWS::KMS::Key")
def require_key_policy(request: Request) -> None:
    """Refuse a malformed key policy, and one under which the account could not change it any more."""
    document = request.get("KeyPolicy")
    if document is None or not request.changed("KeyPolicy"):
        return
    if fault := policies.fault_of_resource_policy(document):
        if fault.startswith("Invalid principal"):
            fault = "Policy contains a statement with one or more invalid principals."
        raise service_refusal(f"{fault} (Error Code: MalformedPolicyDocumentException)", "Kms")
    bypasses = str(request.get("BypassPolicyLockoutSafetyCheck")).lower() == "true"
    if not bypasses and not any(_lets_the_account_change(item) for item in policies.statements(document)):
        raise service_refusal("The new key policy will not allow you to update the key policy in the future.", "Kms")


def _lets_the_account_change(statement: dict[str, Any]) -> bool:
    account, _ = here()
    own = [item for item in policies.principals(statement) if item in ("*", account) or f"::{account}:" in item]
    keys = {key for test in (statement.get("Condition") or {}).values() for key in test}
    return bool(own) and keys <= OWNERS and policies.allows(statement, "kms:PutKeyPolicy")


@on_both("AWS::KMS::Key")
def require_rotatable(request: Request) -> None:
    """Refuse rotation of a key that is not symmetric."""
    spec = request.get("KeySpec") or "SYMMETRIC_DEFAULT"
    if str(request.get("EnableKeyRotation")).lower() == "true" and spec != "SYMMETRIC_DEFAULT":
        raise service_refusal(
            "You cannot set the EnableKeyRotation property to true on asymmetric or HMAC keys.", "Kms"
        )


@on_update("AWS::KMS::Key")
def require_same_kind(request: Request) -> None:
    """Refuse another spec, usage, origin or a change to several regions (AWS::KMS::Key: cannot be changed)."""
    for name in ("KeySpec", "KeyUsage", "Origin", "MultiRegion"):
        defaults = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS"}
        before, after = (
            (props or {}).get(name, defaults.get(name, False)) for props in (request.before, request.properties)
        )
        if str(before).lower() != str(after).lower():
            raise service_refusal(f"You cannot change the {name} of a KMS key after the key is created.", "Kms")


@on_create("AWS::KMS::Alias")
def require_target(request: Request) -> None:
    """Refuse an alias that AWS keeps to itself, or of a key that is not there or is about to be deleted."""
    if str(request.properties["AliasName"]).startswith("alias/aws/"):
        raise service_refusal("Alias must not begin with alias/aws/ (Error Code: NotAuthorizedException)", "Kms")
    identity = str(request.properties["TargetKeyId"])
    record = key(identity)
    if record is None:
        raise service_refusal(f"Key '{identity}' does not exist (Error Code: NotFoundException)", "Kms", NOT_FOUND)
    if record.get("KeyState") == "PendingDeletion":
        raise service_refusal(f"{record['Arn']} is pending deletion. (Error Code: KMSInvalidStateException)", "Kms")


@on_both("AWS::Logs::LogGroup")
def require_log_key(request: Request) -> None:
    """Refuse a key that is not there or does not admit CloudWatch Logs of this region."""
    arn = request.get("KmsKeyId")
    if not arn or not request.changed("KmsKeyId"):
        return
    record, (_, region) = key(str(arn)), here()
    admitted = record is not None and any(
        f"logs.{region}.amazonaws.com" in policies.service_principals(statement)
        and policies.allows(statement, "kms:Encrypt")
        for statement in policies.statements(record.get("Policy"))
    )
    if not admitted:
        raise _unusable(str(arn))


def _unusable(arn: str) -> Refusal:
    return service_refusal(
        f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}' "
        "(Error Code: AccessDeniedException)",
        "CloudWatchLogs",
    )


def key(identity: str) -> dict[str, Any] | None:
    """Return a key of this account and region by its id or ARN; None if there is none."""
    return kms._keys.get(identity.rpartition("/")[2])

"""Resource-based policies, found by the resource's ARN in any account."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator.internals import iam, iam_evaluator, kms, responses, s3
from rehearsal.emulator.permissions.evaluation import ResourcePolicy
from rehearsal.emulator.permissions.policy import Policy, read

NAME = "resource-based policy"
_LOOKED_UP = ("sqs", "sns", "lambda", "secretsmanager", "ecr")
"""Services whose policies ministack finds in their owner's account and region."""


def of(action: str, resource: str) -> ResourcePolicy | None:
    """Return the policy of an action's resource; None if such a resource has none."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return None
    service = parts[2]
    if action.startswith("sts:AssumeRole") or action == "sts:TagSession":
        return _trust(parts[4], resource)
    if service == "s3" and not parts[4]:
        return _bucket(parts[5].partition("/")[0])
    find = _FINDERS.get(service)
    if find is None or not parts[4]:
        return None
    with responses.request_scope(parts[4], parts[3]):
        return find(resource, parts[4])


def _trust(account: str, role: str) -> ResourcePolicy:
    found = iam._roles.get_scoped(account, None, role.rpartition("/")[2]) or {}
    return ResourcePolicy(account, read("trust policy", found.get("AssumeRolePolicyDocument")), must_allow=True)


def _bucket(name: str) -> ResourcePolicy | None:
    owner = s3._bucket_owner_account(name)
    if owner is None:
        return None
    return ResourcePolicy(owner, read(NAME, s3._bucket_policies.get_scoped(owner, None, name)))


def _looked_up(service: str) -> Callable[[str, str], ResourcePolicy | None]:
    def find(resource: str, owner: str) -> ResourcePolicy | None:
        found = iam_evaluator._resource_policy(service, resource)
        return None if found is None else ResourcePolicy(owner, read(NAME, found[0]))

    return find


def _key(resource: str, owner: str) -> ResourcePolicy | None:
    record = kms._resolve_key(resource)
    if record is None:
        return None
    grants = tuple(_grant(grant) for grant in kms._grants.values() if grant["KeyId"] == record["Arn"])
    return ResourcePolicy(owner, read("key policy", record.get("Policy")), must_allow=True, grants=grants)


def _grant(grant: dict[str, Any]) -> Policy:
    """Return a grant as a statement: its grantee, its operations, its constraints (KMS Developer Guide, "Grants")."""
    grantee = grant["GranteePrincipal"]
    condition: dict[str, dict[str, str]] = {}
    constraints = grant.get("Constraints") or {}
    for pairs in (constraints.get("EncryptionContextSubset"), constraints.get("EncryptionContextEquals")):
        for name, value in (pairs or {}).items():
            condition.setdefault("StringEquals", {})[f"kms:EncryptionContext:{name}"] = value
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": grantee} if grantee.startswith("arn:") else {"Service": grantee},
        "Action": [f"kms:{operation}" for operation in grant["Operations"]],
        "Resource": "*",
        "Condition": condition,
    }
    return read(f"grant {grant.get('Name') or grant['GrantId'][:12]}", {"Statement": [statement]})


_FINDERS: dict[str, Callable[[str, str], ResourcePolicy | None]] = {
    "kms": _key,
    **{service: _looked_up(service) for service in _LOOKED_UP},
}

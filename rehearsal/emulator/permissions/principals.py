"""Who makes a call in the emulated AWS, with all policies that say what it may do.

Account-root keys, whose access key is the account's id, are the rehearsal's own: it observes with them, prepares with
them what an administrator does before the first delivery, and nothing of it counts as the release's calls.
"""

from typing import Any

from rehearsal.emulator.internals import iam, iam_evaluator, sts
from rehearsal.emulator.permissions.evaluation import Kind, Principal
from rehearsal.emulator.permissions.policy import MANAGED_PREFIX, Policy, managed_policy, read


def of_credential(credential: Any) -> Principal:
    """Return the principal of a resolved access key."""
    keys = {name.lower(): value for name, value in iam_evaluator._principal_keys(credential).items()}
    session = sts._sessions.get(credential.access_key_id) or {}
    if credential.principal_type == "AssumedRole":
        name = iam_evaluator._role_name_from_assumed_arn(credential.principal_arn)
        return of_role(credential.account_id, name, arn=credential.principal_arn, session=session, keys=keys)
    if credential.principal_type == "User":
        user = iam._users.get_scoped(credential.account_id, None, credential.principal_name) or {}
        identity, unknown = _policies(user, credential.account_id, iam._user_inline_policies.get(user.get("UserName")))
        return Principal(
            arn=credential.principal_arn,
            kind=Kind.USER,
            account=credential.account_id,
            identity=identity,
            boundary=_boundary(user, credential.account_id),
            keys=keys,
            unknown_policies=unknown,
        )
    return Principal(credential.principal_arn, Kind.ROOT, credential.account_id, keys=keys)


def of_role(
    account: str,
    name: str,
    *,
    arn: str = "",
    session: dict[str, Any] | None = None,
    keys: dict[str, Any] | None = None,
) -> Principal:
    """Return a role's session as a principal; `arn` is the session's."""
    role = iam._roles.get_scoped(account, None, name) or {}
    identity, unknown = _policies(role, account, role.get("InlinePolicies"))
    narrowed = (session or {}).get("SessionPolicies")
    return Principal(
        arn=arn or session_arn(account, name),
        kind=Kind.ROLE,
        account=account,
        role_arn=role.get("Arn", f"arn:aws:iam::{account}:role/{name}"),
        identity=identity,
        boundary=_boundary(role, account),
        session=_session_policies(narrowed, account) if narrowed else None,
        keys=keys or {},
        unknown_policies=unknown,
    )


def session_arn(account: str, role: str, session: str = "rehearsal") -> str:
    """Return the ARN of a role's session."""
    return f"arn:aws:sts::{account}:assumed-role/{role}/{session}"


def of_arn(arn: str) -> Principal:
    """Return the principal that an ARN names: a role, a session, an account's root; or a service by its name."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return Principal(arn, Kind.SERVICE)
    account, resource = parts[4], parts[5]
    if resource.startswith("role/"):
        return of_role(account, resource.rpartition("/")[2])
    if resource.startswith("assumed-role/"):
        return of_role(account, resource.split("/")[1], arn=arn)
    return Principal(arn, Kind.ROOT, account)


def _policies(
    entity: dict[str, Any], account: str, inline: dict[str, Any] | None
) -> tuple[tuple[Policy, ...], tuple[str, ...]]:
    """Return an entity's policies, and the managed ones of AWS whose documents are missing here."""
    found = [read(name, document) for name, document in (inline or {}).items()]
    unknown: list[str] = []
    for arn in entity.get("AttachedPolicies", []):
        document = managed(arn, account)
        if document is None and arn.startswith(MANAGED_PREFIX):
            unknown.append(arn)
        found.append(read(arn, document))
    return tuple(found), tuple(unknown)


def managed(arn: str, account: str) -> Any:
    """Return a managed policy's document, AWS's own or the account's; or None."""
    if arn.startswith(MANAGED_PREFIX):
        return managed_policy(arn)
    policy = iam._policies.get_scoped(account, None, arn) or {}
    return policy.get("Versions", {}).get(policy.get("DefaultVersionId", "v1"), {}).get("Document")


def _boundary(entity: dict[str, Any], account: str) -> tuple[Policy, ...] | None:
    arn = entity.get("PermissionsBoundary")
    arn = arn.get("PermissionsBoundaryArn") if isinstance(arn, dict) else arn
    return (read(arn, managed(arn, account)),) if arn else None


def _session_policies(narrowed: dict[str, Any], account: str) -> tuple[Policy, ...]:
    inline = [read("session policy", narrowed["Policy"])] if narrowed.get("Policy") else []
    return (*inline, *(read(arn, managed(arn, account)) for arn in narrowed.get("PolicyArns", [])))

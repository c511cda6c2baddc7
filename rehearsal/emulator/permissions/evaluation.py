"""The decision about one call (IAM User Guide, "Policy evaluation logic").

An explicit Deny in any policy refuses. Within an account an Allow in the caller's identity-based policies or one in the
resource's policy suffices, if the permissions boundary and the session's policies allow the call too; across accounts
both must allow it. Key policies and trust policies must allow it in every case. Policies of Organizations are ignored.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rehearsal.emulator.permissions import conditions
from rehearsal.emulator.permissions.conditions import Context
from rehearsal.emulator.permissions.policy import Policy, Statement, matches, texts

MUST_ALLOW = ("kms", "sts", "iam-trust")
"""Services whose resource-based policies must allow a call; others' may."""


class Kind(StrEnum):
    """What kind of principal makes a call, as `aws:PrincipalType` spells it."""

    ROOT = "Account"
    USER = "User"
    ROLE = "AssumedRole"
    SERVICE = "Service"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True)
class Principal:
    """Who makes a call, and the policies that apply to it."""

    arn: str
    """Its form in messages: a session's ARN for a role; a service's name, such as `events.amazonaws.com`."""
    kind: Kind
    account: str = ""
    role_arn: str = ""
    """The role of a session."""
    identity: tuple[Policy, ...] = ()
    """Its identity-based policies."""
    boundary: tuple[Policy, ...] | None = None
    """Its permissions boundary; None if it has none."""
    session: tuple[Policy, ...] | None = None
    """The session policies; None if it has none."""
    keys: Context = field(default_factory=dict)
    """Condition keys that describe it."""
    unknown_policies: tuple[str, ...] = ()
    """Attached AWS managed policies whose documents are missing here."""


@dataclass(frozen=True)
class ResourcePolicy:
    """A resource-based policy and the resource's owner."""

    owner: str
    """The account that owns the resource."""
    policy: Policy = ()
    must_allow: bool = False
    """Whether it must allow calls from its own account too, as a key's or role's must."""
    grants: tuple[Policy, ...] = ()
    """A key's grants, as statements that name their grantee."""


@dataclass(frozen=True)
class Request:
    """One call."""

    principal: Principal
    action: str
    resource: str
    context: Context = field(default_factory=dict)


class Reason(StrEnum):
    """Why a call is allowed or refused."""

    ALLOWED = "allowed"
    UNCHECKED = "not checked: the document of an attached AWS managed policy is missing"
    DENIED_BY_IDENTITY = "explicit deny in an identity-based policy"
    DENIED_BY_RESOURCE = "explicit deny in a resource-based policy"
    DENIED_BY_BOUNDARY = "explicit deny in a permissions boundary"
    DENIED_BY_SESSION = "explicit deny in a session policy"
    NO_IDENTITY_ALLOW = "no identity-based policy allows it"
    NO_RESOURCE_ALLOW = "no resource-based policy allows it"
    NO_BOUNDARY_ALLOW = "no permissions boundary allows it"
    NO_SESSION_ALLOW = "no session policy allows it"


@dataclass(frozen=True)
class Decision:
    """Whether a call is allowed, and why."""

    request: Request
    reason: Reason
    statements: tuple[Statement, ...] = ()
    """The statements that allow it, or the one that denies it."""

    @property
    def allowed(self) -> bool:
        """Whether the call may be made."""
        return self.reason in (Reason.ALLOWED, Reason.UNCHECKED)


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
"""The words of AWS (IAM User Guide, "Troubleshoot access denied error messages")."""


def because(decision: Decision) -> str:
    """Return why a call was refused, as the end of AWS's message says it."""
    return _BECAUSE[decision.reason].format(action=decision.request.action)


def refusal(decision: Decision) -> str:
    """Return AWS's message for a refused call."""
    request = decision.request
    resource = "" if request.resource == "*" else f" on resource: {request.resource}"
    return f"User: {request.principal.arn} is not authorized to perform: {request.action}{resource} {because(decision)}"


def decide(request: Request, resource: ResourcePolicy | None = None) -> Decision:
    """Decide about one call; `resource` is the called resource's own policy, None if it cannot have one."""
    return _Evaluation(request, resource).decide()


class _Evaluation:
    def __init__(self, request: Request, resource: ResourcePolicy | None) -> None:
        self._request = request
        self._principal = request.principal
        self._resource = resource
        self._context = with_defaults(request)

    def decide(self) -> Decision:
        principal, resource = self._principal, self._resource
        applicable = self._applicable(resource.policy) if resource else []
        for statements, reason in (
            (self._all(principal.identity), Reason.DENIED_BY_IDENTITY),
            (applicable, Reason.DENIED_BY_RESOURCE),
            (self._all(principal.boundary), Reason.DENIED_BY_BOUNDARY),
            (self._all(principal.session), Reason.DENIED_BY_SESSION),
        ):
            if denial := self._first(statements, allows=False):
                return Decision(self._request, reason, (denial,))
        if principal.kind is Kind.ROOT and resource is None:
            return Decision(self._request, Reason.ALLOWED)
        return self._find_allow(applicable)

    def _find_allow(self, applicable: list[Statement]) -> Decision:  # noqa: PLR0911 - in the order of AWS's guide
        principal, resource = self._principal, self._resource
        within = resource is None or not principal.account or resource.owner == principal.account
        by_resource = self._first(applicable, allows=True)
        granted = self._first(self._applicable(self._flat(resource.grants)), allows=True) if resource else None
        if principal.kind in (Kind.SERVICE, Kind.ANONYMOUS):
            found = by_resource or granted
            return self._answer([found], Reason.ALLOWED) if found else self._answer([], Reason.NO_RESOURCE_ALLOW)
        by_identity = self._by_identity()
        if resource and within:
            if granted:
                return self._answer([granted], Reason.ALLOWED)
            # A statement that names the caller itself, not only its account, needs no other.
            direct = self._first([item for item in applicable if self._names_caller(item)], allows=True)
            if direct and principal.kind is not Kind.ROOT:
                return self._limited([direct], is_session=self._names_session(direct))
            if resource.must_allow and not by_resource:
                return self._answer([], Reason.NO_RESOURCE_ALLOW)
        elif resource and not (by_resource or granted):
            return self._answer([], Reason.NO_RESOURCE_ALLOW)
        if principal.kind is not Kind.ROOT and not by_identity:
            if principal.unknown_policies:
                return self._answer([], Reason.UNCHECKED)
            return self._answer([], Reason.NO_IDENTITY_ALLOW)
        needed = by_resource if resource and (resource.must_allow or not within) else None
        return self._limited([by_identity, needed, None if within else granted])

    def _by_identity(self) -> Statement | None:
        return self._first(self._all(self._principal.identity), allows=True)

    def _limited(self, found: Iterable[Statement | None], *, is_session: bool = False) -> Decision:
        """Allow, if the permissions boundary and the session's policies do; they do not narrow a named session."""
        statements = list(found)
        if not is_session:
            for limit, reason in (
                (self._principal.boundary, Reason.NO_BOUNDARY_ALLOW),
                (self._principal.session, Reason.NO_SESSION_ALLOW),
            ):
                if limit is not None and not self._first(self._all(limit), allows=True):
                    return self._answer([], reason)
        return self._answer(statements, Reason.ALLOWED)

    def _answer(self, statements: Iterable[Statement | None], reason: Reason) -> Decision:
        return Decision(self._request, reason, tuple(item for item in statements if item))

    def _first(self, statements: Iterable[Statement], *, allows: bool) -> Statement | None:
        return next((item for item in statements if item.allows is allows and self._covers(item)), None)

    def _covers(self, statement: Statement) -> bool:
        return (
            statement.names_action(self._request.action)
            and self._covers_resource(statement)
            and conditions.hold(statement.conditions, self._context)
        )

    def _covers_resource(self, statement: Statement) -> bool:
        if statement.not_resources:
            return not any(self._is_resource(pattern) for pattern in statement.not_resources)
        # A trust policy has no resources.
        return not statement.resources or any(self._is_resource(pattern) for pattern in statement.resources)

    def _is_resource(self, pattern: str) -> bool:
        expanded = conditions.expand(pattern, self._context)
        return expanded is not None and matches(self._request.resource, expanded)

    def _applicable(self, policy: Policy) -> list[Statement]:
        """Return the statements of a resource-based policy that are about the caller."""
        return [item for item in policy if self._is_about_caller(item)]

    def _is_about_caller(self, statement: Statement) -> bool:
        if statement.not_principal is not None:
            return not self._is_named(statement.not_principal, account_too=True)
        return self._is_named(statement.principal, account_too=True)

    def _names_caller(self, statement: Statement) -> bool:
        return statement.not_principal is None and self._is_named(statement.principal, account_too=False)

    def _names_session(self, statement: Statement) -> bool:
        named = statement.principal.get("AWS") if isinstance(statement.principal, dict) else None
        return self._principal.arn in texts(named)

    def _is_named(self, principal: Any, *, account_too: bool) -> bool:
        if principal == "*":
            return True
        if not isinstance(principal, dict):
            return False
        caller = self._principal
        if caller.kind is Kind.SERVICE:
            return any(name in ("*", caller.arn) for name in texts(principal.get("Service")))
        names = {caller.arn, caller.role_arn} - {""}
        accounts = {caller.account, f"arn:aws:iam::{caller.account}:root"} if account_too and caller.account else set()
        return any(name == "*" or name in names or name in accounts for name in texts(principal.get("AWS")))

    def _all(self, policies: tuple[Policy, ...] | None) -> Iterable[Statement]:
        return (statement for policy in policies or () for statement in policy)

    def _flat(self, policies: tuple[Policy, ...]) -> Policy:
        return tuple(self._all(policies))


_ACCOUNT = re.compile(r"\d{12}")


def with_defaults(request: Request) -> Mapping[str, Any]:
    """Return the request's condition keys with those that every request has."""
    principal = request.principal
    parts = request.resource.split(":", 5)
    owner = parts[4] if len(parts) == 6 and _ACCOUNT.fullmatch(parts[4]) else ""
    defaults: dict[str, Any] = {
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true" if principal.kind is Kind.SERVICE else "false",
        "aws:viaawsservice": "false",
    }
    if principal.kind is Kind.SERVICE:
        defaults["aws:principalservicename"] = principal.arn
    elif principal.kind is not Kind.ANONYMOUS:
        # AWS gives the role's ARN of a session (IAM User Guide, "AWS global condition context keys").
        defaults["aws:principalarn"] = principal.role_arn or principal.arn
        defaults["aws:principalaccount"] = principal.account
        defaults["aws:principaltype"] = str(principal.kind)
    if account := owner or principal.account:
        defaults["aws:resourceaccount"] = account
    given = {key.lower(): value for key, value in request.context.items()}
    return {**defaults, **principal.keys, **given}

"""The check of every call: of requests to the emulated APIs, and of calls that no request makes."""

import contextvars
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from rehearsal.emulator.internals import iam_actions, iam_evaluator, responses, sts
from rehearsal.emulator.permissions import (
    action_reference,
    evaluation,
    key_use,
    other_accounts,
    principals,
    recorder,
    requests,
    resource_keys,
    resource_policies,
)
from rehearsal.emulator.permissions.conditions import Context, Value
from rehearsal.emulator.permissions.evaluation import Decision, Kind, Principal, Reason, Request


class Mode(StrEnum):
    """How calls that the policies do not allow are treated."""

    ENFORCED = "enforced"
    """Refused, as at AWS."""
    REPORT = "report"
    """Listed, and made."""
    OFF = "off"
    """Nothing is checked."""


TLS_VERSION = "1.3"
"""The version that SDKs use with AWS; loopback requests count as TLS."""

mode = Mode.OFF
listeners: list[Callable[[Principal, str, Mapping[str, Any]], None]] = []
"""Called for every allowed request, with the caller, the action, and the parameters of the query protocol."""
_refused: contextvars.ContextVar[Decision | None] = contextvars.ContextVar("refused", default=None)


class Refused(Exception):  # noqa: N818 - named for its meaning
    """A call is refused; the text is AWS's message."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(evaluation.refusal(decision))
        self.decision = decision


def register(chosen: Mode) -> None:
    """Check every request from now on."""
    global mode  # noqa: PLW0603 - one emulator serves one rehearsal
    mode = chosen
    if mode is Mode.OFF:
        return
    requests.register()
    other_accounts.register()
    iam_evaluator.enforce = enforce
    original_trusts = iam_evaluator.evaluate_trust_policy

    def trusts(document: Any, caller_arn: str, request: Any = None) -> bool:
        # `enforce` has decided by the trust policy already, with the role's ARN as `aws:PrincipalArn`.
        if request is not None and request.action in ("sts:AssumeRole", "sts:TagSession"):
            return True
        return original_trusts(document, caller_arn, request)

    iam_evaluator.evaluate_trust_policy = trusts
    _use_own_messages()


def refused() -> Decision | None:
    """Return the decision that refused the current request."""
    return _refused.get()


def evaluate(
    principal: str | Principal, action: str, resource: str, context: Mapping[str, Value] | None = None
) -> Decision:
    """Decide about one call without refusing it; `principal` is the ARN of a role or session, or a service's name."""
    caller = principal if isinstance(principal, Principal) else principals.of_arn(principal)
    return _decide(caller, action, resource, _lower(context))


def check(
    principal: str | Principal, action: str, resource: str, context: Mapping[str, Value] | None = None
) -> Decision:
    """Decide about a call that no request makes, and about its calls to KMS, and record the decisions.

    Raises Refused for the first refused call if permissions are enforced.
    """
    caller = principal if isinstance(principal, Principal) else principals.of_arn(principal)
    first: Decision | None = None
    for decision in _decisions(caller, action, resource, _lower(context)):
        first = first or decision
        if mode is Mode.OFF:
            break
        keep(decision)
        if mode is Mode.ENFORCED and not decision.allowed:
            raise Refused(decision)
    if first is None:
        raise AssertionError("every call has a decision")
    return first


def _lower(context: Mapping[str, Value] | None) -> Context:
    return {key.lower(): value for key, value in (context or {}).items()}


def keep(decision: Decision) -> None:
    """Record a decision, and whether its resource fits AWS's reference."""
    recorder.note(decision, enforced=mode is Mode.ENFORCED)
    request = decision.request
    if request.principal.kind is not Kind.ROOT and not action_reference.fits(request.action, request.resource):
        recorder.open_questions.add((request.action, request.resource))


def enforce(  # noqa: PLR0911, PLR0917 - ministack's own interface, and its order of checks
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Mapping[str, Any] | None = None,
) -> Any:
    """Check one request; return None if it is allowed, else ministack's form of a refusal."""
    _refused.set(None)
    account = responses.get_account_id()
    if failure := iam_evaluator._s3_scope_failure(service):
        return failure
    anonymous = iam_evaluator._anonymous.get() and not access_key
    if anonymous and (service_context or {}).get(URL_TYPE) == "NONE":
        # A function's URL for everybody.
        return None
    if anonymous and service != "s3" and not iam_evaluator._served_unsigned(service, action):
        message = iam_actions.anonymous_denial_message(service, action, resource_arn)
        return iam_evaluator.AuthError("MissingAuthenticationToken", message)
    if anonymous:
        # S3 decides about requests without credentials itself.
        return None
    found = iam_evaluator.authenticate(access_key or "", account)
    account = responses._account_from_sts_session(access_key) or account
    credential = found or iam_evaluator.resolve_credential(access_key, account)
    if isinstance(credential, iam_evaluator.AuthError):
        return credential
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        return iam_evaluator.AuthError(credential.code, credential.message)
    if action in iam_evaluator._ALWAYS_ALLOWED_ACTIONS:
        return None
    principal = principals.of_credential(credential)
    target = requests.target_of(action, resource_arn)
    context = {**_of_the_request(region), **(service_context or {}), **target.context}
    context = {key.lower(): value for key, value in context.items() if value is not None}
    if principal.kind is Kind.ROOT:
        return _refusal_of_root(principal, action, target.resources[0], context)
    for resource in target.resources:
        if refusal := _refusal_of(principal, action, resource, context, headers=requests.headers()):
            return refusal
    for further in target.further:
        if refusal := _refusal_of(principal, further.action, further.resource, {**context, **further.context}):
            return refusal
    _call_listeners(principal, action)
    return None


def _refusal_of_root(principal: Principal, action: str, resource: str, context: Context) -> Any:
    """Allow an account's root all that no bucket policy denies, without recording it."""
    if action.startswith("s3:") and mode is Mode.ENFORCED:
        decision = _decide(principal, action, resource, context)
        if decision.reason is Reason.DENIED_BY_RESOURCE and action not in PASSED_TO_ROOT:
            return _refusal(decision)
    _call_listeners(principal, action)
    return None


URL_TYPE = "lambda:FunctionUrlAuthType"
"""The condition key of the kind of a function's URL."""
PASSED_TO_ROOT = ("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy")
"""Actions that no bucket policy denies its account's root (S3 User Guide, "Bucket policies")."""


def _call_listeners(principal: Principal, action: str) -> None:
    for listener in listeners:
        listener(principal, action, requests.parameters())


def _refusal_of(
    principal: Principal, action: str, resource: str, context: Context, headers: Mapping[str, str] | None = None
) -> Any:
    """Decide about a call and its calls to KMS; return the first refusal if permissions are enforced."""
    for decision in _decisions(principal, action, resource, context, headers):
        keep(decision)
        if not decision.allowed and mode is Mode.ENFORCED:
            return _refusal(decision)
    return None


def _decisions(
    principal: Principal, action: str, resource: str, context: Context, headers: Mapping[str, str] | None = None
) -> Iterator[Decision]:
    decision = _decide(principal, action, resource, context)
    yield decision
    if decision.allowed:
        for call in key_use.following(principal, action, resource, headers):
            yield _decide(call.principal, call.action, call.key, {**_passed_on(context), **call.context})


def _passed_on(context: Context) -> Context:
    """Return the keys that a service passes on when it calls another: the caller's, not the connection's."""
    return {key: value for key, value in context.items() if key.startswith("aws:") and key not in NOT_PASSED_ON}


NOT_PASSED_ON = ("aws:sourceip", "aws:securetransport", "aws:tagkeys")
"""Keys of the caller's own connection, and of its request's tags."""


def _decide(principal: Principal, action: str, resource: str, context: Context) -> Decision:
    described = resource_keys.of(principal, resource)
    return evaluation.decide(
        Request(principal, action, resource, {**described, **context}), resource_policies.of(action, resource)
    )


def _of_the_request(region: str) -> dict[str, Value]:
    address, secure = iam_evaluator._request_origin.get()
    keys: dict[str, Value] = {
        "aws:sourceip": address,
        "aws:securetransport": "true" if secure else "false",
        "aws:requestedregion": region,
        "aws:currenttime": iam_evaluator._dt.datetime.now(iam_evaluator._dt.UTC).isoformat(),
    }
    if secure:
        keys["s3:tlsversion"] = TLS_VERSION
    return keys


def _refusal(decision: Decision) -> Any:
    _refused.set(decision)
    denied = decision.reason in (
        Reason.DENIED_BY_IDENTITY,
        Reason.DENIED_BY_RESOURCE,
        Reason.DENIED_BY_BOUNDARY,
        Reason.DENIED_BY_SESSION,
    )
    return iam_evaluator.EvalResult(
        "Deny" if denied else "ImplicitDeny", decision.request.principal.arn, reason=str(decision.reason)
    )


def _use_own_messages() -> None:
    """Answer refusals with the decision's message."""
    original_respond, original_message = iam_actions.access_denied_response, iam_actions.identity_denial_message

    def respond(*arguments: Any, message: str = "", error_code: str = "", **rest: Any) -> Any:
        decision = _refused.get()
        if decision and not error_code:
            message = evaluation.refusal(decision)
        return original_respond(*arguments, message=message, error_code=error_code, **rest)

    def say(*arguments: Any) -> str:
        decision = _refused.get()
        return evaluation.refusal(decision) if decision else original_message(*arguments)

    iam_actions.access_denied_response = respond
    iam_actions.identity_denial_message = say


def assume(role_arn: str, service: str, session_name: str) -> dict[str, str]:
    """Let a service assume a role that trusts it, and return the session's credentials; raises Refused."""
    account = role_arn.split(":")[4]
    check(service, "sts:AssumeRole", role_arn)
    name = role_arn.rpartition("/")[2]
    key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{sts._role_id(role_arn)}:{session_name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    return {"access_key": key, "secret_key": secret, "session_token": token}

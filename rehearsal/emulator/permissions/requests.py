"""The resources that an API request concerns, and the service's condition keys.

ministack derives one resource from a request and checks that. Corrections give the right resources; what ministack's
interface cannot carry is kept beside the request until the check.
"""

import contextvars
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.emulator.internals import iam_actions
from rehearsal.emulator.permissions import action_reference
from rehearsal.emulator.permissions.corrections import (
    Completion,
    Correction,
    Target,
    backup,
    cloudformation,
    cloudwatch,
    codebuild,
    ecr,
    ecs,
    elasticache,
    iam,
    kms,
    logs,
    on,
    passed_roles,
    rds,
    read_call,
    s3,
    ssm,
    sts,
)

CORRECTIONS: Mapping[str, Correction] = {
    "backup": backup.correct,
    "cloudformation": cloudformation.correct,
    "codebuild": codebuild.correct,
    "ecr": ecr.correct,
    "ecs": ecs.correct,
    "elasticache": elasticache.correct,
    "logs": logs.correct,
    "monitoring": cloudwatch.correct,
    "rds": rds.correct,
    "ssm": ssm.correct,
}
"""By ministack's name of the service."""
COMPLETIONS: Mapping[str, Completion] = {
    "iam": iam.complete,
    "kms": kms.complete,
    "s3:GetObject": s3.complete,
    "sts": sts.complete,
    **dict.fromkeys(passed_roles.PASSED, passed_roles.complete),
}
"""By ministack's name of the service, or by action."""


@dataclass(frozen=True)
class Asked:
    """The action, resources and parameters of a request."""

    action: str
    target: Target
    headers: Mapping[str, str]
    parameters: Mapping[str, Any]
    """Set for requests in the query protocol."""


_asked: contextvars.ContextVar[Asked | None] = contextvars.ContextVar("asked", default=None)


def register() -> None:
    """Derive a request's resources with the corrections."""
    above = iam_actions.extract_resource_arn

    def extract(  # noqa: PLR0917 - ministack's own interface
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        region: str,
        account: str,
    ) -> str:
        resource = above(service, method, path, headers, body, query, region, account)
        _asked.set(None)
        action = iam_actions.extract_iam_action(service, method, path, headers, body, query)
        if action is None:
            return resource
        target = on(resource)
        correct, complete = CORRECTIONS.get(service), COMPLETIONS.get(service) or COMPLETIONS.get(action)
        if correct or complete:
            call = read_call(
                action=action, path=path, headers=headers, body=body, query=query, region=region, account=account
            )
            if correct:
                target = correct(call) or target
            if complete:
                target = complete(call, target)
        if action_reference.takes_resource(action) is False:
            # The Service Authorization Reference lists no resource for it: policies must grant it on all.
            target = replace(target, resources=("*",))
        _asked.set(Asked(action, target, headers, query))
        return target.resources[0]

    iam_actions.extract_resource_arn = extract


def headers() -> Mapping[str, str]:
    """Return the headers of the current request."""
    asked = _asked.get()
    return asked.headers if asked else {}


def parameters() -> Mapping[str, Any]:
    """Return the parameters of the current request, if it is in the query protocol."""
    asked = _asked.get()
    return asked.parameters if asked else {}


def target_of(action: str, resource: str) -> Target:
    """Return all resources and keys of the request whose first resource ministack has derived."""
    asked = _asked.get()
    if asked and asked.action == action and asked.target.resources[0] == resource:
        return asked.target
    return on(resource)

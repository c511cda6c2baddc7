"""Application Auto Scaling, which ministack lacks: the limits and suspended activities of scalable targets.

Nothing scales here, so there are no scaling activities. A stack's targets set desired counts when they are created or
updated (`container_services.py`).
"""

import json
from typing import Any, Final

from rehearsal.emulator.internals import responses
from rehearsal.errors import NOT_EMULATED

TARGET: Final = "AnyScaleFrontendService."

_targets: Any = responses.AccountRegionScopedDict()


def record(properties: dict[str, Any]) -> None:
    """Take over a stack's scalable target, in the spelling of CloudFormation."""
    _register(properties)


def answer(action: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Answer one call of the API as (status, JSON)."""
    request = json.loads(body or b"{}")
    if action == "RegisterScalableTarget":
        if request["ResourceId"] not in _targets and not {"MinCapacity", "MaxCapacity"} <= request.keys():
            return 400, {"__type": "ValidationException", "message": "A new target needs MinCapacity and MaxCapacity"}
        _register(request)
        return 200, {}
    if action == "DescribeScalableTargets":
        wanted = request.get("ResourceIds") or list(_targets)
        return 200, {"ScalableTargets": [_targets[name] for name in wanted if name in _targets]}
    if action == "DescribeScalingActivities":
        return 200, {"ScalingActivities": []}
    return 400, {"__type": "InvalidActionException", "message": f"{NOT_EMULATED}: {action}"}


def _register(request: dict[str, Any]) -> None:
    """Change what the request names of a target, and keep the rest."""
    known = ("ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "SuspendedState")
    stored = _targets.get(request["ResourceId"], {})
    _targets[request["ResourceId"]] = {**stored, **{key: request[key] for key in known if key in request}}

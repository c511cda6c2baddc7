"""The check of requests to services that ministack lacks, such as CodePipeline, CodeCommit and Service Quotas."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.emulator.internals import here, router
from rehearsal.emulator.permissions import enforcement, evaluation

PREFIXES = {
    "AnyScaleFrontendService": "application-autoscaling",
    "CodeCommit": "codecommit",
    "CodePipeline": "codepipeline",
    "CodeConnections": "codeconnections",
    "ServiceQuotas": "servicequotas",
}
"""IAM's name of the service, by the prefix of its targets."""


def check(target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]] | None:
    """Return the answer to a refused request as (status, JSON); None if it is allowed."""
    if enforcement.mode is enforcement.Mode.OFF:
        return None
    service = next(prefix for name, prefix in PREFIXES.items() if f".{name}" in f".{target}")
    action = f"{service}:{target.rpartition('.')[2]}"
    key, region = router.extract_access_key_id(headers), router.extract_region(headers)
    denied = enforcement.enforce(key, action, service, region, _resource(service, json.loads(body or b"{}")))
    if denied is None:
        return None
    decision = enforcement.refused()
    message = evaluation.refusal(decision) if decision else denied.message
    return 400, {"__type": "AccessDeniedException", "message": message}


def _resource(service: str, request: Mapping[str, Any]) -> str:
    """Return a call's resource (Service Authorization Reference of each service)."""
    account, region = here()
    if service == "codepipeline":
        name = request.get("pipelineName") or request.get("name")
        return f"arn:aws:codepipeline:{region}:{account}:{name}" if name else "*"
    if service == "codecommit":
        name = request.get("repositoryName")
        return f"arn:aws:codecommit:{region}:{account}:{name}" if name else "*"
    if service == "application-autoscaling":
        return f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/*"
    if service == "codeconnections":
        return request.get("ConnectionArn") or "*"
    quota, of = request.get("QuotaCode"), request.get("ServiceCode")
    return f"arn:aws:servicequotas:{region}:{account}:{of}/{quota}" if quota else "*"

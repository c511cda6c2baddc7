"""Service Quotas, which ministack lacks: AWS's defaults, and increases that are granted immediately."""

import json
from typing import Any

from rehearsal.emulator.internals import here, responses
from rehearsal.errors import NOT_EMULATED

TARGET = "ServiceQuotasV20190624."
DEFAULTS = {
    # Codes are AWS's except this one, which is found by its name.
    ("codebuild", "L-CODEBUILD"): ("Concurrently running builds for Linux/Small environment", 1.0),
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", 5.0),
    ("fargate", "L-3032A538"): ("Fargate On-Demand vCPU resource count", 6.0),
    # The default is 1,000; a new account has ten.
    ("lambda", "L-B99A9384"): ("Concurrent executions", 10.0),
    ("vpc", "L-F678F1CE"): ("VPCs per Region", 5.0),
}
"""Quotas of a new account (Service Quotas, "AWS default quota value")."""

_granted: Any = responses.AccountRegionScopedDict()


def answer(action: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Answer one call of the API as (status, JSON)."""
    request = json.loads(body or b"{}")
    if action in ("ListServiceQuotas", "ListAWSDefaultServiceQuotas"):
        own = action == "ListServiceQuotas"
        known = [key for key in DEFAULTS if key[0] == request["ServiceCode"]]
        values = {key: _granted.get("/".join(key), DEFAULTS[key][1]) if own else DEFAULTS[key][1] for key in known}
        return 200, {"Quotas": [_quota(key, value) for key, value in values.items()]}
    key = (request.get("ServiceCode"), request.get("QuotaCode"))
    if key not in DEFAULTS:
        return 400, {"__type": "NoSuchResourceException", "Message": f"The emulator has no quota {key[1]} of {key[0]}"}
    if action == "GetAWSDefaultServiceQuota":
        return 200, {"Quota": _quota(key, DEFAULTS[key][1])}
    if action == "GetServiceQuota":
        return 200, {"Quota": _quota(key, _granted.get("/".join(key), DEFAULTS[key][1]))}
    if action == "RequestServiceQuotaIncrease":
        _granted["/".join(key)] = float(request["DesiredValue"])
        return 200, {"RequestedQuota": {**_quota(key, request["DesiredValue"]), "Status": "APPROVED"}}
    return 400, {"__type": "InvalidActionException", "Message": f"{NOT_EMULATED}: {action}"}


def _quota(key: tuple[str, str], value: float) -> dict[str, Any]:
    account, region = here()
    service, code = key
    return {
        "ServiceCode": service,
        "QuotaCode": code,
        "QuotaName": DEFAULTS[key][0],
        "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:{service}/{code}",
        "Value": value,
    }

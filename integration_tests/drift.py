"""Reports known drift of the stacks as a remark; drift never fails a release."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from integration_tests.service_checks import time_of

AWS_MAY_CHANGE = {
    "AWS::ApplicationAutoScaling::ScalableTarget/MaxCapacity": "ScheduledActions",
    "AWS::ApplicationAutoScaling::ScalableTarget/MinCapacity": "ScheduledActions",
    "AWS::ElastiCache::ReplicationGroup/EngineVersion": "AutoMinorVersionUpgrade",
    "AWS::RDS::DBInstance/AllocatedStorage": "MaxAllocatedStorage",
    "AWS::RDS::DBInstance/EngineVersion": "AutoMinorVersionUpgrade",
}
"""Properties that AWS changes by itself, each with the property by which a template allows it.

`lambdas/daily_checks/find_drift.py` has the same rules: neither can import the other, and a test keeps them equal.
"""


@dataclass(frozen=True)
class Drift:
    """What the last drift detections found."""

    summary: str
    """The number of stacks in each state, in one line."""
    remarks: tuple[str, ...]
    """One remark per drifted stack, with its resources and a command that shows more."""


def known_drift(cloudformation: Any, *, names: Sequence[str], region: str) -> Drift:
    """Read the last drift detection of each stack, unless the stack has changed since.

    No detection is started here: it takes minutes and needs permission to read every kind of resource. AWS errors
    become remarks, because drift must not fail a release.
    """
    states: dict[str, int] = {}
    remarks: list[str] = []
    for name in names:
        try:
            state, remark = _of_one_stack(cloudformation, name, region)
        except (ClientError, BotoCoreError) as error:
            code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
            state, remark = f"unknown ({code or type(error).__name__})", f"the drift of {name} is unknown: {error}"
        states[state] = states.get(state, 0) + 1
        remarks += [remark] if remark else []
    return Drift("drift: " + ", ".join(f"{number} {state}" for state, number in states.items()), tuple(remarks))


def _of_one_stack(cloudformation: Any, name: str, region: str) -> tuple[str, str]:
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    information = stack.get("DriftInformation", {})
    status = information.get("StackDriftStatus")
    if status == "IN_SYNC":
        return "in sync", ""
    if status != "DRIFTED":
        return "never checked", ""
    compared, changed = information.get("LastCheckTimestamp"), stack.get("LastUpdatedTime", stack["CreationTime"])
    if compared is None or compared <= changed:
        return "drifted before the last change", ""
    drifted: list[str] = []
    asked = {"StackName": name}
    while True:
        page = cloudformation.describe_stack_resource_drifts(
            **asked, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
        )
        for drift in page["StackResourceDrifts"]:
            paths = real_differences(drift)
            if drift["StackResourceDriftStatus"] == "DELETED":
                drifted.append(f"{drift['LogicalResourceId']} (deleted)")
            elif paths:
                drifted.append(f"{drift['LogicalResourceId']} ({', '.join(paths)})")
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    if not drifted:
        return "changed by AWS only", ""
    return "drifted", (
        f"{name} has drifted, detected at {time_of(compared)}: {', '.join(drifted)}; "
        f"aws cloudformation describe-stack-resource-drifts --region {region} --stack-name {name}"
    )


def real_differences(drift: Mapping[str, Any]) -> list[str]:
    """Return the paths of the properties that somebody changed, without those that AWS may change."""
    expected = _value(drift.get("ExpectedProperties", "{}"))
    return [
        one["PropertyPath"]
        for one in drift.get("PropertyDifferences", [])
        if not _allowed(drift["ResourceType"], expected, one) and not _is_a_default(one)
    ]


def _allowed(resource_type: str, expected: Any, difference: Any) -> bool:
    path = difference["PropertyPath"]
    by = AWS_MAY_CHANGE.get(resource_type + path)
    if by is None or expected.get(by) in (None, False, "false", []):
        return False
    # AWS does not upgrade to another major version by itself.
    majors = {str(difference[value]).strip('"').partition(".")[0] for value in ("ExpectedValue", "ActualValue")}
    return len(majors) == 1 or not path.endswith("Version")


def _is_a_default(difference: Any) -> bool:
    """Whether AWS only filled in defaults of objects in a list, which CloudFormation may report as drift."""
    *parents, last = difference["PropertyPath"].split("/")
    if difference["DifferenceType"] == "ADD":
        return not last.isdigit() and any(name.isdigit() for name in parents)
    return _covers(_value(difference["ActualValue"]), _value(difference["ExpectedValue"]), in_list=False)


def _covers(actual: Any, expected: Any, *, in_list: bool) -> bool:
    if isinstance(expected, dict) and isinstance(actual, dict) and (in_list or actual.keys() == expected.keys()):
        return all(key in actual and _covers(actual[key], expected[key], in_list=in_list) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return all(_covers(*pair, in_list=True) for pair in zip(actual, expected, strict=True))
    return actual == expected


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

"""Compares deployed stacks with their templates and counts the resources that differ.

Environment variables: `STACK_PREFIX`, the prefix of the stacks' names, and `ENVIRONMENT`, the metric's dimension.
"""

import json
import os
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 5})
LOOK_SECONDS = 5
GIVE_UP_SECONDS = 600
SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
"""The states in which CloudFormation can detect drift."""
AWS_MAY_CHANGE = {
    "AWS::ApplicationAutoScaling::ScalableTarget/MaxCapacity": "ScheduledActions",
    "AWS::ApplicationAutoScaling::ScalableTarget/MinCapacity": "ScheduledActions",
    "AWS::ElastiCache::ReplicationGroup/EngineVersion": "AutoMinorVersionUpgrade",
    "AWS::RDS::DBInstance/AllocatedStorage": "MaxAllocatedStorage",
    "AWS::RDS::DBInstance/EngineVersion": "AutoMinorVersionUpgrade",
}
"""Properties that AWS may change, each with the property by which the template allows it."""


def handler(_event: Any, _context: Any) -> dict[str, dict[str, list[str]]]:
    """Return drifted and uncompared resources by stack; raise RuntimeError if a comparison does not finish."""
    cloudformation: Any = boto3.client("cloudformation", config=RETRIES)
    found: dict[str, dict[str, list[str]]] = {"drifted": {}, "not compared": {}}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            name = stack["StackName"]
            prefix, part = os.environ["STACK_PREFIX"], name.removeprefix(os.environ["STACK_PREFIX"])
            # A part's name is one word, so a hyphen means another environment: `yawl-prod-us-network` is of prod-us.
            if name.startswith(prefix) and "-" not in part:
                settled = stack["StackStatus"] in SETTLED
                drifted, unknown = _compare(cloudformation, name) if settled else ([], [f"all: {stack['StackStatus']}"])
                found["drifted"] |= {name: drifted} if drifted else {}
                found["not compared"] |= {name: unknown} if unknown else {}
    for what, stacks in found.items():
        for name, resources in stacks.items():
            print(f"{what} in {name}: {', '.join(resources)}")
    cloudwatch: Any = boto3.client("cloudwatch", config=RETRIES)
    figure = {
        "MetricName": "DriftedResources",
        "Dimensions": [{"Name": "Environment", "Value": os.environ["ENVIRONMENT"]}],
        "Value": sum(map(len, found["drifted"].values())),
    }
    cloudwatch.put_metric_data(Namespace="YAWLMaintenance", MetricData=[figure])
    return found


def _compare(cloudformation: Any, stack: str) -> tuple[list[str], list[str]]:
    detection = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    end = time.monotonic() + GIVE_UP_SECONDS
    while True:
        run = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if run["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        if time.monotonic() > end:
            raise RuntimeError(f"the comparison of {stack} takes longer than {GIVE_UP_SECONDS} s")
        time.sleep(LOOK_SECONDS)
    drifts: dict[str, Any] = {}
    asked = {"StackName": stack}
    while True:
        page = cloudformation.describe_stack_resource_drifts(**asked)
        # An older result comes from an earlier comparison: this one could not read the resource.
        new = [one for one in page["StackResourceDrifts"] if one["Timestamp"] >= run["Timestamp"]]
        drifts |= {one["LogicalResourceId"]: one for one in new}
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    drifted: list[str] = []
    unknown: list[str] = []
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for one in page["StackResourceSummaries"]:
            name = one["LogicalResourceId"]
            status = drifts.get(name, {}).get("StackResourceDriftStatus")
            if status == "DELETED" or (status == "MODIFIED" and real_differences(drifts[name])):
                drifted.append(f"{name} ({status.lower()})")
            elif status not in ("IN_SYNC", "MODIFIED"):
                unknown.append(f"{name} ({one['ResourceType']})")
    return drifted, unknown


def real_differences(drift: Any) -> list[str]:
    """Return the paths of changed properties, without changes that AWS may make."""
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
    # AWS never upgrades to another major version on its own.
    majors = {str(difference[value]).strip('"').partition(".")[0] for value in ("ExpectedValue", "ActualValue")}
    return len(majors) == 1 or not path.endswith("Version")


def _is_a_default(difference: Any) -> bool:
    """Return whether AWS only added defaults to objects in a list, which CloudFormation may report as drift."""
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

"""Compares deployed stacks with their templates and counts what differs.

Of the environment: `STACK_PREFIX`, how the stacks' names begin, and `ENVIRONMENT`, the metric's dimension.
"""

import os
import time
from typing import Any

import boto3

LOOK_SECONDS = 5
GIVE_UP_SECONDS = 600
SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
"""A stack in another state is being changed, or is broken, which others tell."""


def handler(_event: Any, _context: Any) -> dict[str, list[str]]:
    """Return the drifted resources by stack; raises RuntimeError when a comparison does not end well."""
    cloudformation: Any = boto3.client("cloudformation")
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"]]
    names = [
        stack["StackName"]
        for stack in stacks
        if stack["StackName"].startswith(os.environ["STACK_PREFIX"]) and stack["StackStatus"] in SETTLED
    ]
    drifted = {name: found for name in names if (found := _drifted(cloudformation, name))}
    for name, resources in drifted.items():
        print(f"{name} has drifted: {', '.join(resources)}")
    print(f"{len(names)} stacks compared, {len(drifted)} drifted")
    cloudwatch: Any = boto3.client("cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="YAWLUpkeep",
        MetricData=[
            {
                "MetricName": "DriftedResources",
                "Dimensions": [{"Name": "Environment", "Value": os.environ["ENVIRONMENT"]}],
                "Value": sum(len(found) for found in drifted.values()),
            }
        ],
    )
    return drifted


def _drifted(cloudformation: Any, stack: str) -> list[str]:
    detection = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    end = time.monotonic() + GIVE_UP_SECONDS
    while True:
        found = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        if time.monotonic() > end:
            raise RuntimeError(f"the comparison of {stack} takes longer than {GIVE_UP_SECONDS} s")
        time.sleep(LOOK_SECONDS)
    if found["DetectionStatus"] == "DETECTION_FAILED":
        # What can be read is compared all the same; drift of the rest is unknown.
        print(f"{stack} could not be compared whole: {found.get('DetectionStatusReason', 'no reason given')}")
    drifts = cloudformation.describe_stack_resource_drifts(
        StackName=stack, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
    )["StackResourceDrifts"]
    return [f"{drift['LogicalResourceId']} ({drift['StackResourceDriftStatus'].lower()})" for drift in drifts]

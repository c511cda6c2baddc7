"""The pipeline's use of AWS limits that cannot be raised."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from tools.bench.delivery_path import stages

ACTIONS_PER_STAGE = 50
"""CodePipeline User Guide, "Quotas in AWS CodePipeline"."""
ROLE_POLICY_BYTES = 10_240
"""IAM User Guide, "IAM and AWS STS quotas": all inline policies of one role, white space not counted."""
REFERENCE_BYTES = 96
"""Assumed length of a deployed reference: the longest ARNs are those of build projects."""


def most_actions_in_a_stage(template: Mapping[str, Any]) -> int:
    """Return the number of actions in the pipeline's largest stage."""
    return max(len(stage["Actions"]) for stage in stages(template))


def largest_role_policy(template: Mapping[str, Any]) -> int:
    """Return the largest total size of one role's inline policies, in bytes, estimated from the template."""
    sizes: defaultdict[str, int] = defaultdict(int)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy":
            document = json.dumps(_deployed(resource["Properties"]["PolicyDocument"]), separators=(",", ":"))
            for role in resource["Properties"]["Roles"]:
                sizes[role["Ref"]] += len(document)
    return max(sizes.values())


def _deployed(value: Any) -> Any:
    """Return the policy with its references replaced by text of their deployed length."""
    if isinstance(value, list):
        return [_deployed(item) for item in value]
    if not isinstance(value, dict):
        return value
    [(function, argument), *others] = value.items()
    if others or function not in FUNCTIONS:
        return {key: _deployed(item) for key, item in value.items()}
    return FUNCTIONS[function](argument)


FUNCTIONS: dict[str, Callable[[Any], str]] = {
    "Fn::Join": lambda argument: "".join(_deployed(argument[1])),
    "Fn::Sub": lambda argument: argument.replace("${AWS::Partition}", "aws"),
    "Fn::GetAtt": lambda _: "x" * REFERENCE_BYTES,
    "Ref": lambda argument: "aws" if argument == "AWS::Partition" else "x" * REFERENCE_BYTES,
}

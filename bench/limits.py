"""How near the pipeline comes to limits of AWS that cannot be raised."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bench.delivery import stages

ACTIONS_PER_STAGE = 50
"""CodePipeline User Guide, "Quotas in AWS CodePipeline"."""
ROLE_POLICY_BYTES = 10_240
"""IAM User Guide, "IAM and AWS STS quotas": all inline policies of one role, white space not counted."""
REFERENCE_BYTES = 96
"""What a reference in a policy becomes when deployed: an ARN of ours, the longest of which are build projects'."""


def most_actions_in_a_stage(template: Mapping[str, Any]) -> int:
    """Return the number of actions in the pipeline's largest stage."""
    return max(len(stage["Actions"]) for stage in stages(template))


def largest_role_policy(template: Mapping[str, Any]) -> int:
    """Return the size in bytes of the inline policies of the role that has most, as near as a template tells it."""
    sizes: defaultdict[str, int] = defaultdict(int)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy":
            document = json.dumps(_deployed(resource["Properties"]["PolicyDocument"]), separators=(",", ":"))
            for role in resource["Properties"]["Roles"]:
                sizes[role["Ref"]] += len(document)
    return max(sizes.values())


def _deployed(value: object) -> object:
    """Return the policy with its references replaced by text of the length they get."""
    if isinstance(value, list):
        return [_deployed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Join" in value:
        return "".join(str(_deployed(part)) for part in value["Fn::Join"][1])
    if "Fn::Sub" in value:
        return str(value["Fn::Sub"]).replace("${AWS::Partition}", "aws")
    if value == {"Ref": "AWS::Partition"}:
        return "aws"
    if "Ref" in value or "Fn::GetAtt" in value:
        return "x" * REFERENCE_BYTES
    return {key: _deployed(item) for key, item in value.items()}

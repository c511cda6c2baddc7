"""AWS's limits that cannot be raised, and what the templates of an assembly use of them."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cloud_assembly.assembly import PIPELINE, Assembly, Stack, environment_tag

ACTIONS_PER_STAGE: Final = 50
"""CodePipeline User Guide, "Quotas in AWS CodePipeline"."""
TEMPLATE_BYTES: Final = 1_048_576
"""CloudFormation User Guide, "Understand CloudFormation quotas": a template in a bucket."""
ROLE_POLICY_BYTES: Final = 10_240
"""IAM User Guide, "IAM and AWS STS quotas": all inline policies of one role, white space not counted."""
REFERENCE_BYTES: Final = 96
"""Assumed length of a deployed reference: the longest ARNs are those of build projects."""


@dataclass(frozen=True)
class Limit:
    """A limit of each stack."""

    what: str
    """What is counted, to be read after a number."""
    most: int
    source: str
    """The documentation that states it."""
    used: Callable[[Stack], int]


def exceeded(assembly: Assembly) -> Iterator[str]:
    """Yield a line for each limit that a stack exceeds, in the form of mistakes in the settings."""
    count = len(assembly.environments)
    for stack in assembly.stacks:
        for limit in LIMITS:
            used = limit.used(stack)
            if used <= limit.most:
                continue
            # Every stack of an environment has its tag; the pipeline's has one of its own.
            name = environment_tag(stack.template) if stack.stage else None
            path = f"environments.{name}" if name else "environments"
            line = f"{path}: {stack.name} has {used:,} {limit.what}; AWS accepts {limit.most:,} ({limit.source})"
            fitting = count * limit.most // used
            yield line + (
                f". It grows with each environment, and about {fitting} like these {count} fit: deliver the others "
                "with a pipeline in another account, from another branch"
                if stack.stage is None and count > 1
                else ". Remove what this environment has more of than others"
            )


def most_actions_in_a_stage(template: Mapping[str, Any]) -> int:
    """Return the number of actions in the pipeline's largest stage."""
    return max((len(stage["Actions"]) for stage in _stages(template)), default=0)


def largest_role_policy(template: Mapping[str, Any]) -> int:
    """Return the largest total size of one role's inline policies, in bytes, estimated from the template."""
    sizes: defaultdict[str, int] = defaultdict(int)
    for logical_id, properties in _of_type(template, "AWS::IAM::Role"):
        for policy in properties.get("Policies", ()):
            sizes[logical_id] += _bytes(policy["PolicyDocument"])
    for _, properties in _of_type(template, "AWS::IAM::Policy"):
        for role in properties.get("Roles", ()):
            sizes[json.dumps(role) if "Ref" not in role else role["Ref"]] += _bytes(properties["PolicyDocument"])
    return max(sizes.values(), default=0)


def _largest(resource_type: str, *path: str) -> Callable[[Stack], int]:
    """Return a function that measures the largest property of this kind in a stack, in bytes."""

    def used(stack: Stack) -> int:
        values = [_at(properties, path) for _, properties in _of_type(stack.template, resource_type)]
        return max((_bytes(value) for value in values if value), default=0)

    return used


def _most(resource_type: str, *path: str) -> Callable[[Stack], int]:
    """Return a function that counts the entries of the longest list of this kind in a stack."""

    def used(stack: Stack) -> int:
        values = [_at(properties, path) for _, properties in _of_type(stack.template, resource_type)]
        return max((len(value) for value in values if isinstance(value, list)), default=0)

    return used


def _count(section: str) -> Callable[[Stack], int]:
    return lambda stack: len(stack.template.get(section, {}))


def _dashboards(stack: Stack) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the widgets of each dashboard."""
    for _, properties in _of_type(stack.template, "AWS::CloudWatch::Dashboard"):
        try:
            yield json.loads(_deployed(properties["DashboardBody"]))["widgets"]
        except ValueError:
            # A text in the place of a reference may not be what JSON needs.
            continue


def _metrics(widget: Mapping[str, Any]) -> int:
    return len(widget.get("properties", {}).get("metrics", ()))


def _of_type(template: Mapping[str, Any], resource_type: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, resource in template.get("Resources", {}).items():
        if resource["Type"] == resource_type:
            yield logical_id, resource.get("Properties", {})


def _stages(template: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [stage for _, properties in _of_type(template, PIPELINE) for stage in properties["Stages"]]


def _at(properties: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        properties = properties.get(key) if isinstance(properties, dict) else None
    return properties


def _bytes(value: Any) -> int:
    deployed = _deployed(value)
    text = deployed if isinstance(deployed, str) else json.dumps(deployed, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode())


def _deployed(value: Any) -> Any:
    """Return the value with its references replaced by text of their deployed length."""
    if isinstance(value, list):
        return [_deployed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(function, argument)] = value.items()
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](argument)
    return {key: _deployed(item) for key, item in value.items()}


def _joined(argument: Any) -> str:
    separator, parts = argument
    deployed = _deployed(parts)
    return separator.join(map(str, deployed)) if isinstance(deployed, list) else str(deployed)


_REFERENCE: Final = "x" * REFERENCE_BYTES
_PSEUDO_PARAMETERS: Final = {
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::AccountId": "1" * 12,
    "AWS::Region": "ap-southeast-1",
}
_FUNCTIONS: Final[dict[str, Callable[[Any], str]]] = {
    "Fn::Join": _joined,
    "Fn::Sub": lambda argument: (argument if isinstance(argument, str) else argument[0]).replace(
        "${AWS::Partition}", "aws"
    ),
    "Fn::GetAtt": lambda _: _REFERENCE,
    "Fn::GetStackOutput": lambda _: _REFERENCE,
    "Fn::ImportValue": lambda _: _REFERENCE,
    "Fn::Select": lambda _: _REFERENCE,
    "Ref": lambda argument: _PSEUDO_PARAMETERS.get(argument, _REFERENCE),
}

_CLOUDFORMATION: Final = "CloudFormation User Guide, “Understand CloudFormation quotas”"
_CODEPIPELINE: Final = "CodePipeline User Guide, “Quotas”"
_IAM: Final = "IAM User Guide, “IAM and AWS STS quotas”"
_CLOUDWATCH: Final = "CloudWatch User Guide, “CloudWatch service quotas”"
_EVENTBRIDGE: Final = "EventBridge User Guide, “Quotas”"

LIMITS: Final = (
    Limit("bytes of template", TEMPLATE_BYTES, _CLOUDFORMATION, lambda stack: stack.template_bytes),
    Limit("resources", 500, _CLOUDFORMATION, _count("Resources")),
    Limit("parameters", 200, _CLOUDFORMATION, _count("Parameters")),
    Limit("outputs", 200, _CLOUDFORMATION, _count("Outputs")),
    Limit("mappings", 200, _CLOUDFORMATION, _count("Mappings")),
    Limit("pipeline stages", 50, _CODEPIPELINE, lambda stack: len(_stages(stack.template))),
    Limit(
        "actions in a pipeline stage",
        ACTIONS_PER_STAGE,
        _CODEPIPELINE,
        lambda stack: most_actions_in_a_stage(stack.template),
    ),
    Limit(
        "pipeline actions",
        1_000,
        _CODEPIPELINE,
        lambda stack: sum(len(stage["Actions"]) for stage in _stages(stack.template)),
    ),
    Limit(
        "bytes in the inline policies of a role",
        ROLE_POLICY_BYTES,
        _IAM,
        lambda stack: largest_role_policy(stack.template),
    ),
    Limit("bytes in a managed policy", 6_144, _IAM, _largest("AWS::IAM::ManagedPolicy", "PolicyDocument")),
    Limit(
        "bytes in the policy of a bucket",
        20_480,
        "Amazon S3 User Guide, “Bucket policies”",
        _largest("AWS::S3::BucketPolicy", "PolicyDocument"),
    ),
    Limit(
        "bytes in the policy of a key",
        32_768,
        "AWS KMS Developer Guide, “Resource quotas”",
        _largest("AWS::KMS::Key", "KeyPolicy"),
    ),
    Limit(
        "bytes in the environment variables of a function",
        4_096,
        "Lambda Developer Guide, “Lambda quotas”",
        _largest("AWS::Lambda::Function", "Environment", "Variables"),
    ),
    Limit("targets of an event rule", 5, _EVENTBRIDGE, _most("AWS::Events::Rule", "Targets")),
    Limit("bytes in the pattern of an event rule", 2_048, _EVENTBRIDGE, _largest("AWS::Events::Rule", "EventPattern")),
    Limit(
        "widgets on a dashboard",
        500,
        _CLOUDWATCH,
        lambda stack: max((len(widgets) for widgets in _dashboards(stack)), default=0),
    ),
    Limit(
        "metrics in a widget",
        500,
        _CLOUDWATCH,
        lambda stack: max((_metrics(one) for widgets in _dashboards(stack) for one in widgets), default=0),
    ),
    Limit(
        "metrics on a dashboard",
        2_500,
        _CLOUDWATCH,
        lambda stack: max((sum(map(_metrics, widgets)) for widgets in _dashboards(stack)), default=0),
    ),
    Limit(
        "bytes in the rule of a composite alarm",
        10_240,
        "CloudWatch API Reference, PutCompositeAlarm",
        _largest("AWS::CloudWatch::CompositeAlarm", "AlarmRule"),
    ),
)
"""The limits that the templates could reach. The values are those of November 2026."""

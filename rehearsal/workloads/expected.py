"""Behind which target groups nothing will run, as the templates tell before anything starts."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloud_assembly import Stack
from rehearsal.gaps import Gap, GapKind

SERVICE, SCALING_GROUP = "AWS::ECS::Service", "AWS::AutoScaling::AutoScalingGroup"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
ANSWER = "so that its load balancer answers 503 “not rehearsed”"
NO_TASKS = f"no tasks run, {ANSWER}; declare a command with --workload"
NO_INSTANCES = f"instances do not run, {ANSWER}, and a workload serves only the tasks of ECS services"


def expected_workload_gaps(stacks: Iterable[Stack], *, has_workload: bool) -> list[Gap]:
    """Return a gap for each target group of a service or an Auto Scaling group that will answer nothing."""
    return [gap for stack in stacks for gap in _gaps(stack, has_workload=has_workload)]


def _gaps(stack: Stack, *, has_workload: bool) -> Iterator[Gap]:
    instances = {name for _, group in stack.of_type(SCALING_GROUP) for name in _names(group.get("TargetGroupARNs"))}
    tasks = {name for _, service in stack.of_type(SERVICE) for name in _names(service.get("LoadBalancers"))}
    for logical_id, _ in stack.of_type(TARGET_GROUP):
        where = _path(stack, logical_id)
        if logical_id in instances:
            yield Gap(GapKind.WORKLOAD, where, NO_INSTANCES)
        elif logical_id in tasks and not has_workload:
            yield Gap(GapKind.WORKLOAD, where, NO_TASKS)


def _names(value: Any) -> Iterator[str]:
    """Yield the resources of the same stack that a property refers to."""
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, Mapping):
        if isinstance(name := value.get("Ref"), str):
            yield name
        for item in value.values():
            yield from _names(item)


def _path(stack: Stack, logical_id: str) -> str:
    """Return the resource's construct path, or its stack and logical id."""
    path = str(stack.resources[logical_id].get("Metadata", {}).get("aws:cdk:path", ""))
    return path.removesuffix("/Resource") or f"{stack.name}/{logical_id}"

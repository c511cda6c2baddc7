"""Charges of Fargate tasks: the minimum number, scaling, and Container Insights."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from jobs.cost.assembly import Resource, Stack, referred
from jobs.cost.charges import Charge, Commitment, as_number, number, text
from jobs.cost.schedule import capacity_hours
from jobs.cost.usage import HOURS, Usage

CPU_UNITS, MIB = Decimal(1024), Decimal(1024)
"""CPU units per vCPU, and MiB per GB as Fargate charges it."""
SPOT = "FARGATE_SPOT"


def service(resource: Resource, stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge the tasks of a service by vCPU and memory, with the Spot discount."""
    task = _task_definition(resource, stack)
    cpu, memory = number(task, "Cpu") / CPU_UNITS, number(task, "Memory") / MIB
    architecture = str(task.properties.get("RuntimePlatform", {}).get("CpuArchitecture", "X86_64")).lower()
    hours = _capacity_hours(resource, stack)
    spot = sum((_on_spot(resource, count) * held for count, held in hours.items()), Decimal(0))
    demand = sum((count * held for count, held in hours.items()), Decimal(0)) - spot
    steady = min(count - _on_spot(resource, count) for count in hours) * HOURS
    for what, unit, size in (("vCPU", "vcpu_hour", cpu), ("memory", "gb_hour", memory)):
        price = f"fargate.{architecture}.{unit}"
        yield Charge(
            what=f"tasks: {what}",
            price=price,
            quantity=demand * size,
            commitment=Commitment(price=f"savings_plan.{price}", quantity=steady * size, instead_of=steady * size),
        )
        yield Charge(
            what=f"tasks on Spot: {what}",
            price=price,
            quantity=spot * size,
            assumptions=("spot_discount_percent",),
            discount=usage.spot_discount_percent / 100,
        )
        if _can_scale_out(resource, stack):
            yield Charge(
                what=f"tasks added by scaling: {what}",
                price=price,
                quantity=usage.scaled_out_hours * size,
                assumptions=("scaled_out_hours",),
            )
    yield Charge(
        what="engine metrics",
        price="metric.month",
        quantity=usage.engine_metrics,
        assumptions=("engine_metrics",),
    )


def cluster(resource: Resource, stack: Stack, usage: Usage) -> Iterator[Charge]:
    """Charge Container Insights, if enabled, for the cluster's services."""
    kinds = {setting.get("Name"): setting.get("Value") for setting in resource.properties.get("ClusterSettings", ())}
    prices = {"enhanced": "container_insights.metric_month", "enabled": "metric.month"}
    price = prices.get(str(kinds.get("containerInsights")))
    if price is None:
        return
    tasks = Decimal(0)
    for found in stack.of_type("AWS::ECS::Service"):
        if resource.logical_id in found.names:
            tasks += sum(count * held for count, held in _capacity_hours(found, stack).items()) / HOURS
    yield Charge(
        what="Container Insights",
        price=price,
        quantity=usage.insights_metrics + tasks * usage.insights_metrics_of_a_task,
        assumptions=("insights_metrics", "insights_metrics_of_a_task"),
    )


def _task_definition(resource: Resource, stack: Stack) -> Resource:
    named = referred(resource.properties.get("TaskDefinition"))
    for found in stack.of_type("AWS::ECS::TaskDefinition"):
        if found.logical_id in named:
            return found
    # It has no Cpu and Memory: the caller reports that.
    return resource


def _target(resource: Resource, stack: Stack) -> Resource | None:
    for found in stack.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        if resource.logical_id in referred(found.properties.get("ResourceId")):
            return found
    return None


def _capacity_hours(resource: Resource, stack: Stack) -> dict[Decimal, Decimal]:
    target = _target(resource, stack)
    return capacity_hours(target.properties) if target else {number(resource, "DesiredCount", 1): HOURS}


def _can_scale_out(resource: Resource, stack: Stack) -> bool:
    target = _target(resource, stack)
    return target is not None and number(target, "MaxCapacity") > number(target, "MinCapacity")


def _on_spot(resource: Resource, count: Decimal) -> Decimal:
    """Return how many of `count` tasks ECS places on Spot: the base first, the rest by weight."""
    strategy: list[dict[str, Any]] = resource.properties.get("CapacityProviderStrategy", [])
    if not strategy or text(resource, "LaunchType"):
        return Decimal(0)
    bases = {item["CapacityProvider"]: as_number(resource, "Base", item.get("Base", 0)) for item in strategy}
    weights = {item["CapacityProvider"]: as_number(resource, "Weight", item.get("Weight", 0)) for item in strategy}
    left = max(count - sum(bases.values()), Decimal(0))
    share = weights.get(SPOT, Decimal(0)) / (sum(weights.values()) or Decimal(1))
    return min(bases.get(SPOT, Decimal(0)), count) + left * share

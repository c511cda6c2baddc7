"""Checks that the account's quotas allow the stacks to be deployed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly import Stack
from jobs.aws_errors import has_no_stack
from tools.accounts.checks.context import CheckContext
from tools.accounts.findings import Finding, good, to_fix

VCPU = 1024
"""CPU units of one vCPU."""
OVERLAP = 2
"""ECS runs up to twice the tasks during a deployment."""
LEAST_UNRESERVED = 100
"""Concurrent executions that cannot be reserved (Lambda Developer Guide, "Configuring reserved concurrency")."""


@dataclass(frozen=True)
class Quota:
    """A limit of one account in one region."""

    service: str
    code: str
    what: str
    needed_by: Callable[[Stack], float]
    """The amount one stack needs."""
    used: Callable[[CheckContext], float]
    """The amount in use."""


def check_quotas(context: CheckContext) -> Iterator[Finding]:
    """Compare each quota with the current use and the needs of stacks not deployed yet."""
    cloudformation = context.regional_client("cloudformation")
    new = [stack for stack in context.stacks if not _exists(cloudformation, stack.name)]
    for quota in QUOTAS:
        needed = ceil(sum(quota.needed_by(stack) for stack in new))
        if not needed:
            continue
        used = ceil(quota.used(context))
        limit = _value(context.regional_client("service-quotas"), quota)
        stands = f"{quota.what}: {used} used, {needed} more needed, {limit:g} allowed"
        if used + needed <= limit:
            yield good(stands)
        else:
            yield to_fix(
                stands,
                "AWS_PROFILE=… aws service-quotas request-service-quota-increase "
                f"--service-code {quota.service} --quota-code {quota.code} --desired-value {used + needed} "
                f"--region {context.aws_environment.region}",
            )


def _exists(cloudformation: Any, name: str) -> bool:
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError as error:
        if has_no_stack(error):
            return False
        raise
    return True


def _value(quotas: Any, quota: Quota) -> float:
    """Return the account's value, or AWS's default."""
    which = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        return quotas.get_service_quota(**which)["Quota"]["Value"]
    except quotas.exceptions.NoSuchResourceException:
        return quotas.get_aws_default_service_quota(**which)["Quota"]["Value"]


def _count(kind: str) -> Callable[[Stack], float]:
    return lambda stack: sum(1 for _ in stack.of_type(kind))


def _virtual_processors(stack: Stack) -> float:
    """Return the vCPUs of the stack's tasks during a deployment at maximum capacity."""
    tasks = max((properties["MaxCapacity"] for _, properties in stack.of_type(SCALABLE_TARGET)), default=0)
    units = sum(int(properties["Cpu"]) for _, properties in stack.of_type("AWS::ECS::TaskDefinition"))
    return OVERLAP * tasks * units / VCPU


def _reservations(stack: Stack) -> float:
    """Return the concurrent executions that the stack's functions reserve."""
    functions = stack.of_type("AWS::Lambda::Function")
    return sum(properties.get("ReservedConcurrentExecutions", 0) for _, properties in functions)


def _unavailable_concurrency(context: CheckContext) -> float:
    """Return the concurrent executions that are reserved already or cannot be reserved."""
    limits = context.regional_client("lambda").get_account_settings()["AccountLimit"]
    return limits["ConcurrentExecutions"] - limits["UnreservedConcurrentExecutions"] + LEAST_UNRESERVED


def _running_processors(context: CheckContext) -> float:
    """Return the vCPUs of running Fargate tasks."""
    ecs = context.regional_client("ecs")
    clusters = [arn for page in ecs.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]
    units = 0
    for cluster in clusters:
        for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, launchType="FARGATE"):
            if page["taskArns"]:
                tasks = ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
                units += sum(int(task.get("cpu") or 0) for task in tasks)
    return units / VCPU


SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
QUOTAS = (
    Quota(
        "vpc",
        "L-F678F1CE",
        "VPCs",
        _count("AWS::EC2::VPC"),
        lambda context: len(context.regional_client("ec2").describe_vpcs()["Vpcs"]),
    ),
    Quota(
        "ec2",
        "L-0263D0A3",
        "Elastic IP addresses",
        _count("AWS::EC2::EIP"),
        lambda context: len(context.regional_client("ec2").describe_addresses()["Addresses"]),
    ),
    Quota("fargate", "L-3032A538", "Fargate vCPUs", _virtual_processors, _running_processors),
    Quota("lambda", "L-B99A9384", "Lambda concurrent executions", _reservations, _unavailable_concurrency),
)
"""The codes are those of Service Quotas."""

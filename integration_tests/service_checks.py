"""Checks of the environment's service through AWS APIs: targets, rollout and alarms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integration_tests.aws_call import wait_for
from integration_tests.failure import alarm_page, log_page
from integration_tests.waiting import Deadline, ProbeResult

_MOST_DETAILS = 8
_MOST_PAGES = 3


def targets_are_healthy(elbv2: Any, *, target_group_arn: str, region: str, deadline: Deadline) -> None:
    """Wait until every target is healthy, in at least two zones if there are several; raise CheckFailed otherwise.

    Draining targets belong to the previous release and get no new requests; they must be gone by the deadline.
    """

    def probe() -> ProbeResult:
        targets = elbv2.describe_target_health(TargetGroupArn=target_group_arn)["TargetHealthDescriptions"]
        active = [target for target in targets if not _state(target).endswith("draining")]
        healthy = sum(_state(target) == "healthy" for target in active)
        zones = {target["Target"].get("AvailabilityZone") for target in active}
        text = f"{healthy} of {len(active)} targets healthy" if active else "no target is registered"
        faults = [] if active and healthy == len(active) else [text]
        if len(active) > 1 and len(zones) == 1:
            faults.append(f"all {len(active)} targets are in one zone, {zones.pop()}")
        if len(active) < len(targets):
            faults.append(f"{len(targets) - len(active)} draining")
        return ProbeResult(
            fault=", ".join(faults) or None,
            text=", ".join(faults) or text,
            details=tuple(_target(target) for target in targets[:_MOST_DETAILS]),
        )

    wait_for(
        probe,
        title="The load balancer's targets are not healthy.",
        asked=f"elasticloadbalancing:DescribeTargetHealth of {target_group_arn}",
        wanted="at least one target, all healthy, none draining, in two zones if there are several",
        deadline=deadline,
        next_steps=[f"aws elbv2 describe-target-health --region {region} --target-group-arn {target_group_arn}"],
    )


def count_healthy_targets(elbv2: Any, *, target_group_arn: str, region: str, deadline: Deadline) -> int:
    """Return the number of healthy targets; raise CheckFailed if AWS does not tell it by the deadline."""
    found: list[int] = []

    def probe() -> ProbeResult:
        targets = elbv2.describe_target_health(TargetGroupArn=target_group_arn)["TargetHealthDescriptions"]
        found.append(sum(_state(target) == "healthy" for target in targets))
        return ProbeResult(fault=None, text=f"{found[-1]} targets healthy")

    wait_for(
        probe,
        title="The load balancer's healthy targets could not be counted.",
        asked=f"elasticloadbalancing:DescribeTargetHealth of {target_group_arn}",
        wanted="the state of each target",
        deadline=deadline,
        next_steps=[f"aws elbv2 describe-target-health --region {region} --target-group-arn {target_group_arn}"],
    )
    return found[-1]


def service_is_stable(
    ecs: Any, *, cluster: str, service: str, task_definition_arn: str, region: str, deadline: Deadline
) -> None:
    """Wait until the desired number of tasks runs the released task definition; raise CheckFailed otherwise."""

    def probe() -> ProbeResult:
        response = ecs.describe_services(cluster=cluster, services=[service])
        if not response["services"]:
            reasons = ", ".join(failure.get("reason", "unknown") for failure in response.get("failures", []))
            fault = f"the service was not found: {reasons or 'no reason given'}"
            return ProbeResult(fault=fault, text=fault)
        [found] = response["services"]
        faults = _service_faults(found, task_definition_arn)
        events = [f"{time_of(event.get('createdAt'))}  {event['message']}" for event in found.get("events", [])[:3]]
        return ProbeResult(
            fault="; ".join(faults) or None,
            text="; ".join(faults) or "stable",
            details=(*(_deployment(one) for one in found.get("deployments", [])[:_MOST_DETAILS]), *events),
        )

    wait_for(
        probe,
        title="The service is not stable on the released task definition.",
        asked=f"ecs:DescribeServices of {service} in {cluster}, {region}",
        wanted=f"running = desired, at least 1; rollout COMPLETED on {task_definition_arn}",
        deadline=deadline,
        next_steps=[
            log_page(region=region, cluster=cluster, service=service),
            f"aws ecs describe-services --region {region} --cluster {cluster} --services {service}",
            f"aws ecs list-tasks --region {region} --cluster {cluster} --service-name {service} "
            "--desired-status STOPPED",
        ],
    )


def no_alarm_is_active(cloudwatch: Any, *, name_prefix: str, region: str, deadline: Deadline) -> None:
    """Wait until no alarm with the prefix is in ALARM; raise CheckFailed if one stays, or if there is no alarm.

    The deployment itself, or a fault that this release fixes, may leave an alarm in ALARM for a while.
    """

    def probe() -> ProbeResult:
        pages = cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=name_prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        alarms = [alarm for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page[kind]]
        firing = [alarm for alarm in alarms if alarm["StateValue"] == "ALARM"]
        fault = f"{len(firing)} of {len(alarms)} alarms in ALARM" if alarms else "no alarm has this prefix"
        return ProbeResult(
            fault=fault if firing or not alarms else None,
            text=fault,
            details=tuple(_alarm(alarm) for alarm in firing[:_MOST_DETAILS]),
            next_steps=tuple(alarm_page(alarm["AlarmName"], region=region) for alarm in firing[:_MOST_PAGES]),
        )

    wait_for(
        probe,
        title="Alarms of the environment are in ALARM.",
        asked=f"cloudwatch:DescribeAlarms with prefix {name_prefix} in {region}",
        wanted="at least one alarm, none in ALARM",
        deadline=deadline,
        next_steps=[f"aws cloudwatch describe-alarms --region {region} --alarm-name-prefix {name_prefix}"],
    )


def time_of(moment: datetime | None) -> str:
    """Format a time of AWS."""
    return f"{moment:%Y-%m-%d %H:%M:%S%z}" if moment else "an unknown time"


def short(task_definition_arn: str) -> str:
    """Return a task definition's family and revision."""
    return task_definition_arn.rpartition("/")[2]


def _service_faults(service: Mapping[str, Any], task_definition_arn: str) -> list[str]:
    faults = []
    if service["status"] != "ACTIVE":
        faults.append(f"the service is {service['status']}")
    running, desired = service["runningCount"], service["desiredCount"]
    if running != desired or desired < 1:
        faults.append(f"{running} of {desired} tasks running")
    primary = next((one for one in service.get("deployments", []) if one["status"] == "PRIMARY"), None)
    if not primary:
        return [*faults, "there is no primary deployment"]
    if primary["taskDefinition"] != task_definition_arn:
        faults.append(f"the primary deployment runs {short(primary['taskDefinition'])}")
    if primary.get("rolloutState") != "COMPLETED":
        faults.append(f"the rollout is {primary.get('rolloutState', 'unknown')}")
    return faults


def _deployment(deployment: Mapping[str, Any]) -> str:
    counts = f"{deployment.get('runningCount', 0)} of {deployment.get('desiredCount', 0)} running"
    parts = [deployment["status"], short(deployment["taskDefinition"]), deployment.get("rolloutState", ""), counts]
    if deployment.get("failedTasks"):
        parts.append(f"{deployment['failedTasks']} tasks failed")
    parts.append(deployment.get("rolloutStateReason", ""))
    return "  ".join(part for part in parts if part)


def _state(target: Mapping[str, Any]) -> str:
    return target["TargetHealth"]["State"]


def _target(target: Mapping[str, Any]) -> str:
    where, health = target["Target"], target["TargetHealth"]
    parts = [f"{where['Id']}:{where.get('Port', '')}", where.get("AvailabilityZone", ""), health["State"]]
    parts += [health.get("Reason", ""), health.get("Description", "")]
    return "  ".join(part for part in parts if part)


def _alarm(alarm: Mapping[str, Any]) -> str:
    since = time_of(alarm.get("StateUpdatedTimestamp"))
    return f"{alarm['AlarmName']}  since {since}: {alarm.get('StateReason', 'no reason given')}"

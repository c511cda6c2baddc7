"""What AWS must say of the environment's service after a deployment: its targets, its rollout, its alarms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integration_tests.aws_call import wait_for
from integration_tests.console import alarm_page, log_page
from integration_tests.waiting import Deadline, ProbeResult

_MOST_DETAILS = 8
_MOST_PAGES = 3


def targets_are_healthy(elbv2: Any, *, target_group_arn: str, region: str, deadline: Deadline) -> None:
    """Wait until every target is healthy and several are in several zones; raise CheckFailed if it comes not to that.

    A target that drains belongs to the release before. It gets no new requests: it is waited for, and has as long as
    the deadline.
    """

    def probe() -> ProbeResult:
        targets = elbv2.describe_target_health(TargetGroupArn=target_group_arn)["TargetHealthDescriptions"]
        judged = [target for target in targets if not _state(target).endswith("draining")]
        healthy = sum(_state(target) == "healthy" for target in judged)
        zones = {target["Target"].get("AvailabilityZone") for target in judged}
        text = f"{healthy} of {len(judged)} targets healthy" if judged else "no target is registered"
        faults = [] if judged and healthy == len(judged) else [text]
        if len(judged) > 1 and len(zones) == 1:
            faults.append(f"all {len(judged)} targets are in one zone, {zones.pop()}")
        if len(judged) < len(targets):
            faults.append(f"{len(targets) - len(judged)} draining")
        return ProbeResult(
            fault=", ".join(faults) or None,
            text=", ".join(faults) or text,
            details=tuple(_target(target) for target in targets[:_MOST_DETAILS]),
        )

    wait_for(
        probe,
        title="The load balancer's targets were not seen healthy.",
        asked=f"elasticloadbalancing:DescribeTargetHealth of {target_group_arn}",
        wanted="at least one target, every one healthy, more than one in more than one zone, none draining any more",
        deadline=deadline,
        next_steps=[f"aws elbv2 describe-target-health --region {region} --target-group-arn {target_group_arn}"],
    )


def service_is_stable(
    ecs: Any, *, cluster: str, service: str, task_definition_arn: str, region: str, deadline: Deadline
) -> None:
    """Wait until the service runs the released task definition as often as desired; raise CheckFailed otherwise."""

    def probe() -> ProbeResult:
        answer = ecs.describe_services(cluster=cluster, services=[service])
        if not answer["services"]:
            reasons = ", ".join(failure.get("reason", "unknown") for failure in answer.get("failures", []))
            fault = f"the service is not found: {reasons or 'no reason given'}"
            return ProbeResult(fault=fault, text=fault)
        found = answer["services"][0]
        faults = _service_faults(found, task_definition_arn)
        events = [f"{time_of(event.get('createdAt'))}  {event['message']}" for event in found.get("events", [])[:3]]
        return ProbeResult(
            fault="; ".join(faults) or None,
            text="; ".join(faults) or "steady",
            details=(*(_deployment(one) for one in found.get("deployments", [])[:_MOST_DETAILS]), *events),
        )

    wait_for(
        probe,
        title="The service was not seen steady on the released task definition.",
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
    """Wait until no alarm with the prefix is in ALARM; raise CheckFailed when one stays, or when there is none at all.

    An alarm may still ring for what the deployment itself did, or for the fault that this release mends.
    """

    def probe() -> ProbeResult:
        pages = cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=name_prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        alarms = [alarm for page in pages for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page[kind]]
        firing = [alarm for alarm in alarms if alarm["StateValue"] == "ALARM"]
        if not alarms:
            fault = "there is no such alarm, so silence proves nothing"
        else:
            fault = f"{len(firing)} of {len(alarms)} alarms in ALARM"
        return ProbeResult(
            fault=fault if firing or not alarms else None,
            text=fault,
            details=tuple(_alarm(alarm) for alarm in firing[:_MOST_DETAILS]),
            next_steps=tuple(alarm_page(alarm["AlarmName"], region=region) for alarm in firing[:_MOST_PAGES]),
        )

    wait_for(
        probe,
        title="The environment's alarms were not seen quiet.",
        asked=f"cloudwatch:DescribeAlarms named {name_prefix}… in {region}",
        wanted="at least one alarm, and none in ALARM",
        deadline=deadline,
        next_steps=[f"aws cloudwatch describe-alarms --region {region} --alarm-name-prefix {name_prefix}"],
    )


def time_of(moment: datetime | None) -> str:
    """Spell a moment as AWS tells it."""
    return f"{moment:%Y-%m-%d %H:%M:%S%z}" if moment else "a time not told"


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
        faults.append(f"the primary deployment is of {short(primary['taskDefinition'])}")
    if primary.get("rolloutState") != "COMPLETED":
        faults.append(f"the rollout is {primary.get('rolloutState', 'not told')}")
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

"""Alarms about requests and the targets that answer them."""

from collections.abc import Iterator

from stacks.monitoring.alarm_specs import (
    AT_LEAST,
    BELOW,
    ERROR_LIMIT_PERCENT,
    LEAST_REQUESTS,
    RESPONSE_LIMIT_SECONDS,
    AlarmSpec,
)
from stacks.monitoring.metrics import TrafficMetrics
from stacks.monitoring.severity import Severity
from stacks.shared import diagnosis
from stacks.shared.runbook import ROLL_BACK, Runbook


def traffic_alarms(traffic: TrafficMetrics) -> Iterator[AlarmSpec]:
    """Yield the alarms on the load balancer's metrics."""
    yield _no_healthy_target(traffic)
    yield _error_rate(traffic)
    yield _unhealthy_target(traffic)
    yield _response_slow(traffic)


def _no_healthy_target(traffic: TrafficMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="no-healthy-target",
        severity=Severity.HIGH,
        metric=traffic.healthy_targets(),
        comparison=BELOW,
        threshold=1,
        needs_tasks=True,
        runbook=Runbook(
            meaning="No task passes its health check, so users get no service. Check the engine's log, then "
            "the database.",
            users="every page answers 503.",
            commands=(diagnosis.TARGET_HEALTH, diagnosis.ENGINE_ERRORS, diagnosis.DATABASE_STATE),
            escalate="At once if no release is being deployed: a takeover by a standby is over before this alarm. "
            "With an `available` database follow [The engine does not "
            "answer](../RUNBOOKS.md#the-engine-does-not-answer), "
            "otherwise [database-unavailable](#yawl-$ENVIRONMENT-database-unavailable). If it began with a release, "
            f"{ROLL_BACK}.",
        ),
    )


def _error_rate(traffic: TrafficMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="error-rate",
        severity=Severity.HIGH,
        metric=traffic.error_rate(least_requests=LEAST_REQUESTS),
        threshold=ERROR_LIMIT_PERCENT,
        needs_tasks=True,
        runbook=Runbook(
            meaning=f"More than {ERROR_LIMIT_PERCENT} % of the requests fail. Check the errors in the engine's log.",
            users="some pages answer 500 or 503; work items may not be saved.",
            commands=(diagnosis.ENGINE_ERRORS, diagnosis.TASK_COUNTS, diagnosis.DATABASE_ERRORS),
            escalate=f"After 15 minutes, or at once if work items are lost. If it began with a release, {ROLL_BACK}. "
            "If the log repeats one error and the database is healthy, follow [The engine does "
            "not answer](../RUNBOOKS.md#the-engine-does-not-answer).",
        ),
    )


def _unhealthy_target(traffic: TrafficMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="unhealthy-target",
        severity=Severity.MEDIUM,
        metric=traffic.unhealthy_targets(),
        comparison=AT_LEAST,
        threshold=1,
        needs_tasks=True,
        runbook=Runbook(
            meaning="A task fails its health check and is not replaced; the others are serving. Check its log.",
            users="nothing yet; one task fewer can take over.",
            commands=(diagnosis.TARGET_HEALTH, diagnosis.SERVICE_EVENTS, diagnosis.ENGINE_ERRORS),
            escalate="Today. Find the task by the address that the first command prints, and stop it; ECS starts "
            f"another: `{diagnosis.TASK_ADDRESSES}`, then `aws ecs stop-task --region $REGION --cluster "
            "yawl-$ENVIRONMENT --task …`. Call the owner of the image if the other one is unhealthy too.",
        ),
    )


def _response_slow(traffic: TrafficMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="response-slow",
        severity=Severity.MEDIUM,
        metric=traffic.busy_response_time(99, least_requests=5 * LEAST_REQUESTS),
        threshold=RESPONSE_LIMIT_SECONDS,
        runbook=Runbook(
            meaning=f"One request in a hundred takes more than {RESPONSE_LIMIT_SECONDS} s. Check CPU use of "
            "tasks and database, then slow statements in the database's log.",
            users="pages that load slowly now and then.",
            commands=(
                diagnosis.of_service("CPUUtilization", "Maximum"),
                diagnosis.of_database("CPUUtilization", "Maximum"),
                diagnosis.SLOW_STATEMENTS,
            ),
            escalate="Today; at once if `error-rate` follows. One slow statement goes to the owner of the "
            "specification or query, a busy task or database to whoever sizes them (`tasks.cpu`, "
            "`database.instance_class`).",
        ),
    )

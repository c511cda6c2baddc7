"""Alarms about the tasks."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.monitoring.alarm_specs import AT_LEAST, BELOW, AlarmSpec
from stacks.monitoring.metrics import TaskMetrics
from stacks.monitoring.severity import Severity
from stacks.shared import diagnosis
from stacks.shared.runbook import ROLL_BACK, Runbook


def task_alarms(tasks: TaskMetrics) -> Iterator[AlarmSpec]:
    """Yield the alarms on the metrics of ECS."""
    yield _no_task_runs(tasks)
    yield _tasks_missing(tasks)
    yield _cpu_high(tasks)
    yield _memory_high(tasks)


def _no_task_runs(tasks: TaskMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="no-task-runs",
        severity=Severity.HIGH,
        metric=tasks.reports(),
        comparison=BELOW,
        threshold=1,
        # ECS reports a minute or two late.
        periods=5,
        missing=cloudwatch.TreatMissingData.BREACHING,
        needs_tasks=True,
        runbook=Runbook(
            meaning="No task is running, so users get no service. Check the service's events for why tasks "
            "stop or fail to start.",
            users="every page answers 503.",
            commands=(diagnosis.SERVICE_EVENTS, diagnosis.STOPPED_TASKS, diagnosis.TASK_COUNTS),
            escalate="At once. A desired count of 0 was set by hand or by off-hours: set it to `tasks.min` with `aws "
            'ecs update-service --region $REGION --cluster yawl-$ENVIRONMENT --service "$SERVICE" --desired-count …`. '
            "`CannotPullContainerError` goes to the owner of the image, "
            "`ResourceInitializationError` to the owner of secrets and network, missing capacity to AWS Support.",
        ),
    )


def _tasks_missing(tasks: TaskMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="tasks-missing",
        severity=Severity.MEDIUM,
        metric=tasks.missing(),
        comparison=AT_LEAST,
        threshold=1,
        needs_tasks=True,
        runbook=Runbook(
            meaning="Fewer tasks running than desired: tasks stop or fail to start. Check the service's events.",
            users="nothing, while one task is left; then a takeover takes longer.",
            commands=(diagnosis.SERVICE_EVENTS, diagnosis.STOPPED_TASKS, diagnosis.ENGINE_ERRORS),
            escalate="Today; at once if `unhealthy-target` or `no-task-runs` joins it. Exit code 2 is a wrong "
            "variable and goes to whoever released last, exit code 3 an outdated password: the next task reads the "
            "current one.",
        ),
    )


def _cpu_high(tasks: TaskMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="tasks-cpu-high",
        severity=Severity.MEDIUM,
        metric=tasks.cpu(),
        threshold=80,
        runbook=Runbook(
            meaning="CPU use of the tasks is above the scaling target: scaling has reached tasks.max, or cannot help "
            "the one active engine. Raise tasks.cpu.",
            users="pages that load slowly.",
            commands=(
                diagnosis.of_service("CPUUtilization", "Maximum"),
                diagnosis.SCALING,
                diagnosis.ACTIVE_TASK,
            ),
            escalate="Today, to whoever sizes the environment; at once if `response-slow` or `error-rate` joins it.",
        ),
    )


def _memory_high(tasks: TaskMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="tasks-memory-high",
        severity=Severity.MEDIUM,
        metric=tasks.memory(),
        threshold=90,
        runbook=Runbook(
            meaning="The tasks' memory is nearly full; ECS stops a task that exceeds it. Raise tasks.memory "
            "and tasks.heap.",
            users="nothing yet; if ECS stops the active task, a minute or two of 503 until a standby has taken over.",
            commands=(
                diagnosis.of_service("MemoryUtilization", "Maximum"),
                diagnosis.STOPPED_TASKS,
                diagnosis.ENGINE_ERRORS,
            ),
            escalate="Today, to whoever sizes the environment. If memory grows without pause since a release, "
            f"it leaks: {ROLL_BACK}.",
        ),
    )

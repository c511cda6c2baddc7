"""Alarms about the database."""

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from settings import DatabaseSettings
from stacks.database.connection_limit import connection_limit
from stacks.monitoring.alarm_specs import (
    BELOW,
    CONNECTION_SHARE,
    LATENCY_LIMIT_SECONDS,
    STORAGE_RESERVE,
    AlarmSpec,
)
from stacks.monitoring.metrics import DatabaseMetrics
from stacks.monitoring.severity import Severity
from stacks.shared import diagnosis
from stacks.shared.runbook import ROLL_BACK, Runbook


def database_alarms(database: DatabaseMetrics, settings: DatabaseSettings) -> Iterator[AlarmSpec]:
    """Yield the alarms on the metrics of RDS."""
    yield _unavailable(database)
    yield _storage_low(database, settings)
    yield _cpu_high(database)
    yield _connections_high(database, settings)
    yield _slow("reads", "Reads from", database.read_latency(), "ReadLatency", "ReadIOPS")
    yield _slow("writes", "Writes to", database.write_latency(), "WriteLatency", "WriteIOPS")


def _unavailable(database: DatabaseMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="database-unavailable",
        severity=Severity.HIGH,
        metric=database.reports(),
        comparison=BELOW,
        threshold=1,
        # Longer than a failover to the other zone takes.
        periods=5,
        missing=cloudwatch.TreatMissingData.BREACHING,
        runbook=Runbook(
            meaning="The database reports no metrics: it is down, stopped or deleted. Check its events in RDS.",
            users="every page answers 503, or shows an error.",
            commands=(diagnosis.DATABASE_STATE, diagnosis.DATABASE_EVENTS, diagnosis.DATABASE_ERRORS),
            escalate="At once. `stopped`: `aws rds start-db-instance --region $REGION --db-instance-identifier "
            "yawl-$ENVIRONMENT`. Its zone is lost: [An availability zone is "
            "lost](../RUNBOOKS.md#an-availability-zone-is-lost). Deleted: [The database is "
            "gone](../RUNBOOKS.md#the-database-is-gone). Its data is damaged: [Restore the database to a point in "
            "time](../RUNBOOKS.md#restore-the-database-to-a-point-in-time). Any other state than `available` for more "
            "than 10 minutes: AWS Support.",
        ),
    )


def _storage_low(database: DatabaseMetrics, settings: DatabaseSettings) -> AlarmSpec:
    return AlarmSpec(
        name="database-storage-low",
        severity=Severity.HIGH,
        metric=database.free_storage(),
        comparison=BELOW,
        threshold=settings.storage_gib * 1024**3 * STORAGE_RESERVE,
        missing=cloudwatch.TreatMissingData.IGNORE,
        runbook=Runbook(
            meaning="The database is running out of storage in spite of autoscaling; it stops when storage is full. "
            "Raise database.max_storage_gib, or find what grows.",
            users="nothing until the storage is full; then every page answers 503.",
            commands=(
                diagnosis.of_database("FreeStorageSpace", "Minimum"),
                diagnosis.DATABASE_STATE,
                diagnosis.DATABASE_EVENTS,
            ),
            escalate="At once if less than a tenth of the reserve is left or it falls by the minute: `aws rds "
            "modify-db-instance --region $REGION --db-instance-identifier yawl-$ENVIRONMENT --apply-immediately "
            "--allocated-storage …`, at least a tenth more GiB than now and possible once in six hours; put the same "
            "value into `database.storage_gib`. Otherwise raise `database.max_storage_gib` today and push.",
        ),
    )


def _cpu_high(database: DatabaseMetrics) -> AlarmSpec:
    return AlarmSpec(
        name="database-cpu-high",
        severity=Severity.MEDIUM,
        metric=database.cpu(),
        threshold=80,
        runbook=Runbook(
            meaning="The database's CPU use is high. Check the top statements in Performance Insights.",
            users="pages that load slowly.",
            commands=(
                diagnosis.top_of_the_load("db.sql"),
                diagnosis.SLOW_STATEMENTS,
                diagnosis.of_database("CPUUtilization", "Maximum"),
            ),
            escalate="Today, with the top statement, to its owner; at once if `response-slow` or `error-rate` joins "
            "it. Burstable classes (`db.t`) slow down when their CPU credits are used up: raise "
            "`database.instance_class`.",
        ),
    )


def _connections_high(database: DatabaseMetrics, settings: DatabaseSettings) -> AlarmSpec:
    return AlarmSpec(
        name="database-connections-high",
        severity=Severity.MEDIUM,
        metric=database.connections(),
        threshold=int(connection_limit(settings.instance_class) * CONNECTION_SHARE),
        runbook=Runbook(
            meaning="Connections to the database approach its limit, possibly because of a leak. Check which clients "
            "hold them (pg_stat_activity).",
            users="nothing yet; at the limit, pages show errors.",
            commands=(
                diagnosis.of_database("DatabaseConnections", "Maximum"),
                diagnosis.top_of_the_load("db.host"),
                diagnosis.DATABASE_ERRORS,
            ),
            escalate="Today; at once if the log says `remaining connection slots are reserved`. If they grow without "
            f"pause since a release, {ROLL_BACK}; stopping the task that holds them frees them. [Look into the "
            "database](../RUNBOOKS.md#look-into-the-database) opens `psql`, for `pg_stat_activity`.",
        ),
    )


def _slow(what: str, sentence: str, metric: cloudwatch.Metric, latency: str, rate: str) -> AlarmSpec:
    return AlarmSpec(
        name=f"database-{what}-slow",
        severity=Severity.LOW,
        metric=metric,
        threshold=LATENCY_LIMIT_SECONDS,
        runbook=Runbook(
            meaning=f"{sentence} the database's disk take more than {round(LATENCY_LIMIT_SECONDS * 1000)} ms at the "
            "99th percentile.",
            users="nothing, unless response-slow joins it.",
            commands=(
                diagnosis.of_database(latency, "Maximum"),
                diagnosis.of_database(rate, "Maximum"),
                diagnosis.top_of_the_load("db.wait_event"),
            ),
            escalate="This week, if it lasts for days or grows: to whoever sizes the database (memory for reads, "
            "storage for writes).",
        ),
    )

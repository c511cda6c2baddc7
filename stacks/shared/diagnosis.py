"""Commands with which a diagnosis begins. They only read.

`tools/runbooks` replaces `$ENVIRONMENT`, `$RESTORE_TEST`, `$ACCOUNT` and `$REGION`, and puts a line before the commands
for each other variable. They run in both generations of the AWS CLI, so there is no `aws logs tail`.
"""

from typing import Final

_HALF_AN_HOUR: Final = "--start-time $(($(date +%s) - 1800))000"
_LAST_MESSAGES: Final = "--query 'events[-20:].message' --output text"

SERVICE_EVENTS: Final = (
    'aws ecs describe-services --region $REGION --cluster yawl-$ENVIRONMENT --services "$SERVICE" '
    "--query 'services[0].events[:10].[createdAt,message]' --output text"
)
TASK_COUNTS: Final = (
    'aws ecs describe-services --region $REGION --cluster yawl-$ENVIRONMENT --services "$SERVICE" '
    "--query 'services[0].[desiredCount,runningCount,deployments[].[status,rolloutState,createdAt]]' --output json"
)
STOPPED_TASKS: Final = (
    "for TASK in $(aws ecs list-tasks --region $REGION --cluster yawl-$ENVIRONMENT --desired-status STOPPED "
    "--query 'taskArns[]' --output text); do aws ecs describe-tasks --region $REGION --cluster yawl-$ENVIRONMENT "
    "--tasks \"$TASK\" --query 'tasks[0].[stoppedAt,stopCode,stoppedReason]' --output text; done"
)
TASK_ADDRESSES: Final = (
    "aws ecs describe-tasks --region $REGION --cluster yawl-$ENVIRONMENT --tasks $(aws ecs list-tasks --region $REGION "
    "--cluster yawl-$ENVIRONMENT --query 'taskArns[]' --output text) "
    "--query \"tasks[].[taskArn,attachments[0].details[?name=='privateIPv4Address'].value | [0]]\" --output text"
)
SCALING: Final = (
    "aws application-autoscaling describe-scaling-activities --region $REGION --service-namespace ecs "
    '--resource-id "service/yawl-$ENVIRONMENT/$SERVICE" '
    "--query 'ScalingActivities[:10].[StartTime,Cause,StatusMessage]' --output text"
)
TARGET_HEALTH: Final = (
    'aws elbv2 describe-target-health --region $REGION --target-group-arn "$TARGETS" '
    "--query 'TargetHealthDescriptions[].[Target.Id,TargetHealth.State,TargetHealth.Description]' --output text"
)
ENGINE_ERRORS: Final = (
    f'aws logs filter-log-events --region $REGION --log-group-name "$LOG" {_HALF_AN_HOUR} '
    f"--filter-pattern '?ERROR ?FATAL' {_LAST_MESSAGES}"
)
ACTIVE_TASK: Final = (
    'aws logs filter-log-events --region $REGION --log-group-name "$LOG" --start-time $(($(date +%s) - 300))000 '
    "--filter-pattern '\"LeaderEpoch\"' --query 'events[].logStreamName' --output text"
)
"""Prints the log stream of the active task, whose last part is the task's id: it alone logs metrics, once a minute."""
DATABASE_STATE: Final = (
    "aws rds describe-db-instances --region $REGION --db-instance-identifier yawl-$ENVIRONMENT --query "
    "'DBInstances[0].[DBInstanceStatus,DBInstanceClass,MultiAZ,AvailabilityZone,AllocatedStorage,MaxAllocatedStorage]' "
    "--output text"
)
DATABASE_EVENTS: Final = (
    "aws rds describe-events --region $REGION --source-type db-instance --source-identifier yawl-$ENVIRONMENT "
    "--duration 1440 --query 'Events[].[Date,Message]' --output text"
)
DATABASE_ERRORS: Final = (
    "aws logs filter-log-events --region $REGION --log-group-name /aws/rds/instance/yawl-$ENVIRONMENT/postgresql "
    f"{_HALF_AN_HOUR} --filter-pattern '?ERROR ?FATAL ?PANIC' {_LAST_MESSAGES}"
)
SLOW_STATEMENTS: Final = (
    "aws logs filter-log-events --region $REGION --log-group-name /aws/rds/instance/yawl-$ENVIRONMENT/postgresql "
    f"{_HALF_AN_HOUR} --filter-pattern '\"duration:\"' {_LAST_MESSAGES}"
)
CACHE_STATE: Final = (
    'aws elasticache describe-replication-groups --region $REGION --replication-group-id "$CACHE" --query '
    "'ReplicationGroups[0].[Status,AutomaticFailover,NodeGroups[0].NodeGroupMembers[].[CacheClusterId,CurrentRole]]' "
    "--output json"
)
CACHE_SLOW_LOG: Final = (
    "aws logs filter-log-events --region $REGION "
    f"--log-group-name /aws/vendedlogs/elasticache/yawl-$ENVIRONMENT/slow-log {_HALF_AN_HOUR} {_LAST_MESSAGES}"
)
CACHE_EVENTS: Final = (
    'aws elasticache describe-events --region $REGION --source-type replication-group --source-identifier "$CACHE" '
    "--duration 1440 --query 'Events[].[Date,Message]' --output text"
)
BACKUP_JOBS: Final = (
    "aws backup list-backup-jobs --region $REGION "
    "--by-resource-arn arn:aws:rds:$REGION:$ACCOUNT:db:yawl-$ENVIRONMENT "
    "--query 'BackupJobs[:10].[CreationDate,State,StatusMessage]' --output text"
)
RESTORE_JOBS: Final = (
    "aws backup list-restore-jobs --region $REGION "
    "--query 'RestoreJobs[:10].[CreationDate,Status,StatusMessage]' --output text"
)
RESTORE_TEST_PLAN: Final = (
    "aws backup get-restore-testing-plan --region $REGION --restore-testing-plan-name yawl_$RESTORE_TEST "
    "--query RestoreTestingPlan.[ScheduleExpression,LastExecutionTime] --output text"
)
RECOVERY_POINTS: Final = (
    "aws backup list-recovery-points-by-backup-vault --region $REGION --backup-vault-name yawl-$ENVIRONMENT "
    "--query 'RecoveryPoints[].[CreationDate,Status,RecoveryPointArn]' --output text"
)


def top_of_the_load(group: str) -> str:
    """Return the command for what loads the database by Performance Insights' `group`, such as `db.sql`."""
    return (
        "aws pi describe-dimension-keys --region $REGION --service-type RDS --identifier "
        "$(aws rds describe-db-instances --region $REGION --db-instance-identifier yawl-$ENVIRONMENT "
        "--query 'DBInstances[0].DbiResourceId' --output text) "
        "--start-time $(($(date +%s) - 3600)) --end-time $(date +%s) "
        f"--metric db.load.avg --group-by Group={group} --query 'Keys[].[Total,Dimensions]' --output json"
    )


def last_hours(namespace: str, metric: str, statistic: str, *dimensions: str) -> str:
    """Return the command for a metric's last three hours."""
    return (
        f"aws cloudwatch get-metric-statistics --region $REGION --namespace {namespace} --metric-name {metric} "
        f"--dimensions {' '.join(dimensions)} --statistics {statistic} --period 300 "
        "--start-time $(($(date +%s) - 10800)) --end-time $(date +%s) "
        f"--query 'sort_by(Datapoints,&Timestamp)[].[Timestamp,{statistic}]' --output text"
    )


def of_service(metric: str, statistic: str) -> str:
    """Return the command for a metric of the tasks."""
    names = ("Name=ClusterName,Value=yawl-$ENVIRONMENT", 'Name=ServiceName,Value="$SERVICE"')
    return last_hours("AWS/ECS", metric, statistic, *names)


def of_database(metric: str, statistic: str) -> str:
    """Return the command for a metric of the database."""
    return last_hours("AWS/RDS", metric, statistic, "Name=DBInstanceIdentifier,Value=yawl-$ENVIRONMENT")


def of_cache(metric: str, statistic: str) -> str:
    """Return the command for a metric of the cache's first node."""
    return last_hours("AWS/ElastiCache", metric, statistic, 'Name=CacheClusterId,Value="$CACHE-001"')


def check_log(subject: str) -> str:
    """Return the command for the log of a daily check, `drift` or `recovery`, of the last two days."""
    return (
        "aws logs filter-log-events --region $REGION --log-group-name $(aws lambda get-function-configuration "
        f"--region $REGION --function-name yawl-$ENVIRONMENT-{subject}-check --query LoggingConfig.LogGroup "
        f"--output text) --start-time $(($(date +%s) - 172800))000 {_LAST_MESSAGES}"
    )


def check_errors(subject: str) -> str:
    """Return the command for the failures of a daily check by day."""
    return (
        "aws cloudwatch get-metric-statistics --region $REGION --namespace AWS/Lambda --metric-name Errors "
        f"--dimensions Name=FunctionName,Value=yawl-$ENVIRONMENT-{subject}-check --statistics Sum --period 86400 "
        "--start-time $(($(date +%s) - 604800)) --end-time $(date +%s) "
        "--query 'sort_by(Datapoints,&Timestamp)[].[Timestamp,Sum]' --output text"
    )


def check_role(subject: str) -> str:
    """Return the command for the state and role of a daily check's function."""
    return (
        f"aws lambda get-function-configuration --region $REGION --function-name yawl-$ENVIRONMENT-{subject}-check "
        "--query [State,LastModified,Role] --output text"
    )

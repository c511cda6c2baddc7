"""Where parts are in the AWS console."""

from stacks.monitoring.metrics import ObservedNames


def console_links(*, region: str, names: ObservedNames, target_group_arn: str) -> dict[str, str]:
    """Return the pages to look at when an alarm fires, by what they show."""
    console = f"https://{region}.console.aws.amazon.com"
    service = f"{names.cluster}/services/{names.service}"
    return {
        "service and its events": f"{console}/ecs/v2/clusters/{service}/events?region={region}",
        "targets": f"{console}/ec2/home?region={region}#TargetGroup:targetGroupArn={target_group_arn}",
        "engine's log": f"{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{names.log_group}",
        "database": f"{console}/rds/home?region={region}#database:id={names.database};is-cluster=false",
        "cache": f"{console}/elasticache/home?region={region}#/redis/{names.cache}",
    }


def dashboard_address(name: str, *, region: str) -> str:
    """Return where a dashboard is; whoever opens it must be signed in to its account."""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards/dashboard/{name}"

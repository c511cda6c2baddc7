"""Where parts are in the AWS console."""

from stacks.application import Application
from stacks.cache import Cache
from stacks.database import Database


def console_links(*, region: str, application: Application, database: Database, cache: Cache) -> dict[str, str]:
    """Return the pages to look at when an alarm fires, by what they show."""
    console = f"https://{region}.console.aws.amazon.com"
    service = f"{application.cluster.cluster_name}/services/{application.service.service_name}"
    log_group = application.log_group.log_group_name
    return {
        "service and its events": f"{console}/ecs/v2/clusters/{service}/events?region={region}",
        "targets": f"{console}/ec2/home?region={region}#TargetGroup:"
        f"targetGroupArn={application.target_group.target_group_arn}",
        "engine's log": f"{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{log_group}",
        "database": f"{console}/rds/home?region={region}#database:id={database.instance.instance_identifier}"
        ";is-cluster=false",
        "cache": f"{console}/elasticache/home?region={region}#/redis/{cache.replication_group.ref}",
    }


def dashboard_address(name: str, *, region: str) -> str:
    """Return where a dashboard is; whoever opens it must be signed in to its account."""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards/dashboard/{name}"

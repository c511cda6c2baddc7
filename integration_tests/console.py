"""Pages of AWS's console that show more of what a check has seen."""

from urllib.parse import quote


def log_page(*, region: str, cluster: str, service: str) -> str:
    """Return the page of a service's logs."""
    return f"https://{region}.console.aws.amazon.com/ecs/v2/clusters/{cluster}/services/{service}/logs?region={region}"


def alarm_page(name: str, *, region: str) -> str:
    """Return the page of an alarm."""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(name)}"

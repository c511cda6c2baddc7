"""Addresses in the AWS console."""


def dashboard_address(name: str, *, region: str) -> str:
    """Return where a dashboard is; whoever opens it must be signed in to its account."""
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#dashboards/dashboard/{name}"

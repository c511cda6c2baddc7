"""A figure as a line of the log, in CloudWatch's embedded metric format."""

import json
from datetime import datetime, timedelta
from typing import Any

from .figures import Figure

NAMESPACE = "YAWLDelivery"
OLDEST = timedelta(days=14)
"""CloudWatch takes no older metrics (CloudWatch User Guide, "Publish custom metrics")."""
_COUNTS = frozenset(
    (
        "Changes",
        "FailedChanges",
        "Failures",
        "Rejections",
        "Releases",
        "Rollbacks",
        "Stopped",
        "Successes",
        "Superseded",
    )
)


def line(figure: Figure, *, pipeline: str, region: str, now: datetime) -> str:
    """Return the log line: the metrics, and the execution and commit they are of."""
    dimensions = {"Pipeline": pipeline, **figure.dimensions}
    document: dict[str, Any] = {**dimensions, **figure.values}
    if figure.values:
        counts_at = figure.counts_at if figure.counts_at and now - figure.counts_at < OLDEST else figure.time
        document["_aws"] = {
            "Timestamp": int(counts_at.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": _unit(name)} for name in figure.values],
                }
            ],
        }
    document |= {
        "time": figure.time.isoformat(timespec="seconds"),
        "figure": figure.name,
        "execution": figure.execution.id,
        "commit": figure.of_commit or figure.execution.commit,
        "title": figure.execution.title,
        "run": run_address(pipeline, figure.execution.id, region=region),
        **figure.details,
    }
    return json.dumps(document, ensure_ascii=False)


def run_address(pipeline: str, execution: str, *, region: str) -> str:
    """Return the address of an execution in the console."""
    console = f"https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines"
    return f"{console}/{pipeline}/executions/{execution}/timeline?region={region}"


def _unit(name: str) -> str:
    return "Count" if name in _COUNTS else "Seconds"

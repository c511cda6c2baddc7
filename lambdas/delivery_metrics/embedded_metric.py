"""A figure in CloudWatch's embedded metric format."""

import json

from .figures import Figure

NAMESPACE = "YAWLDelivery"
_COUNTS = frozenset(
    ("Changes", "FailedChanges", "Failures", "Rejections", "Releases", "Stopped", "Successes", "Superseded")
)


def line(figure: Figure, *, pipeline: str) -> str:
    """Return the log line: the metrics, and the execution and commit they are of."""
    dimensions = {"Pipeline": pipeline, **figure.dimensions}
    document = {
        "_aws": {
            "Timestamp": int(figure.time.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [list(dimensions)],
                    "Metrics": [{"Name": name, "Unit": _unit(name)} for name in figure.values],
                }
            ],
        },
        **dimensions,
        **figure.values,
        "time": figure.time.isoformat(timespec="seconds"),
        "figure": figure.name,
        "execution": figure.execution.id,
        "commit": figure.execution.commit,
        "title": figure.execution.title,
    }
    return json.dumps(document, ensure_ascii=False)


def _unit(name: str) -> str:
    return "Count" if name in _COUNTS else "Seconds"

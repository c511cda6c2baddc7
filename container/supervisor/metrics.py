"""Metrics as lines of the log, in CloudWatch's embedded metric format: the engine needs no rights to send them."""

import time
from collections.abc import Mapping
from typing import Final

from supervisor.log import Journal

NAMESPACE: Final = "YAWLApp"
JOURNAL = Journal("metrics")


def emit(*, environment: str, values: Mapping[str, tuple[float, str]]) -> None:
    """Write each metric's value with its unit, by the dimension `Environment`."""
    JOURNAL.raw(
        {
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [["Environment"]],
                        "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in values.items()],
                    }
                ],
            },
            "Environment": environment,
            **{name: value for name, (value, _) in values.items()},
        }
    )

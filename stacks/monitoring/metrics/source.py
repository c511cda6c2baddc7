"""The source of a resource's metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

MINUTE: Final = Duration.minutes(1)
FIVE_MINUTES: Final = Duration.minutes(5)


@dataclass(frozen=True, kw_only=True)
class Source:
    """The namespace of a resource's metrics, and the dimensions that identify the resource."""

    namespace: str
    dimensions: Mapping[str, str]
    _metrics: dict[tuple[str, str, str, Duration], cloudwatch.Metric] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def metric(self, name: str, statistic: str, label: str, *, period: Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """Return the metric `name` as `statistic` over each `period`; the same object for the same arguments."""
        key = (name, statistic, label, period)
        if key not in self._metrics:
            self._metrics[key] = cloudwatch.Metric(
                namespace=self.namespace,
                dimensions_map=self.dimensions,
                metric_name=name,
                statistic=statistic,
                label=label,
                period=period,
            )
        return self._metrics[key]

"""Where metrics come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

MINUTE: Final = Duration.minutes(1)
FIVE_MINUTES: Final = Duration.minutes(5)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One observed thing: the namespace its metrics are in, and the dimensions that name it there."""

    namespace: str
    dimensions: Mapping[str, str]

    def metric(self, name: str, statistic: str, label: str, *, period: Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """Return the metric `name` as `statistic` over each `period`."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            dimensions_map=self.dimensions,
            metric_name=name,
            statistic=statistic,
            label=label,
            period=period,
        )

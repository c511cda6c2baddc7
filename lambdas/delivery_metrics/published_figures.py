"""The table of published figures: each is published once, whatever the number and order of events."""

from datetime import datetime, timedelta
from typing import Any

from .figures import Figure

RETENTION = timedelta(days=400)
"""Longer than CodePipeline keeps an execution, which is twelve months."""
SETTLED = ("pipeline", "settled")
"""The key of the item that says until when every figure has been published."""


class PublishedFigures:
    """A DynamoDB table with one item for each published figure."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def names_of(self, subject: str) -> set[str]:
        """Return the names of the figures of an execution or a commit that have been published."""
        return {item["figure"]["S"] for item in self._items(subject)}

    def claim(self, figure: Figure, *, now: datetime) -> bool:
        """Return whether the figure is ours to publish: True for one of any number of callers."""
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={
                    "execution": {"S": figure.subject},
                    "figure": {"S": figure.name},
                    "expires": {"N": str(int((now + RETENTION).timestamp()))},
                },
                ConditionExpression="attribute_not_exists(figure)",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    @property
    def settled_until(self) -> datetime | None:
        """The time before which no execution lacks a figure; None if it is not known."""
        times = [item["until"]["S"] for item in self._items(SETTLED[0])]
        return datetime.fromisoformat(times[0]) if times else None

    def settle(self, until: datetime) -> None:
        """Remember that no execution that began before `until` lacks a figure."""
        execution, figure = SETTLED
        self._dynamodb.put_item(
            TableName=self._table,
            Item={"execution": {"S": execution}, "figure": {"S": figure}, "until": {"S": until.isoformat()}},
        )

    def _items(self, partition: str) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="execution = :execution",
            ExpressionAttributeValues={":execution": {"S": partition}},
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

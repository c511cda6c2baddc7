"""The table of published figures: each is published once, whatever the number and order of events."""

from datetime import datetime, timedelta
from typing import Any

from .figures import Figure

RETENTION = timedelta(days=400)
"""Longer than CodePipeline keeps an execution, which is twelve months."""


class PublishedFigures:
    """A DynamoDB table with one item for each published figure."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def names_of(self, execution_id: str) -> set[str]:
        """Return the names of an execution's figures that have been published."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="execution = :execution",
            ExpressionAttributeValues={":execution": {"S": execution_id}},
            ConsistentRead=True,
        )
        return {item["figure"]["S"] for page in pages for item in page["Items"]}

    def claim(self, figure: Figure, *, now: datetime) -> bool:
        """Return whether the figure is ours to publish: True for one of any number of callers."""
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={
                    "execution": {"S": figure.execution.id},
                    "figure": {"S": figure.name},
                    "expires": {"N": str(int((now + RETENTION).timestamp()))},
                },
                ConditionExpression="attribute_not_exists(figure)",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

import json
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    table.put_item(Item={"id": event["pathParameters"]["id"], "kind": "book"})
    return {"statusCode": 201, "body": json.dumps({"id": event["pathParameters"]["id"]})}

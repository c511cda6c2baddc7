import json
import os

import boto3


def handler(event: dict, context: object) -> dict:
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    table.put_item(Item={"id": event["pathParameters"]["id"], "kind": "book"})
    return {"statusCode": 201, "body": json.dumps({"id": event["pathParameters"]["id"]})}

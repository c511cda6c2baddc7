from typing import Any

import boto3


def on_event(event: dict[str, Any], _context: object) -> dict[str, Any]:
    name = event["ResourceProperties"]["Parameter"]
    value = boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return {"PhysicalResourceId": name, "Data": {"Greeting": f"hello {value}"}}


def is_complete(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    return {"IsComplete": True}

import boto3


def on_event(event: dict, context: object) -> dict:
    name = event["ResourceProperties"]["Parameter"]
    value = boto3.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return {"PhysicalResourceId": name, "Data": {"Greeting": f"hello {value}"}}


def is_complete(event: dict, context: object) -> dict:
    return {"IsComplete": True}

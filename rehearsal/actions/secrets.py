"""The secrets of an emulated account: what no report may show."""

import json

from botocore.exceptions import ClientError

from rehearsal.engine.cloud import AwsEnvironment, Cloud

NOT_SECRET = ("username", "engine", "host", "port", "dbname", "dbInstanceIdentifier", "masterarn")
"""What Secrets Manager keeps beside a database's password, and everybody may know."""


def secret_values(cloud: Cloud, place: AwsEnvironment) -> set[str]:
    """Return the value of every secret there is in the account and region, and of every member of it."""
    client = cloud.in_account("secretsmanager", place)
    found: set[str] = set()
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            try:
                text = client.get_secret_value(SecretId=secret["ARN"]).get("SecretString", "")
            except ClientError:
                # It has no value yet.
                continue
            found.add(text)
            found |= _members(text)
    return found


def _members(text: str) -> set[str]:
    try:
        document = json.loads(text)
    except ValueError:
        return set()
    if not isinstance(document, dict):
        return set()
    return {value for name, value in document.items() if isinstance(value, str) and name not in NOT_SECRET}

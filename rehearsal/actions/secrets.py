"""The secrets of an emulated account, which reports must mask."""

import json

from botocore.exceptions import ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud

NOT_SECRET = ("username", "engine", "host", "port", "dbname", "dbInstanceIdentifier", "masterarn")
"""Members of a database's secret that are not confidential."""


def secret_values(cloud: Cloud, place: AwsEnvironment) -> set[str]:
    """Return the values of all secrets in the account and region, and of their members."""
    client = cloud.in_account("secretsmanager", place)
    found: set[str] = set()
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            try:
                text = client.get_secret_value(SecretId=secret["ARN"]).get("SecretString", "")
            except ClientError:
                # The secret has no value yet.
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

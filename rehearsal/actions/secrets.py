"""The secrets of an emulated account: references to them, and the values that reports must mask."""

import json
from typing import Any

from botocore.exceptions import ClientError

from cloud_assembly import AwsEnvironment
from rehearsal.engine.cloud import Cloud

ARN_PARTS = 7
NOT_SECRET = ("username", "engine", "host", "port", "dbname", "dbInstanceIdentifier", "masterarn")
"""Members of a database's secret that are not confidential."""


class SecretNotFound(Exception):  # noqa: N818 - a state of the emulated account
    """The secret, or the key in it, does not exist; the text says which."""


def resolve_secret(secrets: Any, reference: str) -> str:
    """Return the value that `id:json-key:version-stage:version-id` refers to; the id may be an ARN.

    `secrets` is a client of Secrets Manager. Raises SecretNotFound.
    """
    parts = reference.split(":")
    length = ARN_PARTS if parts[0] == "arn" else 1
    identifier = ":".join(parts[:length])
    key, stage, version = [*parts[length:], "", "", ""][:3]
    chosen = {"VersionStage": stage, "VersionId": version}
    arguments = {name: value for name, value in chosen.items() if value}
    try:
        text = secrets.get_secret_value(SecretId=identifier, **arguments)["SecretString"]
        return str(json.loads(text)[key]) if key else text
    except ClientError as error:
        raise SecretNotFound(f"secret {identifier}: {error.response['Error']['Message']}") from None
    except (ValueError, KeyError):
        raise SecretNotFound(f"secret {identifier} has no key {key}") from None


def secret_values(cloud: Cloud, environment: AwsEnvironment) -> set[str]:
    """Return the values of all secrets in the account and region, and of their members."""
    client = cloud.in_account("secretsmanager", environment)
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

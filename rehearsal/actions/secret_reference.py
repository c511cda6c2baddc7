"""References to secrets in build projects and container definitions."""

import json
from typing import Any

from botocore.exceptions import ClientError

ARN_PARTS = 7


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

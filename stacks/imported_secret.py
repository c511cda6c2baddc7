"""A secret as another stack than its own sees it."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct


def imported_secret(scope: Construct, construct_id: str, secret: secretsmanager.ISecret) -> secretsmanager.ISecret:
    """Return `secret` so that a grant speaks in the reader's policy only.

    A grant on the secret itself also writes the reader into the policy of the secret's key, and with it makes the
    secret's stack depend on the reader's.
    """
    key = secret.encryption_key
    return secretsmanager.Secret.from_secret_attributes(
        scope,
        construct_id,
        secret_complete_arn=secret.secret_arn,
        encryption_key=None if key is None else kms.Key.from_key_arn(scope, f"{construct_id}Key", key.key_arn),
    )

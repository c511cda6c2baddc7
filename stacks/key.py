"""A key of our own, which rotates."""

from typing import cast

from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.retention import removal_policy


def rotating_key(scope: Construct, construct_id: str, *, description: str, retain_data: bool) -> kms.IKey:
    """Return a KMS key that rotates yearly and lives as long as the data it encrypts."""
    key = kms.Key(
        scope,
        construct_id,
        description=description,
        enable_key_rotation=True,
        removal_policy=removal_policy(retain_data=retain_data),
    )
    # The library's Key does not name one parameter as its interface does, which the type checker minds.
    return cast(kms.IKey, key)

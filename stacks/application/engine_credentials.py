"""The credentials of the engine's only account."""

import json
from typing import Final

from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.shared.acknowledgments import acknowledge
from stacks.shared.retention import removal_policy

USER_NAME: Final = "yawl-delivery"
"""Not `admin`: YAWL treats a client of that name as its generic administrator."""


class EngineCredentials(secretsmanager.Secret):
    """The engine account's name and generated password, as `{"username": …, "password": …}`.

    The container replaces YAWL's default accounts, whose passwords are public, with this one.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, retain_data: bool) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Account of the YAWL engine's own API",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": USER_NAME}),
                generate_string_key="password",
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=removal_policy(retain_data=retain_data),
        )
        on_purpose = (
            "An engine reads its account at startup; after an automatic rotation no running engine would accept "
            "the secret's password. Change it manually, and start new tasks."
        )
        acknowledge(self, {"AwsSolutions-SMG4": on_purpose, "SecretsManagerRotationEnabled": on_purpose})

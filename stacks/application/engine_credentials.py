"""The engine's one account."""

import json
from typing import Final

from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.shared.acknowledgments import acknowledge
from stacks.shared.retention import removal_policy

USER_NAME: Final = "yawl-delivery"
"""Not `admin`: under that name alone YAWL takes a client for its generic administrator."""


class EngineCredentials(secretsmanager.Secret):
    """Name and generated password, `{"username": …, "password": …}`, of the account that the engine starts with.

    The container gives the engine this account in place of YAWL's own, whose passwords everybody knows.
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
            "An engine reads its account when it starts; rotated by itself the secret would name a password that no "
            "running engine takes. It is changed on purpose, with new tasks."
        )
        acknowledge(self, {"AwsSolutions-SMG4": on_purpose, "SecretsManagerRotationEnabled": on_purpose})

"""The secret header by which the load balancer recognizes its distribution."""

from typing import Final

from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.shared.acknowledgments import acknowledge
from stacks.shared.retention import removal_policy

HEADER_NAME: Final = "X-Origin-Verify"


class OriginSecret(secretsmanager.Secret):
    """The value of the header that the distribution adds to each request and the load balancer checks."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, retain_data: bool) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Value of the header {HEADER_NAME} between the distribution and the load balancer",
            encryption_key=key,
            # Letters and digits only: listener rules treat "*" and "?" as wildcards.
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=removal_policy(retain_data=retain_data),
        )
        on_purpose = (
            "The distribution and the load balancer get the value during deployment; automatic rotation would "
            "lock users out. Change it manually, and deploy both."
        )
        acknowledge(self, {"AwsSolutions-SMG4": on_purpose, "SecretsManagerRotationEnabled": on_purpose})

    @property
    def header_value(self) -> str:
        """A dynamic reference that CloudFormation resolves during deployment: the value is in no template."""
        return self.secret_value.unsafe_unwrap()

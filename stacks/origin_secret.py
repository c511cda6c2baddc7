"""What the load balancer knows its own distribution by."""

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.retention import removal_policy

HEADER_NAME = "X-Origin-Verify"


class OriginSecret(secretsmanager.Secret):
    """The value of the header that the distribution adds to each request and the load balancer asks for.

    Letters and digits only: a load balancer's rule reads `*` and `?` as wildcards.
    """

    def __init__(self, scope: Construct, construct_id: str, *, retain_data: bool) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"Value of the header {HEADER_NAME} between the distribution and the load balancer",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=removal_policy(retain_data=retain_data),
        )

    @property
    def header_value(self) -> str:
        """A dynamic reference: CloudFormation reads the value when it deploys, no template holds it."""
        # A rule and an origin's header are plain strings to CloudFormation, so that the library's check that a secret
        # reaches only properties made for secrets has to be passed by.
        return self.secret_value.unsafe_unwrap()

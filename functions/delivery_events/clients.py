"""boto3 clients, in the pipeline's account and in those of the environments."""

from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})


class Accounts:
    """The pipeline's own account, and the environments' through the roles that the CDK's bootstrap made for looking."""

    def __init__(self, lookup_role: str) -> None:
        """`lookup_role` is a role's ARN with `{account}` and `{region}` in it."""
        self._lookup_role = lookup_role

    def home(self, service: str) -> Any:
        """Return a client in the pipeline's own account and region."""
        # boto3's overloads know each service by a literal name only.
        session: Any = boto3.Session()
        return session.client(service, config=_CONFIG)

    def environment(self, service: str, account: str, region: str) -> Any:
        """Return a client that may look into an environment's account."""
        role = self._lookup_role.format(account=account, region=region)
        found = self.home("sts").assume_role(RoleArn=role, RoleSessionName="delivery-events")["Credentials"]
        session: Any = boto3.Session()
        return session.client(
            service,
            region_name=region,
            config=_CONFIG,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )

"""boto3 clients, in the pipeline's account and in those of the environments."""

from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})


class Accounts:
    """The pipeline's own account, and the environments' through the roles that the CDK's bootstrap made for looking.

    Of one event: what it has made once is used again, and credentials end with it. A small function would spend most
    of its time on reading boto3's descriptions of services, once a client.
    """

    def __init__(self, lookup_role: str) -> None:
        """`lookup_role` is a role's ARN with `{account}` and `{region}` in it."""
        self._lookup_role = lookup_role
        # boto3's overloads know each service by a literal name only.
        self._session: Any = boto3.Session()
        self._homes: dict[str, Any] = {}
        self._credentials: dict[str, Any] = {}
        self._elsewhere: dict[tuple[str, str, str], Any] = {}

    def home(self, service: str) -> Any:
        """Return a client in the pipeline's own account and region."""
        if service not in self._homes:
            self._homes[service] = self._session.client(service, config=_CONFIG)
        return self._homes[service]

    def environment(self, service: str, account: str, region: str) -> Any:
        """Return a client that may look into an environment's account."""
        place = service, account, region
        if place not in self._elsewhere:
            found = self._assumed(self._lookup_role.format(account=account, region=region))
            self._elsewhere[place] = self._session.client(
                service,
                region_name=region,
                config=_CONFIG,
                aws_access_key_id=found["AccessKeyId"],
                aws_secret_access_key=found["SecretAccessKey"],
                aws_session_token=found["SessionToken"],
            )
        return self._elsewhere[place]

    def _assumed(self, role: str) -> Any:
        if role not in self._credentials:
            answer = self.home("sts").assume_role(RoleArn=role, RoleSessionName="delivery-events")
            self._credentials[role] = answer["Credentials"]
        return self._credentials[role]

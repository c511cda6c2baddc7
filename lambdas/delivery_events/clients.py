"""boto3 clients, in the pipeline's account and in those of the environments."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from .execution import DeployedStack

_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})


class NotReadable(Exception):  # noqa: N818 - a state of the environment, not an error in it
    """An environment cannot be read: its role does not exist, as before its first deployment, or does not trust us."""


class Accounts:
    """The pipeline's own account, and the environments' through the delivery reader role of each.

    One object serves one event, so that credentials do not outlive it. Clients are reused: creating one reads boto3's
    service descriptions, which would take most of a small function's time.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        """`READER_ROLE` is a role's ARN with `{account}` and `{environment}` in it, `READABLE_ENVIRONMENTS` a list."""
        self._reader_role = variables["READER_ROLE"]
        self._environments: list[str] = json.loads(variables["READABLE_ENVIRONMENTS"])
        # boto3's overloads know each service by a literal name only.
        self._session: Any = boto3.Session()
        self._home_clients: dict[str, Any] = {}
        self._credentials: dict[str, Any] = {}
        self._environment_clients: dict[tuple[str, str, str], Any] = {}

    def home(self, service: str) -> Any:
        """Return a client in the pipeline's own account and region."""
        if service not in self._home_clients:
            self._home_clients[service] = self._session.client(service, config=_CONFIG)
        return self._home_clients[service]

    def environment(self, service: str, stack: DeployedStack) -> Any:
        """Return a client that may read the stack's environment; raise NotReadable if its role cannot be assumed."""
        role = self.role(stack)
        place = service, role, stack.region
        if place not in self._environment_clients:
            found = self._assumed(role)
            self._environment_clients[place] = self._session.client(
                service,
                region_name=stack.region,
                config=_CONFIG,
                aws_access_key_id=found["AccessKeyId"],
                aws_secret_access_key=found["SecretAccessKey"],
                aws_session_token=found["SessionToken"],
            )
        return self._environment_clients[place]

    def role(self, stack: DeployedStack) -> str:
        """Return the ARN of the role that may read the stack."""
        names = [name for name in self._environments if stack.name.startswith(f"yawl-{name}-")]
        # In a further region an environment's name begins with its name at home.
        return self._reader_role.format(account=stack.account, environment=max(names, key=len, default=""))

    def _assumed(self, role: str) -> Any:
        if role not in self._credentials:
            try:
                answer = self.home("sts").assume_role(RoleArn=role, RoleSessionName="delivery-events")
            except ClientError as error:
                if error.response["Error"]["Code"] != "AccessDenied":
                    raise
                # STS answers the same for a missing role and for one that may not be assumed.
                raise NotReadable(f"{role} cannot be assumed") from None
            self._credentials[role] = answer["Credentials"]
        return self._credentials[role]

"""The way into each account: with the caller's own credentials, or through a role that a bootstrap made there."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from operations.assembly import Place
from operations.errors import OperationError

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})


class Unreachable(Exception):  # noqa: N818 - a state of an account, to be told with what else was found
    """The credentials in effect do not lead into an account; the text says why."""


class Accounts:
    """Makes clients for accounts. Raises OperationError when no credentials are in effect at all."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        try:
            # Every account of the partition is asked there; a default region need not be configured.
            identity = self._session.client("sts", region_name="us-east-1", config=_CONFIG).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise OperationError(f"no AWS credentials are in effect ({error}); name some: AWS_PROFILE=…") from None
        self.account: str = identity["Account"]
        self.caller: str = identity["Arn"]
        self._assumed: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, Place], Any] = {}

    def client(self, service: str, place: Place, *, role_arn: str | None) -> Any:
        """Return a client of `service` in the place; raises Unreachable.

        In the caller's own account the caller's credentials serve; elsewhere `role_arn` is assumed.
        """
        key = service, place
        if key not in self._clients:
            # boto3's overloads know each service by a literal name only.
            session: Any = self._session if place.account == self.account else self._assume(place, role_arn)
            self._clients[key] = session.client(service, region_name=place.region, config=_CONFIG)
        return self._clients[key]

    def _assume(self, place: Place, role_arn: str | None) -> boto3.Session:
        if role_arn is None:
            raise Unreachable(f"the credentials are of {self.account}, and no role leads from there to {place.account}")
        if role_arn not in self._assumed:
            sts = self._session.client("sts", region_name=place.region, config=_CONFIG)
            try:
                made = sts.assume_role(RoleArn=role_arn, RoleSessionName="operations")["Credentials"]
            except (BotoCoreError, ClientError) as error:
                raise Unreachable(f"the credentials of {self.account} cannot assume {role_arn}: {error}") from None
            self._assumed[role_arn] = boto3.Session(
                aws_access_key_id=made["AccessKeyId"],
                aws_secret_access_key=made["SecretAccessKey"],
                aws_session_token=made["SessionToken"],
            )
        return self._assumed[role_arn]

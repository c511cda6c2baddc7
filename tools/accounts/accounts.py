"""The way into each account: with the caller's own credentials, or through a role that a bootstrap made there."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import AwsEnvironment
from tools.accounts.errors import OperationError

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})

_LEAST_LEFT: Final = timedelta(minutes=15)
"""Of an assumed role's hour: with less the role is assumed anew. Deleting a distribution takes its time."""


class Unreachable(Exception):  # noqa: N818 - a state of an account, to be told with what else was found
    """The credentials in effect do not lead into an account; the text says why."""


@dataclass(frozen=True)
class _Assumed:
    """A role that has been assumed, until its credentials end."""

    session: boto3.Session
    until: datetime


class Accounts:
    """Makes clients for accounts. Raises OperationError when no credentials are in effect at all."""

    def __init__(self) -> None:
        try:
            self._session = boto3.Session()
            # Every account of the partition is asked there; a default region need not be configured.
            identity = self._session.client("sts", region_name="us-east-1", config=_CONFIG).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise OperationError(f"no AWS credentials are in effect ({error}); name some: AWS_PROFILE=…") from None
        self.account: str = identity["Account"]
        self.caller: str = identity["Arn"]
        self._assumed: dict[str, _Assumed] = {}
        self._clients: dict[tuple[str, AwsEnvironment, str | None], Any] = {}

    def client(self, service: str, place: AwsEnvironment, *, role_arn: str | None) -> Any:
        """Return a client of `service` in the place; raises Unreachable.

        In the caller's own account the caller's credentials serve; elsewhere `role_arn` is assumed. A client is good
        for a quarter of an hour at least: whoever works longer asks for it again.
        """
        # boto3's overloads know each service by a literal name only.
        session: Any = self._session
        role = None
        if place.account != self.account:
            role = role_arn
            session = self._assume(place, role_arn)
        key = service, place, role
        if key not in self._clients:
            self._clients[key] = session.client(service, region_name=place.region, config=_CONFIG)
        return self._clients[key]

    def _assume(self, place: AwsEnvironment, role_arn: str | None) -> boto3.Session:
        if role_arn is None:
            raise Unreachable(f"the credentials are of {self.account}, and no role leads from there to {place.account}")
        known = self._assumed.get(role_arn)
        if known is None or known.until - datetime.now(UTC) < _LEAST_LEFT:
            sts = self._session.client("sts", region_name=place.region, config=_CONFIG)
            try:
                made = sts.assume_role(RoleArn=role_arn, RoleSessionName="operations")["Credentials"]
            except (BotoCoreError, ClientError) as error:
                raise Unreachable(f"the credentials of {self.account} cannot assume {role_arn}: {error}") from None
            session = boto3.Session(
                aws_access_key_id=made["AccessKeyId"],
                aws_secret_access_key=made["SecretAccessKey"],
                aws_session_token=made["SessionToken"],
            )
            known = self._assumed[role_arn] = _Assumed(session, made["Expiration"])
            self._clients = {key: client for key, client in self._clients.items() if key[2] != role_arn}
        return known.session

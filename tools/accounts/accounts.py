"""Clients for each account, with the caller's own credentials or through a bootstrap role."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud_assembly import AwsEnvironment
from jobs.assumed_role import AssumedRole, assume_role
from jobs.aws_errors import explained, is_temporary
from tools.accounts.errors import OperationError

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})

_LEAST_LEFT: Final = timedelta(minutes=15)
"""A role whose credentials expire sooner is assumed again: deleting a distribution takes minutes."""


class Unreachable(Exception):  # noqa: N818 - a state of an account, reported with the other findings
    """The current credentials cannot reach an account; the text says why."""


class Accounts:
    """Makes clients for accounts. Raises OperationError if there are no credentials."""

    def __init__(self) -> None:
        try:
            self._session = boto3.Session()
            # A fixed region, because no default region may be configured.
            identity = self._session.client("sts", region_name="us-east-1", config=_CONFIG).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise OperationError(_no_identity(error)) from None
        self.account: str = identity["Account"]
        self.caller: str = identity["Arn"]
        self._assumed: dict[str, AssumedRole] = {}
        self._clients: dict[tuple[str, AwsEnvironment, str | None], Any] = {}

    def client(self, service: str, aws_environment: AwsEnvironment, *, role_arn: str | None) -> Any:
        """Return a client of `service`; raises Unreachable if its role cannot be assumed.

        Raises botocore's errors if that is unknown, because AWS throttled the call, failed, or could not be reached. It
        uses the caller's credentials in the caller's own account, and assumes `role_arn` elsewhere. It is valid for
        at least 15 minutes; get a new one for longer work.
        """
        # boto3's overloads know each service by a literal name only.
        session: Any = self._session
        role = None
        if aws_environment.account != self.account:
            role = role_arn
            session = self._assume(aws_environment, role_arn)
        key = service, aws_environment, role
        if key not in self._clients:
            self._clients[key] = session.client(service, region_name=aws_environment.region, config=_CONFIG)
        return self._clients[key]

    def _assume(self, aws_environment: AwsEnvironment, role_arn: str | None) -> boto3.Session:
        if role_arn is None:
            raise Unreachable(f"the credentials of {self.account} have no role to assume in {aws_environment.account}")
        known = self._assumed.get(role_arn)
        if known is None or known.expires - datetime.now(UTC) < _LEAST_LEFT:
            try:
                known = assume_role(
                    self._session, role_arn, session_name="operations", config=_CONFIG, region=aws_environment.region
                )
            except (BotoCoreError, ClientError) as error:
                # STS says the same of a role that does not exist and of one that trusts somebody else.
                if is_temporary(error):
                    raise
                raise Unreachable(f"the credentials of {self.account} cannot assume {role_arn}: {error}") from None
            self._assumed[role_arn] = known
            self._clients = {key: client for key, client in self._clients.items() if key[2] != role_arn}
        return known.session


def _no_identity(error: BotoCoreError | ClientError) -> str:
    """Say why nobody is signed in: without credentials, with rejected ones, or because AWS did not answer."""
    reason = explained(error, "other credentials: set AWS_PROFILE")
    if reason != str(error):
        return f"whose credentials these are is unknown. {reason}"
    if isinstance(error, ClientError):
        return f"AWS rejected the credentials ({error}); sign in again, or set AWS_PROFILE"
    return f"no AWS credentials were found ({error}); set AWS_PROFILE"

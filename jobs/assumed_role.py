"""Sessions of assumed roles, for the jobs and the tools.

`lambdas`, `integration_tests` and `rehearsal` stand alone and assume roles themselves.
"""

from dataclasses import dataclass
from datetime import datetime

import boto3
from botocore.config import Config


@dataclass(frozen=True)
class AssumedRole:
    """A session with a role's permissions."""

    session: boto3.Session
    expires: datetime


def assume_role(
    session: boto3.Session, role_arn: str, *, session_name: str, config: Config, region: str | None = None
) -> AssumedRole:
    """Assume the role for an hour, from `region` or else the session's; raises BotoCoreError or ClientError."""
    sts = session.client("sts", region_name=region, config=config)
    credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name)["Credentials"]
    assumed = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region or session.region_name,
    )
    return AssumedRole(assumed, credentials["Expiration"])

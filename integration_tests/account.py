"""Signs in to the environment's account."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from integration_tests.account_variables import AccountVariables
from integration_tests.aws_call import catch_aws_errors
from integration_tests.failure import probe_failure
from integration_tests.waiting import Deadline, ProbeResult


@dataclass(frozen=True, kw_only=True)
class Account:
    """Clients for the environment's account. They are `Any` because boto3 makes their methods at run time."""

    elbv2: Any
    ecs: Any
    cloudwatch: Any
    cloudformation: Any
    rds: Any
    elasticache: Any
    secretsmanager: Any


def sign_in(variables: AccountVariables, *, environment: str, deadline: Deadline) -> Account:
    """Assume the tests' role, or use the caller's credentials if none is given; raise CheckFailed if refused."""
    config = _client_config(variables.endpoint_url, attempts=3)
    # Our deadline already retries this call; retries inside it would only delay the failure.
    config_of_first_call = _client_config(variables.endpoint_url, attempts=1)
    sessions: list[boto3.Session] = []

    def probe() -> ProbeResult:
        session = boto3.Session(region_name=variables.region)
        if session.get_credentials() is None:
            fault = "no AWS credentials were found"
            return ProbeResult(fault=fault, text=fault, final=True)
        if variables.integration_test_role_arn:
            session = _assume(session, variables.integration_test_role_arn, environment, config_of_first_call)
        sessions.append(session)
        return ProbeResult(fault=None, text="signed in")

    history = deadline.poll(lambda: catch_aws_errors(probe))
    if not history.reached:
        raise probe_failure(
            title="Cannot sign in to the environment's account.",
            asked=f"sts:AssumeRole {variables.integration_test_role_arn} in {variables.region}"
            if variables.integration_test_role_arn
            else "the caller's own credentials",
            wanted="credentials that can read the environment",
            history=history,
            next_steps=["aws sts get-caller-identity", "check that the role's trust policy allows the caller"],
        )
    session = sessions[-1]
    return Account(
        elbv2=session.client("elbv2", config=config),
        ecs=session.client("ecs", config=config),
        cloudwatch=session.client("cloudwatch", config=config),
        cloudformation=session.client("cloudformation", config=config),
        rds=session.client("rds", config=config),
        elasticache=session.client("elasticache", config=config),
        secretsmanager=session.client("secretsmanager", config=config),
    )


def _assume(session: boto3.Session, role_arn: str, environment: str, config: Config) -> boto3.Session:
    credentials = session.client("sts", config=config).assume_role(
        RoleArn=role_arn,
        RoleSessionName=re.sub(r"[^\w+=,.@-]", "-", f"integration-tests-{environment}", flags=re.ASCII)[:64],
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=session.region_name,
    )


def _client_config(endpoint_url: str | None, *, attempts: int) -> Config:
    """Bound each call, and reach an emulator on this machine without a proxy."""
    return Config(
        connect_timeout=3,
        read_timeout=4,
        retries={"mode": "adaptive", "total_max_attempts": attempts},
        proxies={} if endpoint_url and _is_loopback(endpoint_url) else None,
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

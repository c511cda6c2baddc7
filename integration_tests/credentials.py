"""The environment's secrets that these tests need, read where the application reads its own; none is ever shown."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from integration_tests.aws_call import catch_aws_errors
from integration_tests.engine import Credentials
from integration_tests.failure import probe_failure
from integration_tests.secret_values import SecretValues
from integration_tests.waiting import Deadline, ProbeResult

ORIGIN_HEADER = "X-Origin-Verify"
"""The header that the load balancer knows the distribution by."""

_Secret = TypeVar("_Secret")


def read_origin_secret(
    secretsmanager: Any, *, arn: str, region: str, secret_values: SecretValues, deadline: Deadline
) -> str:
    """Return the value that lets a request pass the load balancer; raise CheckFailed when it cannot be read."""

    def parse(text: str) -> str:
        if not text:
            raise ValueError
        return text

    return _read(
        secretsmanager, parse, "a value", arn=arn, region=region, secret_values=secret_values, deadline=deadline
    )


def read_engine_credentials(
    secretsmanager: Any, *, arn: str, region: str, secret_values: SecretValues, deadline: Deadline
) -> Credentials:
    """Return the engine's administrator; raise CheckFailed if the secret cannot be read or has another format."""

    def parse(text: str) -> Credentials:
        value = json.loads(text)
        credentials = Credentials(username=value["username"], password=value["password"])
        if not (isinstance(credentials.username, str) and isinstance(credentials.password, str)):
            raise TypeError
        for secret in (credentials.password, credentials.encoded_password):
            secret_values.add(secret)
        return credentials

    return _read(
        secretsmanager,
        parse,
        "JSON with username and password",
        arn=arn,
        region=region,
        secret_values=secret_values,
        deadline=deadline,
    )


def _read(
    secretsmanager: Any,
    parse: Callable[[str], _Secret],
    meaning: str,
    *,
    arn: str,
    region: str,
    secret_values: SecretValues,
    deadline: Deadline,
) -> _Secret:
    found: list[_Secret] = []

    def probe() -> ProbeResult:
        text = secretsmanager.get_secret_value(SecretId=arn).get("SecretString", "")
        secret_values.add(text)
        try:
            found.append(parse(text))
        except (ValueError, KeyError, TypeError):  # the error would quote the secret
            return ProbeResult(fault=f"the secret is not {meaning}", text="read", final=True)
        return ProbeResult(fault=None, text="read")

    history = deadline.poll(lambda: catch_aws_errors(probe))
    if not history.reached:
        raise probe_failure(
            title="Cannot read a secret that the tests need.",
            asked=f"secretsmanager:GetSecretValue of {arn}",
            wanted=meaning,
            history=history,
            next_steps=[f"aws secretsmanager describe-secret --region {region} --secret-id {arn}"],
        )
    return found[-1]

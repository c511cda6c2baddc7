"""The operators' console: its password is the token that AWS's own SDK would sign."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore import auth

from supervisor import console

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOST, USER, REGION = "yawl-prod.abc.us-east-1.rds.amazonaws.com", "yawl_reader", "us-east-1"


def test_token_is_the_sdks(monkeypatch: pytest.MonkeyPatch) -> None:
    session: Any = boto3.Session("AKIA0", "secret/+=", "token/+==", REGION)
    monkeypatch.setattr(auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None))
    expected = session.client("rds").generate_db_auth_token(HOST, 5432, USER)
    credentials = console.Credentials(access_key="AKIA0", secret_key="secret/+=", session_token="token/+==")
    token = console.auth_token(host=HOST, port="5432", user=USER, region=REGION, credentials=credentials, now=NOW)
    assert _parts(token) == _parts(expected)


def _parts(token: str) -> tuple[str, set[str]]:
    """A token's address and parameters, whose order the signature does not depend on."""
    address, _, query = token.partition("?")
    return address, set(query.split("&"))


def test_credentials_hide_their_secrets() -> None:
    assert "s3cret" not in repr(console.Credentials(access_key="a", secret_key="s3cret", session_token="s3cret"))


def test_missing_variables_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (*console.NEEDED, console.CREDENTIALS):
        monkeypatch.delenv(name, raising=False)
    assert console.main() == 2
    error = capsys.readouterr().err
    assert all(name in error for name in console.NEEDED)


def test_psql_gets_the_password_in_its_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []

    def become(_: str, command: list[str], environment: dict[str, str]) -> None:
        started.append((command, environment))
        raise SystemExit(0)

    values = (HOST, "5432", "yawl", USER, "/opt/yawl/rds-ca-bundle.pem", REGION)
    for name, value in zip((*console.NEEDED, console.CREDENTIALS), (*values, "/v2/credentials"), strict=True):
        monkeypatch.setenv(name, value)

    def credentials(_: object) -> console.Credentials:
        return console.Credentials(access_key="AKIA0", secret_key="secret", session_token="session")

    monkeypatch.setattr(console, "_credentials", credentials)
    monkeypatch.setattr(console.os, "execvpe", become)
    with pytest.raises(SystemExit):
        console.main()
    [(command, environment)] = started
    assert command == [
        "psql",
        f"host={HOST} port=5432 dbname=yawl user={USER} sslmode=verify-full sslrootcert=/opt/yawl/rds-ca-bundle.pem",
    ]
    assert "X-Amz-Signature=" in environment["PGPASSWORD"]

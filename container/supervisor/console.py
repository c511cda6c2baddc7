"""An operator's session in the database: `python -m supervisor.console`, in a task that `make database-access` started.

It logs in as the read-only role with a token that the task's role signs, valid for 15 minutes, and becomes `psql`. The
token is in no command line and no log: only psql's environment has it.
"""

import hashlib
import hmac
import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

CREDENTIALS: Final = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
NEEDED: Final = ("YAWL_DB_HOST", "YAWL_DB_PORT", "YAWL_DB_NAME", "YAWL_DB_READER", "YAWL_DB_CA_BUNDLE", "AWS_REGION")
VALID_SECONDS: Final = 900
"""The longest that RDS accepts ("IAM database authentication", RDS User Guide)."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The task role's credentials."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)


def auth_token(*, host: str, port: str, user: str, region: str, credentials: Credentials, now: datetime) -> str:
    """Return the password of an IAM login: a presigned request for `rds-db:connect`, without its scheme."""
    day, moment = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    scope = f"{day}/{region}/rds-db/aws4_request"
    query = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(VALID_SECONDS),
        "X-Amz-Security-Token": credentials.session_token,
        "X-Amz-SignedHeaders": "host",
    }
    canonical = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
    empty = hashlib.sha256(b"").hexdigest()
    request = f"GET\n/\n{canonical}\nhost:{host}:{port}\n\nhost\n{empty}"
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, region, "rds-db", "aws4_request", to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"{host}:{port}/?{canonical}&X-Amz-Signature={key.hex()}"


def main() -> int:
    """Become psql; return 2 if a variable is missing."""
    # ECS tells the container's first process where the role's credentials are, and nobody else.
    variables = {**os.environ, **_of_the_first_process()}
    if missing := [name for name in (*NEEDED, CREDENTIALS) if not variables.get(name)]:
        print(
            f"console: variables without a value: {', '.join(missing)}; run it by make database-access", file=sys.stderr
        )
        return 2
    host, port, name, user, authorities, region = (variables[name] for name in NEEDED)
    token = auth_token(
        host=host, port=port, user=user, region=region, credentials=_credentials(variables), now=datetime.now(UTC)
    )
    where = f"host={host} port={port} dbname={name} user={user} sslmode=verify-full sslrootcert={authorities}"
    own = {"PGPASSWORD": token, "PSQL_HISTORY": os.devnull}
    os.execvpe("psql", ["psql", where], {**os.environ, **own})  # noqa: S606 - no shell is wanted
    raise AssertionError("psql has replaced this process")


def _of_the_first_process() -> Mapping[str, str]:
    try:
        content = Path("/proc/1/environ").read_text()
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in content.split("\0") if entry)
    return {name: value for name, _, value in pairs if name == CREDENTIALS}


def _credentials(variables: Mapping[str, str]) -> Credentials:
    with urllib.request.urlopen(f"http://169.254.170.2{variables[CREDENTIALS]}", timeout=5) as answer:
        found = json.load(answer)
    return Credentials(
        access_key=found["AccessKeyId"], secret_key=found["SecretAccessKey"], session_token=found["Token"]
    )


if __name__ == "__main__":
    sys.exit(main())

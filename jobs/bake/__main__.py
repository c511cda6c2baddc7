"""Watch an environment's alarm after a release: `make bake`.

Environment variables: ENVIRONMENT, ENVIRONMENT_REGION, ALARM_NAME, BAKE_MINUTES, and optionally ALARM_READER_ROLE_ARN,
the role to read the alarm with instead of the caller's credentials, and HOTFIX: `yes` skips the bake.

Exit codes: 0 the alarm stayed out of ALARM, or a hotfix skips the bake; 1 it was in ALARM; 2 bad input, or the alarm
cannot be read.
"""

import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jobs.assumed_role import assume_role
from jobs.aws_errors import explained
from jobs.bake.watch import AlarmNotFoundError, AlarmTriggered, watch

_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 5})
_NEEDED = {
    "ENVIRONMENT": r"[a-z][a-z0-9-]*",
    "ENVIRONMENT_REGION": r"[a-z]{2}(-[a-z]+)+-\d",
    "ALARM_NAME": r"\S.*",
    "BAKE_MINUTES": r"\d{1,4}(\.\d{1,6})?",
}


def main() -> int:
    """Watch, and return the exit code."""
    variables = os.environ
    errors = [
        f"{name} {'is ' + repr(variables[name]) if variables.get(name) else 'is missing'}; it must match {pattern}"
        for name, pattern in _NEEDED.items()
        if not re.fullmatch(pattern, variables.get(name, ""))
    ]
    if errors:
        print("bake: missing or invalid environment variables:", *errors, sep="\n  ", file=sys.stderr)
        return 2
    if variables.get("HOTFIX") == "yes":
        print(f"hotfix: the bake of {variables['ENVIRONMENT']} is skipped")
        return 0
    minutes, alarm = float(variables["BAKE_MINUTES"]), variables["ALARM_NAME"]
    print(f"watching {alarm} for {minutes:g} minutes", flush=True)
    try:
        triggered = watch(lambda: _cloudwatch(variables), alarm, seconds=minutes * 60, since=datetime.now(UTC))
    except AlarmNotFoundError:
        print(
            f"bake: alarm {alarm} does not exist in {variables['ENVIRONMENT_REGION']}; deploy the monitoring stack",
            file=sys.stderr,
        )
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"bake: {_cannot_read(error, variables)}", file=sys.stderr)
        return 2
    if triggered:
        print(_as_text(triggered, variables))
        return 1
    print(f"{alarm} stayed OK: the release passed the bake")
    return 0


def _cloudwatch(variables: Mapping[str, str]) -> Any:
    session = boto3.Session(region_name=variables["ENVIRONMENT_REGION"])
    if role := variables.get("ALARM_READER_ROLE_ARN"):
        # Assume the role for each poll: chained role sessions end after an hour, a bake may take longer.
        session = assume_role(session, role, session_name="bake", config=_CONFIG).session
    return session.client("cloudwatch", config=_CONFIG)


def _cannot_read(error: Exception, variables: Mapping[str, str]) -> str:
    role = variables.get("ALARM_READER_ROLE_ARN")
    reading = "cloudwatch:DescribeAlarms and cloudwatch:DescribeAlarmHistory"
    rights = f"credentials that may assume {role}, which needs {reading}" if role else f"credentials with {reading}"
    return (
        f"alarm {variables['ALARM_NAME']} in {variables['ENVIRONMENT_REGION']} cannot be read, so nobody knows whether "
        f"it was in ALARM. {explained(error, rights)}"
    )


def _as_text(triggered: AlarmTriggered, variables: Mapping[str, str]) -> str:
    environment, region, alarm = (variables[name] for name in ("ENVIRONMENT", "ENVIRONMENT_REGION", "ALARM_NAME"))
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    return "\n".join(
        [
            f"Bake failed: {alarm} was in ALARM after the release to {environment}.",
            "",
            f"  since   {triggered.at:%Y-%m-%d %H:%M:%S%z}{', OK again when polled' if triggered.cleared else ''}",
            f"  reason  {triggered.reason}",
            f"  see     {console}#alarmsV2:alarm/{alarm}",
            f"          {console}#dashboards/dashboard/yawl-{environment}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

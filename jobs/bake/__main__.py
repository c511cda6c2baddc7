"""Watch an environment after its release: `make bake`, told by environment variables.

ENVIRONMENT and ENVIRONMENT_REGION say where, ALARM_NAME what is watched, BAKE_MINUTES how long, VERIFIER_ROLE_ARN as
whom; without the last one, the caller's own credentials serve.

Exit codes: 0 the alarm stayed quiet, 1 it rang, 2 bad input, or the alarm cannot be read.
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
from jobs.bake.watch import NoSuchAlarm, Ringing, watch

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
    faults = [
        f"{name} {'is ' + repr(variables[name]) if variables.get(name) else 'is missing'}; it must match {pattern}"
        for name, pattern in _NEEDED.items()
        if not re.fullmatch(pattern, variables.get(name, ""))
    ]
    if faults:
        print("bake: the environment variables do not fit:", *faults, sep="\n  ", file=sys.stderr)
        return 2
    minutes, alarm = float(variables["BAKE_MINUTES"]), variables["ALARM_NAME"]
    print(f"watching {alarm} for {minutes:g} minutes", flush=True)
    try:
        rang = watch(lambda: _cloudwatch(variables), alarm, seconds=minutes * 60, since=datetime.now(UTC))
    except NoSuchAlarm:
        print(
            f"bake: there is no alarm {alarm}; the monitoring stack makes it. Silence proves nothing", file=sys.stderr
        )
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"bake: {alarm} cannot be read: {error}", file=sys.stderr)
        return 2
    if rang:
        print(_screen(rang, variables))
        return 1
    print(f"{alarm} stayed quiet: the release is good")
    return 0


def _cloudwatch(variables: Mapping[str, str]) -> Any:
    session = boto3.Session(region_name=variables["ENVIRONMENT_REGION"])
    if role := variables.get("VERIFIER_ROLE_ARN"):
        # Anew for each look: a role that a role assumes lasts an hour, a watch may last four.
        session = assume_role(session, role, session_name="bake", config=_CONFIG).session
    return session.client("cloudwatch", config=_CONFIG)


def _screen(rang: Ringing, variables: Mapping[str, str]) -> str:
    environment, region, alarm = (variables[name] for name in ("ENVIRONMENT", "ENVIRONMENT_REGION", "ALARM_NAME"))
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    return "\n".join(
        [
            f"The release is not good: {alarm} rang while {environment} was watched.",
            "",
            f"  rang    {rang.at:%Y-%m-%d %H:%M:%S%z}{', and was quiet again when looked at' if rang.cleared else ''}",
            f"  why     {rang.reason}",
            f"  next    {console}#alarmsV2:alarm/{alarm}",
            f"          {console}#dashboards/dashboard/yawl-{environment}",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

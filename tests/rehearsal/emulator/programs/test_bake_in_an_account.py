"""Baking a release in an emulated account, with its composite alarm."""

import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from rehearsal.engine.cloud import Credentials
from tests.paths import ROOT
from tests.rehearsal.emulator.conftest import ERRORS, HEALTH, Account


def bake(account: Account, **variables: str) -> subprocess.CompletedProcess[str]:
    received = {
        "ENVIRONMENT": "test",
        "ENVIRONMENT_REGION": account.place.region,
        "ALARM_NAME": "health",
        "BAKE_MINUTES": "0.02",
    }
    credentials = Credentials(account.place.account)
    return subprocess.run(
        [sys.executable, "-m", "jobs.bake"],
        cwd=ROOT,
        env={**os.environ, **account.cloud.environment(account.place.region, credentials), **received, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def cloudwatch(account: Account) -> Any:
    account.deploy(Errors=ERRORS, Health={**HEALTH, "DependsOn": ["Errors"]})
    return account.client("cloudwatch")


@pytest.mark.usefixtures("cloudwatch")
def test_environment_without_alarms_passes(account: Account) -> None:
    done = bake(account)
    assert done.returncode == 0, done.stderr
    assert "health stayed OK" in done.stdout


def test_alarm_fails_the_bake(account: Account, cloudwatch: Any) -> None:
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="too many")
    done = bake(account)
    assert done.returncode == 1, done.stderr
    assert "health was in ALARM after the release to test" in done.stdout
    assert "#alarmsV2:alarm/health" in done.stdout


def test_cleared_alarm_fails_the_bake(account: Account, cloudwatch: Any) -> None:
    """It rings after the first look and is quiet before the last."""

    def ring() -> None:
        time.sleep(4)
        for state in ("ALARM", "OK"):
            cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="a moment")

    ringing = threading.Thread(target=ring)
    ringing.start()
    try:
        done = bake(account, BAKE_MINUTES="0.15")
    finally:
        ringing.join()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "OK again when polled" in done.stdout


def test_unreadable_alarm_is_reported(account: Account) -> None:
    done = bake(account)
    assert done.returncode == 2
    assert "alarm health does not exist" in done.stderr
    done = bake(account, BAKE_MINUTES="soon", ALARM_NAME="")
    assert done.returncode == 2
    assert "BAKE_MINUTES is 'soon'" in done.stderr
    assert "ALARM_NAME is missing" in done.stderr
    assert "Traceback" not in done.stderr

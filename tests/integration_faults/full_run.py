"""Complete runs of the integration tests, as in the pipeline's builds."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.integration_faults.environment_under_test import EnvironmentUnderTest
from tests.paths import ROOT

WRONG_VARIABLES = {
    "TARGET_GROUP_ARN": "arn:aws:elasticloadbalancing:us-east-1:222222222222:targetgroup/gone/0123456789abcdef",
    "TASK_DEFINITION_ARN": "arn:aws:ecs:us-east-1:222222222222:task-definition/yawl-dev:99",
    "ALARM_NAME_PREFIX": "nobody-",
    "STACK_NAMES": "yawl-dev-network,yawl-dev-nothing",
    "DATABASE_MULTI_AZ": "true",
    "PASSWORD_ROTATION_DAYS": "7",
    "CACHE_NODES": "3",
}
"""Variables with which every test that reads the account fails at its deadline."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run."""

    code: int
    output: str
    seconds: float
    """Duration according to the run's summary, without the start of Python."""
    own_seconds: float
    """The same without the time it waited for a CPU."""
    screens: Mapping[str, str]
    """Failure message by name of the test; empty if it passed."""

    @property
    def failed(self) -> set[str]:
        return {name for name, screen in self.screens.items() if screen}


def run_all(dev: EnvironmentUnderTest, directory: Path, variables: Mapping[str, str]) -> Run:
    """Run all tests with the variables that the pipeline sets, overridden by these."""
    report, summary, waits = (directory / name for name in ("report.xml", "summary.txt", "waits.txt"))
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "integration_tests", "-p", "no:xdist"),
            *(f"--junitxml={report}", f"--summary={summary}"),
            *("-p", "tests.integration_faults.cpu_wait", f"--waits={waits}"),
        ],
        cwd=ROOT,
        env={**dev.deployed.build_environment(), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    [seconds] = re.findall(r" in (\d+\.\d) s", summary.read_text())
    return Run(
        code=ended.returncode,
        output=ended.stdout + ended.stderr,
        seconds=float(seconds),
        own_seconds=float(seconds) - float(waits.read_text()),
        screens=_screens(report),
    )


def _screens(report: Path) -> dict[str, str]:
    """Return the failure message of each test; a skipped test counts as failed."""
    return {
        case.get("name", ""): "\n".join(f"{found.get('message', '')}\n{found.text}" for found in case)
        if case.find("failure") is not None or case.find("error") is not None or case.find("skipped") is not None
        else ""
        for case in ET.parse(report).iter("testcase")  # noqa: S314  # written above
    }

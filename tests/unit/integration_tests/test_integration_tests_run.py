"""The integration tests as a command: its variables, output, files and exit codes."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch
from xml.etree import ElementTree as ET

import pytest

from integration_tests.account_variables import read_account_variables
from integration_tests.http_variables import read_http_variables
from integration_tests.summary import P99, REMARK, Summary
from tests.fake_clock import FakeClock
from tests.faulty_http_server import PROXY_VARIABLES, healthy, respond, serve
from tests.paths import ROOT

HTTP = {"ALB_URL": "http://yawl-dev.eu-central-1.elb.amazonaws.com", "HEALTH_PATH": "/resourceService/"}
ACCOUNT = {
    "ENVIRONMENT_REGION": "eu-central-1",
    "CLUSTER_NAME": "yawl-dev",
    "SERVICE_NAME": "engine",
    "TARGET_GROUP_ARN": "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/yawl/0123456789abcdef",
    "TASK_DEFINITION_ARN": "arn:aws:ecs:eu-central-1:111111111111:task-definition/yawl-dev:7",
    "ALARM_NAME_PREFIX": "yawl-dev-",
    "STACK_NAMES": "yawl-dev-application,yawl-dev-database",
    "DATABASE_ID": "yawl-dev",
    "DATABASE_MULTI_AZ": "true",
    "DATABASE_BACKUP_DAYS": "30",
    "DATABASE_DELETION_PROTECTION": "true",
    "PASSWORD_ROTATION_DAYS": "30",
    "CACHE_ID": "yawl-dev-cache",
    "CACHE_MULTI_AZ": "false",
    "CACHE_NODES": "1",
    "CACHE_SNAPSHOT_DAYS": "7",
    "INTEGRATION_TEST_ROLE_ARN": "arn:aws:iam::111111111111:role/yawl-dev-integration-tests",
}

BUILD = {"CI": "true", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""The environment of a build: CI is set, and no pytest plug-ins load by themselves."""


def test_http_checks_need_two_variables() -> None:
    http, mistakes = read_http_variables(HTTP)
    assert not mistakes
    assert http.environment == "yawl-dev.eu-central-1.elb.amazonaws.com"
    assert http.deadline_seconds == 300
    assert http.consecutive_successes == 5


def test_variables_are_read() -> None:
    more = {"ENVIRONMENT": "dev", "DEADLINE_SECONDS": "2.5", "CONSECUTIVE_SUCCESSES": "3"}
    http, mistakes = read_http_variables(HTTP | more | {"ALB_URL": "https://yawl.example:8443/"})
    assert not mistakes
    assert http.environment == "dev"
    assert http.alb_url == "https://yawl.example:8443"
    assert http.deadline_seconds == 2.5
    assert http.consecutive_successes == 3

    account, mistakes = read_account_variables(ACCOUNT | {"INTEGRATION_TEST_ROLE_ARN": ""})
    assert not mistakes
    assert account.integration_test_role_arn is None
    assert account.endpoint_url is None
    assert account.stack_names == ("yawl-dev-application", "yawl-dev-database")
    assert (account.database_multi_az, account.cache_multi_az, account.cache_snapshot_days) == (True, False, 7)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ALB_URL": ""}, "ALB_URL is missing"),
        ({"ALB_URL": "yawl.example"}, "ALB_URL is not the load balancer's address"),
        ({"ALB_URL": "ftp://yawl.example"}, "ALB_URL is not"),
        ({"ALB_URL": "http://"}, "ALB_URL is not"),
        ({"ALB_URL": "http://yawl.example:none"}, "ALB_URL is not"),
        ({"ALB_URL": "http://[::1"}, "ALB_URL is not"),
        ({"ALB_URL": "http://yawl.example/?a=b"}, "ALB_URL is not"),
        ({"ALB_URL": "http://me:hidden@yawl.example"}, "ALB_URL contains a user name or password"),
        ({"HEALTH_PATH": " "}, "HEALTH_PATH is missing"),
        ({"HEALTH_PATH": "resourceService"}, "HEALTH_PATH is not the path of the health check"),
        ({"HEALTH_PATH": "/a b"}, "HEALTH_PATH is not"),
        ({"DEADLINE_SECONDS": "0"}, "DEADLINE_SECONDS is not a number of seconds above 0: '0'"),
        ({"DEADLINE_SECONDS": "nan"}, "DEADLINE_SECONDS is not"),
        ({"DEADLINE_SECONDS": "1e9"}, "DEADLINE_SECONDS is not"),
        ({"CONSECUTIVE_SUCCESSES": "0"}, "CONSECUTIVE_SUCCESSES is not a whole number from 1: '0'"),
        ({"CONSECUTIVE_SUCCESSES": "2.5"}, "CONSECUTIVE_SUCCESSES is not"),
        ({"ENVIRONMENT_REGION": "Frankfurt"}, "ENVIRONMENT_REGION is not the environment's region"),
        ({"ENVIRONMENT_REGION": "us-east-1"}, "TARGET_GROUP_ARN is not in ENVIRONMENT_REGION"),
        ({"ENVIRONMENT_REGION": "us-east-1"}, "TASK_DEFINITION_ARN is not in ENVIRONMENT_REGION"),
        ({"CLUSTER_NAME": ""}, "CLUSTER_NAME is missing: the name of the ECS cluster"),
        ({"SERVICE_NAME": "a/b"}, "SERVICE_NAME is not the name of the ECS service: 'a/b'"),
        ({"TARGET_GROUP_ARN": "yawl"}, "TARGET_GROUP_ARN is not the ARN of the load balancer's target group"),
        ({"TASK_DEFINITION_ARN": "yawl-dev:7"}, "TASK_DEFINITION_ARN is not the ARN of the released task definition"),
        ({"ALARM_NAME_PREFIX": ""}, "ALARM_NAME_PREFIX is missing"),
        ({"STACK_NAMES": "one, two"}, "STACK_NAMES is not the names of the environment's stacks"),
        ({"DATABASE_MULTI_AZ": "yes"}, "DATABASE_MULTI_AZ is not whether the database has a standby in another zone"),
        ({"CACHE_NODES": "two"}, "CACHE_NODES is not how many nodes the cache has: 'two'"),
        ({"CACHE_SNAPSHOT_DAYS": ""}, "CACHE_SNAPSHOT_DAYS is missing: for how many days"),
        ({"ORIGIN_SECRET_ARN": "secret"}, "ORIGIN_SECRET_ARN is not the ARN of the origin's secret"),
        ({"INTEGRATION_TEST_ROLE_ARN": "yawl-dev"}, "INTEGRATION_TEST_ROLE_ARN is not the ARN of a role to assume"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS_ENDPOINT_URL is not an address"),
    ],
)
def test_invalid_variable_is_reported(variables: dict[str, str], named: str) -> None:
    given = HTTP | ACCOUNT | variables
    mistakes = read_http_variables(given)[1] + read_account_variables(given)[1]
    assert any(mistake.startswith(named) for mistake in mistakes), mistakes
    assert not any("hidden" in mistake for mistake in mistakes)


def environment_of_a_build(variables: dict[str, str]) -> dict[str, str]:
    """Return this environment with only these variables of the integration tests."""
    ours = (
        *HTTP,
        *ACCOUNT,
        "ENVIRONMENT",
        "DEADLINE_SECONDS",
        "CONSECUTIVE_SUCCESSES",
        "AWS_ENDPOINT_URL",
        *PROXY_VARIABLES,
    )
    return {name: value for name, value in os.environ.items() if name not in ours} | variables | BUILD


def test_missing_variables_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with patch.dict(os.environ, environment_of_a_build({"ALB_URL": "yawl.example"}), clear=True):
        exit_code = pytest.main([str(ROOT / "integration_tests"), "--capture=no"])
    assert exit_code == pytest.ExitCode.USAGE_ERROR
    output = capsys.readouterr()
    for name in ("ALB_URL", "HEALTH_PATH", *ACCOUNT):
        assert (f"\n{name} is " in output.err) == (name != "INTEGRATION_TEST_ROLE_ARN")
    assert "Traceback" not in output.out + output.err


def test_failing_run_shows_each_failure_once(tmp_path: Path) -> None:
    report, summary = tmp_path / "report.xml", tmp_path / "folder" / "summary.txt"
    faulty = respond(503, b"no database")
    with serve(healthy(), faulty, healthy(), faulty, elsewhere=respond(403)) as server:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "integration_tests",
                "-m",
                "http",
                f"--junitxml={report}",
                f"--summary={summary}",
            ],
            cwd=ROOT,
            env=environment_of_a_build(HTTP | {"ALB_URL": server.url, "ENVIRONMENT": "dev"}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert ended.stdout.count("The health path is flapping") == 2
    assert ended.stdout.count("failed again. (see above)") == 1
    assert "'no database'" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "integration_tests/http_checks.py" not in ended.stdout
    assert "1 failed, 1 passed, " in ended.stdout
    assert ", 1 error in " in ended.stdout
    [line] = summary.read_text().splitlines()
    assert re.fullmatch(r"dev: 2 failed, 1 passed, \d skipped in \d+\.\d s", line)
    assert line in ended.stdout
    cases = {case.get("name"): case for case in ET.parse(report).iter("testcase")}  # noqa: S314  # written above
    assert len([case for case in cases.values() if case.find("skipped") is None]) == 3
    assert "503 Service Unavailable" in (cases["test_health_path_responds"].findtext("failure") or "")


def test_last_report_of_a_test_has_its_remarks(tmp_path: Path) -> None:
    """Reports repeat what the ones before had; the teardown's may have more."""
    summary = Summary("dev", tmp_path / "summary.txt", clock=FakeClock())
    remarks = [(REMARK, "one"), (P99, 0.031), (REMARK, "two")]
    for number, when in enumerate(("setup", "call", "teardown"), 1):
        report: Any = SimpleNamespace(
            when=when, passed=True, outcome="passed", nodeid="a", user_properties=remarks[:number]
        )
        summary.pytest_runtest_logreport(report)
    printed: list[str] = []
    terminal: Any = SimpleNamespace(write_line=printed.append)
    summary.pytest_terminal_summary(terminal)
    line = "dev: 1 passed in 0.0 s, p99 31 ms, 2 remarks"
    assert printed == ["remark: one", "remark: two", line]
    assert (tmp_path / "summary.txt").read_text() == f"{line}\n"


def test_summary_is_written_as_it_was_printed(tmp_path: Path) -> None:
    terminal, file = Mock(pytest.TerminalReporter), tmp_path / "summary.txt"
    Summary("dev", file, clock=FakeClock(tick=0.25)).pytest_terminal_summary(terminal)
    terminal.write_line.assert_called_once_with("dev: no test ran in 0.2 s")
    assert file.read_text() == "dev: no test ran in 0.2 s\n"


def test_passing_run_reports_response_times(tmp_path: Path) -> None:
    summary = tmp_path / "summary.txt"
    with serve(healthy(), elsewhere=respond(403)) as server:
        named = {"ALB_URL": server.url, "ENVIRONMENT": "dev", "P99_LIMIT_SECONDS": "30"}
        with patch.dict(os.environ, environment_of_a_build(HTTP | named), clear=True):
            exit_code = pytest.main([str(ROOT / "integration_tests"), "-m", "http", f"--summary={summary}"])
    assert exit_code == pytest.ExitCode.OK
    assert re.fullmatch(r"dev: 3 passed, \d skipped in \d+\.\d s, p99 \d+ ms\n", summary.read_text())


def test_folder_has_no_imports_from_the_project() -> None:
    allowed = sys.stdlib_module_names | {"boto3", "botocore", "httpx", "integration_tests", "pytest"}
    for file in (ROOT / "integration_tests").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert {name.partition(".")[0] for name in names} <= allowed, file

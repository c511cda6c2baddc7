"""Reads the variables before the first test, shares clients between tests, and reports failures without tracebacks."""

import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from integration_tests.account import Account, sign_in
from integration_tests.account_variables import AccountVariables, read_account_variables
from integration_tests.credentials import ORIGIN_HEADER, read_engine_credentials, read_origin_secret
from integration_tests.engine import Credentials, Engine
from integration_tests.failure import CheckFailed, log_page
from integration_tests.http_checks import health_path_responds
from integration_tests.http_client import HttpClient
from integration_tests.http_variables import HttpVariables, read_http_variables
from integration_tests.secret_values import SecretValues
from integration_tests.service_checks import count_healthy_targets
from integration_tests.summary import Summary
from integration_tests.waiting import Deadline

_http = pytest.StashKey[HttpVariables]()
_shown = pytest.StashKey[set[str]]()
_secret_values = pytest.StashKey[SecretValues]()
_account = pytest.StashKey[AccountVariables]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the summary file."""
    parser.addoption("--summary", type=Path, metavar="FILE", help="write a one-line summary to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, which a run of this folder alone needs, and show each failure once."""
    config.addinivalue_line("markers", "http: needs only the load balancer's address")
    config.addinivalue_line("markers", "aws: reads the environment's account through AWS APIs")
    config.option.reportchars = ""
    config.stash[_shown] = set()
    config.stash[_secret_values] = SecretValues()
    environment = os.environ.get("ENVIRONMENT") or "the environment"
    config.pluginmanager.register(Summary(environment, config.getoption("--summary")))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Read the variables that the selected tests need; with a mistake in any of them, list all and run nothing."""
    if session.config.option.collectonly or not session.items:
        return
    stash = session.config.stash
    stash[_http], mistakes = read_http_variables(os.environ)
    if any(item.get_closest_marker("aws") for item in session.items):
        stash[_account], more = read_account_variables(os.environ)
        mistakes += more
    if mistakes:
        raise pytest.UsageError("\n".join(["wrong environment variables:", *mistakes]))


def _log_page(account: AccountVariables) -> str:
    return log_page(region=account.region, cluster=account.cluster_name, service=account.service_name)


@contextmanager
def _failure_without_traceback(config: pytest.Config) -> Generator[None, None, None]:
    """Report a failed check without a traceback (unless `--full-trace` is set), and in full only once."""
    try:
        yield
    except CheckFailed as failure:
        whole = text = config.stash[_secret_values].hide(str(failure))
        if whole in config.stash[_shown]:
            text = whole.partition("\n")[0] + " (see above)"
        config.stash[_shown].add(whole)
        raise pytest.fail.Exception(text, pytrace=config.option.fulltrace) from None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Report a failed check of a test."""
    with _failure_without_traceback(pyfuncitem.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Report a failed check of a fixture."""
    with _failure_without_traceback(request.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Mask secrets in everything else that is reported: unexpected errors, output and logs."""
    report = yield
    secret_values = item.config.stash[_secret_values]
    report.sections = [(name, secret_values.hide(text)) for name, text in report.sections]
    if secret_values.hide(report.longreprtext) != report.longreprtext:
        report.longrepr = secret_values.hide(report.longreprtext)
    return report


@pytest.fixture(scope="session")
def secret_values(pytestconfig: pytest.Config) -> SecretValues:
    """Return the secrets to mask, to which code adds the secrets it reads."""
    return pytestconfig.stash[_secret_values]


@pytest.fixture(scope="session")
def variables(pytestconfig: pytest.Config) -> HttpVariables:
    """Return the variables of the HTTP checks."""
    return pytestconfig.stash[_http]


@pytest.fixture(scope="session")
def account_variables(pytestconfig: pytest.Config) -> AccountVariables:
    """Return the variables of the AWS checks."""
    return pytestconfig.stash[_account]


@pytest.fixture(scope="session")
def deadline(variables: HttpVariables) -> Deadline:
    """Return the deadline of the whole run."""
    return Deadline(seconds=variables.deadline_seconds)


@pytest.fixture(scope="session")
def load_balancer(variables: HttpVariables, secret_values: SecretValues) -> HttpClient:
    """Return the load balancer, without the secret header."""
    return HttpClient(variables.alb_url, secret_values=secret_values)


@pytest.fixture(scope="session")
def unguessable() -> str:
    """Return a segment of a path that no earlier run requested, and no rule can name."""
    return secrets.token_hex(8)


@pytest.fixture(scope="session")
def health_failure(
    pytestconfig: pytest.Config, load_balancer: HttpClient, variables: HttpVariables, deadline: Deadline
) -> CheckFailed | None:
    """Wait for the health path, once; return the failure, if any."""
    account = pytestconfig.stash.get(_account, None)
    try:
        health_path_responds(
            load_balancer,
            path=variables.health_path,
            consecutive=variables.consecutive_successes,
            deadline=deadline,
            released=variables.released_version,
            next_steps=[_log_page(account)] if account else [],
        )
    except CheckFailed as failure:
        return failure
    return None


@pytest.fixture
def healthy(health_failure: CheckFailed | None) -> None:
    """Fail at once if the application is not healthy: further checks would only wait for it in vain."""
    if health_failure:
        raise health_failure


@pytest.fixture(scope="session")
def distribution(variables: HttpVariables, secret_values: SecretValues) -> HttpClient:
    """Return the distribution, as users reach it."""
    if not variables.distribution_url:
        pytest.skip("DISTRIBUTION_URL is not set: CloudFront is not tested")
    return HttpClient(variables.distribution_url, secret_values=secret_values)


@pytest.fixture(scope="session")
def distribution_failure(
    distribution: HttpClient, variables: HttpVariables, deadline: Deadline, health_failure: CheckFailed | None
) -> CheckFailed | None:
    """Wait for the health path through CloudFront, once; return the failure, if any."""
    if health_failure:
        return health_failure
    try:
        health_path_responds(
            distribution,
            path=variables.health_path,
            consecutive=variables.consecutive_successes,
            deadline=deadline,
            released=variables.released_version,
            through="The health path through CloudFront",
        )
    except CheckFailed as failure:
        return failure
    return None


@pytest.fixture
def through_cloudfront(distribution_failure: CheckFailed | None) -> None:
    """Fail at once if the distribution is not healthy."""
    if distribution_failure:
        raise distribution_failure


@pytest.fixture(scope="session")
def signed_in(
    account_variables: AccountVariables, variables: HttpVariables, deadline: Deadline
) -> Account | CheckFailed:
    """Sign in to the environment's account, once."""
    try:
        return sign_in(account_variables, environment=variables.environment, deadline=deadline)
    except CheckFailed as failure:
        return failure


@pytest.fixture
def account(signed_in: Account | CheckFailed) -> Account:
    """Return the environment's account; fail the test if signing in failed."""
    if isinstance(signed_in, CheckFailed):
        raise signed_in
    return signed_in


@pytest.fixture
def engine(
    account: Account,
    account_variables: AccountVariables,
    variables: HttpVariables,
    secret_values: SecretValues,
    deadline: Deadline,
) -> Engine:
    """Return the engine as the distribution reaches it: through the load balancer, with the secret header."""
    arn = account_variables.origin_secret_arn
    if not arn:
        pytest.skip("ORIGIN_SECRET_ARN is not set: the engine is not tested")
    origin_secret = read_origin_secret(
        account.secretsmanager,
        arn=arn,
        region=account_variables.region,
        secret_values=secret_values,
        deadline=deadline,
    )
    return Engine(HttpClient(variables.alb_url, secret_values=secret_values, headers={ORIGIN_HEADER: origin_secret}))


@pytest.fixture
def engine_credentials(
    account: Account, account_variables: AccountVariables, secret_values: SecretValues, deadline: Deadline
) -> Credentials:
    """Return the credentials of the engine's administrator."""
    arn = account_variables.engine_credentials_arn
    if not arn:
        pytest.skip("ENGINE_CREDENTIALS_ARN is not set: the engine is not tested")
    return read_engine_credentials(
        account.secretsmanager,
        arn=arn,
        region=account_variables.region,
        secret_values=secret_values,
        deadline=deadline,
    )


@pytest.fixture
def log_link(account_variables: AccountVariables) -> str:
    """Return the console's page with the service's logs."""
    return _log_page(account_variables)


@pytest.fixture
def healthy_targets(account: Account, account_variables: AccountVariables, deadline: Deadline) -> Callable[[], int]:
    """Return a function that counts the healthy targets of the load balancer."""
    return partial(
        count_healthy_targets,
        account.elbv2,
        target_group_arn=account_variables.target_group_arn,
        region=account_variables.region,
        deadline=deadline,
    )

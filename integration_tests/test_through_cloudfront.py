"""Tests through CloudFront after a deployment. Skipped if DISTRIBUTION_URL is not set."""

from urllib.parse import urlsplit

import pytest

from integration_tests import distribution_checks as checks
from integration_tests.http_client import HttpClient
from integration_tests.http_variables import HttpVariables
from integration_tests.secret_values import SecretValues
from integration_tests.waiting import Deadline

pytestmark = [pytest.mark.http, pytest.mark.usefixtures("through_cloudfront")]


def test_health_path_responds_through_cloudfront() -> None:
    """The application is healthy over HTTPS, several times in a row."""


def test_http_redirects_to_https(
    variables: HttpVariables, distribution: HttpClient, secret_values: SecretValues, deadline: Deadline
) -> None:
    """HTTP requests are redirected to HTTPS."""
    plain = urlsplit(distribution.url)._replace(scheme="http", netloc=urlsplit(distribution.url).hostname or "")
    checks.redirects_to_https(
        HttpClient(plain.geturl(), secret_values=secret_values), path=variables.health_path, deadline=deadline
    )


def test_security_headers_are_set(variables: HttpVariables, distribution: HttpClient, deadline: Deadline) -> None:
    """Responses have the security headers."""
    checks.has_security_headers(distribution, path=variables.health_path, deadline=deadline)


def test_engine_api_is_closed(
    variables: HttpVariables, distribution: HttpClient, unguessable: str, deadline: Deadline
) -> None:
    """The engine's API is not on the internet, unless the environment opens it."""
    if variables.open_engine_api:
        pytest.skip("OPEN_ENGINE_API is true: this environment opens the engine's API")
    checks.engine_api_is_closed(distribution, unguessable=unguessable, deadline=deadline)


def test_dynamic_responses_are_not_cached(
    variables: HttpVariables, distribution: HttpClient, deadline: Deadline
) -> None:
    """Health responses are never cached."""
    checks.dynamic_responses_are_not_cached(distribution, path=variables.health_path, deadline=deadline)


def test_static_content_is_cached(variables: HttpVariables, distribution: HttpClient, deadline: Deadline) -> None:
    """Static content is served, the second time from the cache."""
    checks.static_content_is_cached(distribution, path=variables.static_path, deadline=deadline)


def test_static_bucket_denies_direct_reads(
    variables: HttpVariables, secret_values: SecretValues, deadline: Deadline
) -> None:
    """The bucket cannot be read without CloudFront."""
    if not variables.static_bucket_url:
        pytest.skip("STATIC_BUCKET is not set: S3 is not tested")
    bucket = HttpClient(variables.static_bucket_url, secret_values=secret_values)
    checks.bucket_denies_reads(bucket, path=variables.static_path, deadline=deadline)

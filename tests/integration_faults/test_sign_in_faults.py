"""Accounts that cannot be read, and the resulting failures."""

import pytest

from tests.faulty_http_server import hang, respond, serve
from tests.integration_faults.environment_under_test import EnvironmentUnderTest
from tests.integration_faults.matrix import Recorder

REFUSED = b"""<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to assume it</Message></Error>
<RequestId>0123</RequestId></ErrorResponse>"""


@pytest.mark.fault("the role of the tests may not be assumed", caught_by="test_service_is_stable")
def test_role_that_cannot_be_assumed(dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    recorder.green(lambda: dev.sign_in(10))
    with serve(
        respond(403, REFUSED, content_type="text/xml"), method="POST", path="/", elsewhere=respond(404)
    ) as server:
        text = recorder.red(lambda: dev.sign_in(endpoint=server.url), message="AccessDenied from AssumeRole")
    assert f"sts:AssumeRole {dev.variables.integration_test_role_arn}" in text


@pytest.mark.fault("AWS does not answer", caught_by="test_service_is_stable")
def test_unreachable_account(dev: EnvironmentUnderTest, recorder: Recorder) -> None:
    recorder.green(lambda: dev.sign_in(10))
    with serve(hang(), method="POST", path="/", elsewhere=respond(404)) as server:
        recorder.red(lambda: dev.sign_in(endpoint=server.url), message="ReadTimeoutError")
    assert len(server.requests) == 1, "the deadline has passed during the first, so that the verdict is not late"

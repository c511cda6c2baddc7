"""An account that cannot be read, and the verdict on it."""

import time

import pytest

from tests.fault_server import Behaviour, answer, hang, serve
from tests.faults.environment_under_test import EnvironmentUnderTest
from tests.faults.matrix import Recorder

REFUSED = b"""<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to assume it</Message></Error>
<RequestId>0123</RequestId></ErrorResponse>"""


@pytest.mark.parametrize(
    ("behaviour", "naming"),
    [
        pytest.param(
            answer(403, REFUSED, content_type="text/xml"),
            "AccessDenied from AssumeRole",
            marks=pytest.mark.fault("the role of the tests may not be assumed", caught_by="test_service_is_steady"),
        ),
        pytest.param(
            hang(),
            "ReadTimeoutError",
            marks=pytest.mark.fault("AWS does not answer", caught_by="test_service_is_steady"),
        ),
    ],
)
def test_an_account_that_cannot_be_read(
    behaviour: Behaviour, naming: str, dev: EnvironmentUnderTest, recorder: Recorder
) -> None:
    recorder.green(lambda: dev.sign_in(10))
    start = time.monotonic()
    with serve(behaviour, path="/", elsewhere=answer(404)) as server:
        text = recorder.red(lambda: dev.sign_in(endpoint=server.url), naming=naming)
    assert f"sts:AssumeRole {dev.told.verifier_role_arn}" in text
    assert time.monotonic() - start < 8, "one call is under way when the deadline has passed, and no other follows"

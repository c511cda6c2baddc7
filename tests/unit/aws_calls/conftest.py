"""The AWS of these tests."""

from collections.abc import Iterator

import pytest

from tests.aws_answers import FakeAws, fake_aws


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with fake_aws() as fake:
        yield fake

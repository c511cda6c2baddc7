"""A plug-in for a run of the integration tests: writes down which AWS calls they make.

`-p tests.rehearsal.emulator.call_recorder --calls=FILE`: each line of the file is the IAM action that a call needs.
"""

from pathlib import Path
from typing import Any

import boto3
import pytest

PREFIXES = {"monitoring": "cloudwatch"}
"""Services whose IAM prefix is not the name that their requests are signed with."""

_calls: set[str] = set()


class RecordedSession(boto3.Session):
    """A session whose clients tell their calls."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.events.register("before-call", _record)


def _record(model: Any, **_: object) -> None:
    signed_as = model.service_model.signing_name
    _calls.add(f"{PREFIXES.get(signed_as, signed_as)}:{model.name}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the test say where the calls go."""
    parser.addoption("--calls", type=Path)


def pytest_configure() -> None:
    """Have every session from now on recorded."""
    pytest.MonkeyPatch().setattr(boto3, "Session", RecordedSession)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the calls down."""
    session.config.getoption("--calls").write_text("\n".join(sorted(_calls)))

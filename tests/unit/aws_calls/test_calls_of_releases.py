"""What `make releases` makes of each answer of AWS."""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.aws_answers import FakeAws
from tests.aws_calls import Call, Errors, Exit, calls, calls_in, sources
from tests.paths import ROOT
from tools.releases.__main__ import main

NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RECORD: Final = (
    b'{"environment": "dev", "regions": ["us-east-1"], "released": "2026-11-24T12:00:00+00:00", "commit": "1a2b",'
    b' "title": "Fix it", "author": "Ada", "approver": "", "images": [], "tests": [], "templates": {},'
    b' "execution": "one", "rolled_back_from": ""}'
)
VALUES: Final[Mapping[str, Any]] = {
    "describe_stacks": {"Stacks": [{"Outputs": [{"OutputKey": "ReleaseRecordBucket", "OutputValue": "records"}]}]},
    "list_objects_v2": {"Contents": [{"Key": "dev/2026.json"}]},
    "get_object": lambda _: {"Body": io.BytesIO(RECORD)},
    "list_pipeline_executions": {"pipelineExecutionSummaries": []},
}


def releases(*arguments: str) -> Callable[[], Exit]:
    def run() -> Exit:
        with pytest.MonkeyPatch.context() as patch:
            # Its region is the one in `delivery.toml`.
            patch.chdir(ROOT)
            return Exit(main(arguments))

    return run


ROWS: Final[list[Call]] = [
    *calls(
        "tools/releases/records.py",
        releases(),
        VALUES,
        Errors("^exit 2:.*releases: the stack yawl-delivery cannot be read: {told}.* [Tt]ry "),
        describe_stacks=(
            (400, "ValidationError", "Stack with id yawl-delivery does not exist"),
            "^exit 2:.*it does not exist in this account and region",
        ),
    ),
    *calls(
        "tools/releases/records.py",
        releases(),
        VALUES,
        Errors("^exit 2:.*releases: the records in records cannot be read: {told}.* [Tt]ry "),
        list_objects_v2=({}, "^exit 1:.*No release found"),
        # Just listed, so it must be there. Who may not list gets AccessDenied for a missing object.
        get_object=((404, "NoSuchKey", "The specified key does not exist."), "^exit 2:.*NoSuchKey"),
    ),
    *calls(
        "tools/releases/delivery.py",
        releases("--page", str(Path("/dev/null"))),
        VALUES,
        Errors("^exit 2:.*releases: the pipeline yawl-delivery cannot be read: {told}.* [Tt]ry "),
        get_pipeline=((400, "PipelineNotFoundException", "no such pipeline"), "^exit 2:.*PipelineNotFoundException"),
    ),
]
CASES: Final = [(row, kind) for row in ROWS for kind in row.kinds]


@pytest.mark.parametrize(("row", "kind"), CASES, ids=[f"{row.file}-{row.operation}-{kind}" for row, kind in CASES])
def test_answers_are_told_apart(row: Call, kind: str, aws: FakeAws) -> None:
    row.check(kind, aws)


def test_every_call_has_a_row() -> None:
    assert calls_in(sources("tools/releases")) == {(row.file, row.operation) for row in ROWS}

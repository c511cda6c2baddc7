"""Whatever bytes `delivery.toml` contains, synthesis goes on or exits with 2 and a line for each mistake."""

import contextlib
import io
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import given

from tests.examples import examples
from tests.unit.settings.edited_text import edited_files


class AcceptedError(Exception):
    """The settings were accepted: synthesis would begin."""


@pytest.fixture(scope="module", autouse=True)
def _no_synthesis(tmp_path_factory: pytest.TempPathFactory) -> Generator[None, None, None]:
    import pipeline_app

    def accept(**_: object) -> None:
        raise AcceptedError

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("edited"))
        patch.setattr(pipeline_app, "App", accept)
        yield


@examples(200)
@given(content=edited_files())
def test_edited_text_goes_on_or_exits_with_2(content: bytes) -> None:
    from pipeline_app import main

    Path("delivery.toml").write_bytes(content)
    code: object = None
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        try:
            main()
        except AcceptedError:
            code = 0
        except SystemExit as stopped:
            code = stopped.code
    lines = printed.getvalue().splitlines()
    assert code == 0 or (code == 2 and lines)
    assert all(line.startswith("delivery.toml: " if code else "warning: delivery.toml: ") for line in lines)

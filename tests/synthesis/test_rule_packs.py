"""The rule packs find nothing in the templates of other settings than the example's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Settings
from tests.unit.built_image import path_without_docker
from tests.unit.other_settings import elsewhere, small, synthesize


@pytest.mark.parametrize("other", [elsewhere, small])
def test_rule_packs_have_no_findings(
    settings: Settings, other: Callable[[Settings], Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    monkeypatch.setenv("PATH", path_without_docker(tools))
    # A finding makes the synthesis fail.
    synthesize(other(settings), tmp_path / "assembly", rule_packs=True)

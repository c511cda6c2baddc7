"""What the settings accept synthesizes, whatever values a user combines: of dev alone, without validators."""

import copy
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, note

from cloud_assembly import read
from cloud_assembly.limits import exceeded
from settings import Settings
from settings.load import report
from settings.validation.toml_format import Path as Keys
from tests.examples import examples
from tests.unit.built_image import path_without_docker
from tests.unit.other_settings import synthesize
from tests.unit.settings.edited_values import edited_values, put
from tests.unit.settings_file import delivery_toml

DEV_ALONE = delivery_toml("no environments.prod.account\nno environments.prod.region")


@pytest.fixture(scope="module", autouse=True)
def _no_docker(tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.MonkeyPatch().setenv("PATH", path_without_docker(tmp_path_factory.mktemp("bin")))


# A synthesis takes seconds.
@examples(6, long=300)
@given(values=edited_values(at_most=8))
def test_accepted_values_synthesize_within_limits(values: dict[Keys, object]) -> None:
    table: dict[str, Any] = tomllib.loads(DEV_ALONE)
    for path, value in values.items():
        put(table, path, copy.deepcopy(value))
    settings = Settings.model_validate(table, context=Settings)
    assume(not report(settings, table))
    note(str(table))
    with TemporaryDirectory() as folder:
        assert list(exceeded(read(synthesize(settings, Path(folder)).folder))) == []

"""Whatever a file contains, it is accepted, or refused with a line for each mistake: path, value and reason.

`make check ARGS='-k settings_edits --hypothesis-profile=long'` tries 5,000 new examples of each kind.
"""

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_assembly.settings_file import SettingsFileError, read_settings_file
from settings import Settings, SettingsError, load
from settings.load import report
from settings.validation.toml_format import Path as Keys
from tests.examples import examples
from tests.unit.settings.edited_text import FILES, PIECES, RICH, edited_files, with_piece
from tests.unit.settings.edited_values import KEYS, edited_values, put
from tests.unit.settings.report_form import malformed
from tests.unit.settings_file import delivery_toml


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the examples are written, one after the other."""
    return tmp_path_factory.mktemp("edited") / "delivery.toml"


@pytest.mark.parametrize("text", FILES, ids=["example", "rich"])
def test_unedited_files_are_valid(text: bytes, file: Path) -> None:
    file.write_bytes(text)
    load(file)


def lines_of(file: Path) -> tuple[str, ...]:
    """Return what is wrong with a file; of one that is accepted, also ask for the warnings, as each synthesis does."""
    try:
        settings = load(file)
    except SettingsError as error:
        return error.problems
    assert all(line.isprintable() for line in settings.warnings())
    return ()


@examples(200)
@given(content=edited_files())
def test_edited_text_is_accepted_or_refused_with_path_value_and_reason(content: bytes, file: Path) -> None:
    is_accepted_or_refused_in_form(content, file)


def test_each_piece_is_accepted_or_refused_with_path_value_and_reason(file: Path) -> None:
    for piece in PIECES:
        for content in with_piece(RICH, piece):
            is_accepted_or_refused_in_form(content, file)


def is_accepted_or_refused_in_form(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    lines = lines_of(file)
    assert all(line.startswith(f"{file}: ") for line in lines)
    problems = [line.removeprefix(f"{file}: ") for line in lines]
    try:
        table = read_settings_file(file)
    except SettingsFileError:
        assert len(problems) == 1
        assert re.fullmatch(r"(is|has) .{5,300}", problems[0])
        assert problems[0].isprintable()
    else:
        assert malformed(problems, table) == []


_WILD: st.SearchStrategy[object] = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=200) | st.datetimes() | st.dates() | st.times(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=150), values, max_size=3),
    max_leaves=5,
)
_ANYWHERE = st.sampled_from(list(KEYS)).flatmap(
    lambda path: st.integers(1, len(path)).map(lambda length: path[:length])
) | st.tuples(st.just("environments"), st.text(max_size=60), st.sampled_from([path[-1] for path in KEYS]))
"""The path of a key, of a table, or of another environment."""


@examples(200)
@given(
    meant=edited_values(at_most=4),
    wild=st.lists(st.tuples(_ANYWHERE, _WILD), max_size=2),
)
def test_edited_values_are_accepted_or_refused_with_path_value_and_reason(
    meant: dict[Keys, object], wild: list[tuple[Keys, object]]
) -> None:
    table: dict[str, Any] = tomllib.loads(delivery_toml(""))
    for path, value in (*meant.items(), *wild):
        put(table, path, copy.deepcopy(value))
    read = Settings.model_validate(table, context=Settings)
    lines = report(read, table)
    assert malformed(lines, table) == []
    try:
        settings = Settings.model_validate(table)
    except ValidationError:
        assert lines
    else:
        assert not lines
        assert all(line.isprintable() for line in settings.warnings())

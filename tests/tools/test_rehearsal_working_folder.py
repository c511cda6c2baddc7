"""Where rehearsals work: paths that come again, one for each that is under way."""

import contextlib
from pathlib import Path

import pytest

from rehearsal import working_folder as subject
from rehearsal.errors import RehearsalError
from rehearsal.working_folder import working_folder


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


def test_the_next_has_the_same_path_and_finds_it_empty() -> None:
    with working_folder() as (first, _):
        (first / "left").touch()
    assert not first.exists()
    with working_folder() as (second, _):
        assert second == first
        assert list(second.iterdir()) == []


def test_those_at_the_same_time_have_paths_that_come_again_too() -> None:
    rounds: list[list[Path]] = []
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            rounds.append([stack.enter_context(working_folder())[0] for _ in range(3)])
    assert len(set(rounds[0])) == 3
    assert rounds[0] == rounds[1]


def test_what_is_not_ours_is_passed_by() -> None:
    with working_folder() as (usual, _):
        pass
    usual.write_text("somebody's file")
    with working_folder() as (other, _):
        assert other != usual
    assert usual.read_text() == "somebody's file"


def test_too_many_are_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "AT_ONCE", 1)
    with working_folder(), pytest.raises(RehearsalError, match="1 rehearsals are under way"), working_folder():
        pass

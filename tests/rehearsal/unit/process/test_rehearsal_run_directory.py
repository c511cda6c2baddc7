"""Where rehearsals work: paths that come again, one for each that is under way."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.process import bytecode
from rehearsal.process import run_directory as subject
from rehearsal.process.run_directory import cache, run_directory
from tests.paths import ROOT


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "memory").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(subject, "SHARED_MEMORY", tmp_path / "memory")
    monkeypatch.setattr(subject, "MEMORY_INFO", tmp_path / "meminfo")
    monkeypatch.delenv("TMPDIR", raising=False)
    memory_is_available(tmp_path, subject.REQUIRED_BYTES)


def memory_is_available(folder: Path, size: int) -> None:
    """What the system says of it."""
    (folder / "meminfo").write_text(f"MemFree: 1 kB\nMemAvailable:   {size // 1024} kB\n")


def test_path_is_reused_and_empty() -> None:
    with run_directory() as first:
        (first / "left").touch()
    assert not first.exists()
    with run_directory() as second:
        assert second == first
        assert list(second.iterdir()) == []


KILLED = """
import time
from rehearsal.process.run_directory import run_directory

with run_directory() as folder, run_directory() as second:
    (folder / "left").touch()
    print(folder, second, sep="\\n", flush=True)
    time.sleep(60)
"""


def test_leftovers_of_killed_runs_are_deleted(
    tmp_path: Path,
) -> None:
    (tmp_path / "elsewhere").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "elsewhere"), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], env=environment, stdout=subprocess.PIPE, text=True
    ) as rehearsal:
        assert rehearsal.stdout is not None
        left = [Path(rehearsal.stdout.readline().strip()) for _ in range(2)]
        with run_directory() as other:
            assert other not in left
            assert all(folder.is_dir() for folder in left), "a rehearsal that is running keeps its own"
        rehearsal.kill()
    assert all(folder.is_dir() for folder in left)
    with run_directory() as following:
        assert following.parent == tmp_path / "memory"
        assert not any(folder.exists() for folder in left)


def test_concurrent_runs_have_stable_paths() -> None:
    rounds: list[list[Path]] = []
    for _ in range(2):
        with contextlib.ExitStack() as stack:
            rounds.append([stack.enter_context(run_directory()) for _ in range(3)])
    assert len(set(rounds[0])) == 3
    assert rounds[0] == rounds[1]


def test_other_users_have_other_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The locks are there, and what one holds the other would remove."""
    with run_directory() as first:
        (first / "work").touch()
        monkeypatch.setenv("HOME", str(tmp_path / "other"))
        with run_directory() as second:
            assert second != first
        assert (first / "work").exists()


def test_foreign_folders_are_left_alone() -> None:
    with run_directory() as usual:
        pass
    usual.write_text("somebody's file")
    with run_directory() as other:
        assert other != usual
    assert usual.read_text() == "somebody's file"


def test_too_many_runs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_REHEARSALS", 1)
    with run_directory(), pytest.raises(RehearsalError, match="1 rehearsals are running"), run_directory():
        pass


def test_memory_is_used_if_there_is_enough(tmp_path: Path) -> None:
    with run_directory() as folder:
        assert folder.parent == tmp_path / "memory"


def test_tmpdir_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    with run_directory() as folder:
        assert folder.parent == tmp_path / "tmp"


def test_disk_is_used_if_memory_is_scarce(tmp_path: Path) -> None:
    memory_is_available(tmp_path, subject.REQUIRED_BYTES - 1024)
    with run_directory() as folder:
        assert folder.parent == tmp_path / "tmp"


@pytest.mark.parametrize(("free", "flag"), [(subject.REQUIRED_BYTES - 1, 0), (subject.REQUIRED_BYTES, os.ST_NOEXEC)])
def test_disk_is_used_if_shared_memory_is_small_or_noexec(
    free: int, flag: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ContainerTasks have 64 MB of it, from which nothing may be run."""
    found = SimpleNamespace(f_flag=flag, f_frsize=1, f_bavail=free)

    def statvfs(_: Path) -> SimpleNamespace:
        return found

    monkeypatch.setattr(os, "statvfs", statvfs)
    with run_directory() as folder:
        assert folder.parent == tmp_path / "tmp"


@pytest.mark.parametrize("missing", ["memory", "meminfo"])
def test_disk_is_used_without_shared_memory(missing: str, tmp_path: Path) -> None:
    (tmp_path / missing).rename(tmp_path / "elsewhere")
    with run_directory() as folder:
        assert folder.parent == tmp_path / "tmp"


@pytest.mark.parametrize(("size", "is_kept"), [(500_000, True), (1_500_000, False)])
def test_cache_of_compiled_python_is_limited(size: int, is_kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "MOST_BYTES", 1_000_000)
    compiled = cache() / bytecode.FOLDER / "tmp/old/build/module.pyc"
    left = cache() / "removed-bytecode-of-a-killed-run/module.pyc"
    for file in (compiled, left):
        file.parent.mkdir(parents=True)
        file.write_bytes(bytes(size))
    (cache() / "uv").mkdir()
    with run_directory():
        assert compiled.exists() is is_kept
    assert {file.name for file in cache().iterdir()} == {"uv", "lock", *(["bytecode"] if is_kept else [])}


READ_ONLY = "/dev/null"
"""Below it, nobody can create a folder; a folder without permissions would not stop root."""


def test_what_rehearsals_share_is_in_the_home_folder(tmp_path: Path) -> None:
    assert cache() == tmp_path / "home/.cache/rehearsal"


def test_where_the_home_folder_is_read_only_the_temporary_one_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", READ_ONLY)
    assert cache() == tmp_path / f"tmp/rehearsal-cache-{os.getuid()}"
    assert cache().stat().st_mode & 0o777 == 0o700
    with run_directory() as folder:
        assert folder.is_dir()


def test_where_nothing_can_be_written_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", READ_ONLY)
    monkeypatch.setattr("tempfile.tempdir", READ_ONLY)
    with pytest.raises(RehearsalError, match="set TMPDIR to a folder of your own"), run_directory():
        pass

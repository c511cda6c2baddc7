"""Artifacts: what one action packs, the next one finds, byte for byte and mode for mode."""

import subprocess
from pathlib import Path

import pytest

from rehearsal.engine.artifacts import ArtifactNotFound, Artifacts


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "store")


def test_contents_and_modes_are_kept(artifacts: Artifacts, tmp_path: Path) -> None:
    modes = {"script.sh": 0o755, "deep/.hidden": 0o644, "secret": 0o600, "empty": 0o444}
    for name, mode in modes.items():
        file = tmp_path / "in" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"" if name == "empty" else name.encode() + b"\0\xff\r\n")
        file.chmod(mode)
    artifacts.pack("Built", {name: tmp_path / "in" / name for name in modes})
    artifacts.unpack("Built", tmp_path / "out")
    for name, mode in modes.items():
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "in" / name).read_bytes()
        assert (tmp_path / "out" / name).stat().st_mode & 0o777 == mode


def test_artifacts_are_deterministic(artifacts: Artifacts, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    artifacts.pack("One", {"file": file})
    file.touch()
    artifacts.pack("Two", {"file": file})
    assert artifacts.path("One").read_bytes() == artifacts.path("Two").read_bytes()


def test_file_is_read_by_location(artifacts: Artifacts, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text("{“ä”}")
    artifacts.pack("Synth_Output", {"assembly-Dev/a::b.json": file})
    assert artifacts.read("Synth_Output::assembly-Dev/a::b.json") == "{“ä”}"


def test_missing_file_is_reported(artifacts: Artifacts, tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFound, match="artifact Never does not exist"):
        artifacts.unpack("Never", tmp_path / "out")
    with pytest.raises(ArtifactNotFound, match="artifact Never does not exist"):
        artifacts.read("Never::file")
    artifacts.pack("Empty", {})
    with pytest.raises(ArtifactNotFound, match="artifact Empty has no file "):
        artifacts.read("Empty::template.json")


def test_links_and_modes_of_a_git_archive_are_kept(artifacts: Artifacts, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "run").write_text("#!/bin/sh\n")
    (repository / "run").chmod(0o755)
    (repository / "link").symlink_to("run")
    git = ["git", "-C", str(repository), "-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--no-gpg-sign", "--message=x"]):
        subprocess.run([*git, *command], check=True)
    archive = f"--output={artifacts.path('Source')}"
    subprocess.run([*git, "archive", "--format=zip", archive, "HEAD"], check=True)
    artifacts.unpack("Source", tmp_path / "out")
    assert (tmp_path / "out/run").stat().st_mode & 0o111
    assert (tmp_path / "out/link").readlink() == Path("run")


@pytest.mark.parametrize("keep_links", [True, False])
def test_links_are_packed_as_links_or_files(artifacts: Artifacts, tmp_path: Path, keep_links: bool) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    artifacts.pack("Built", {name: tmp_path / name for name in ("file", "link")}, keep_links=keep_links)
    artifacts.unpack("Built", tmp_path / "out")
    assert (tmp_path / "out/link").is_symlink() is keep_links
    assert (tmp_path / "out/link").read_text() == "text"

"""Parses the Dockerfile and runs parts of it, without Docker."""

import hashlib
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.application import engine_task
from stacks.application.engine_image import CONTAINER
from stacks.shared import ports

SHELL = ("/bin/bash", "-o", "errexit", "-o", "nounset", "-o", "pipefail", "-c")
CONTENT = b"what the stand-in for curl downloads"


@dataclass(frozen=True)
class Instruction:
    """One instruction of a stage."""

    stage: int
    """0 before the first stage, then 1, 2, …"""
    word: str
    text: str


def instructions() -> list[Instruction]:
    """Read the Dockerfile without comments, joining continued lines."""
    lines = [line for line in (CONTAINER / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    read: list[Instruction] = []
    stage = 0
    for line in "\n".join(lines).replace("\\\n", "").splitlines():
        if line.strip():
            word, _, text = line.strip().partition(" ")
            stage += word == "FROM"
            read.append(Instruction(stage, word, text))
    return read


ALL = instructions()


def of(word: str, stage: int | None = None) -> list[str]:
    return [it.text for it in ALL if it.word == word and stage in (None, it.stage)]


DOWNLOADS = [text for text in of("RUN") if "curl --fail" in text]


def test_every_stage_uses_the_base_image_argument() -> None:
    assert of("FROM") == ["${BASE_IMAGE} AS build", "${BASE_IMAGE}"]
    assert "BASE_IMAGE" in of("ARG", 0)


def test_arguments_have_no_defaults_that_age() -> None:
    assert {text.partition("=")[2] for text in of("ARG")} <= {"", '""'}
    assert "latest" not in " ".join(it.text for it in ALL)


def test_no_registry_addresses() -> None:
    assert "://" not in " ".join(it.text for it in ALL)


@pytest.mark.parametrize("word", ["ARG", "ENV", "LABEL"])
def test_image_has_no_secrets(word: str) -> None:
    assert not [text for text in of(word) if re.search(r"(?i)passw|secret|token|credential|_key", text)]


def test_image_runs_as_a_numeric_user() -> None:
    (user,) = of("USER")
    assert re.fullmatch(r"(?P<id>[1-9]\d{3,}):(?P=id)", user)
    assert ALL.index(Instruction(2, "USER", user)) > max(i for i, it in enumerate(ALL) if it.word == "RUN")


def test_copied_files_exist_and_are_not_ignored() -> None:
    sources = [shlex.split(text)[0] for text in of("COPY", 1)]
    assert sources
    assert [source for source in sources if not (CONTAINER / source).exists()] == []
    let_through = [
        line.lstrip("!") for line in (CONTAINER / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    assert {source.split("/")[0] for source in sources} == set(let_through)
    assert of("COPY", 2) == ["--from=build /opt/yawl /opt/yawl"]


def test_final_stage_has_no_compilers_or_downloaders() -> None:
    (installing,) = of("RUN", 2)
    packages = re.search(r"--no-install-recommends ([a-z0-9 -]+?) *&&", installing)
    assert packages
    assert packages[1].split() == ["ca-certificates", "haproxy", "postgresql-client", "python3"]


def test_writable_paths_are_volumes() -> None:
    (volumes,) = of("VOLUME")
    assert sorted(re.findall(r'"([^"]+)"', volumes)) == sorted(engine_task.WRITABLE_FOLDERS.values())


def test_image_matches_the_task_definition() -> None:
    assert of("EXPOSE") == [f"{ports.APPLICATION} {ports.TASKS}"]
    (check,) = of("HEALTHCHECK")
    assert check.endswith('CMD ["python", "-m", "supervisor.healthcheck"]')
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert of("ENTRYPOINT") == ['["python", "-m", "supervisor"]']
    assert any(engine_task.DATABASE_AUTHORITIES in text for text in of("RUN", 1))


def test_four_files_are_downloaded() -> None:
    assert [name_in(text) for text in DOWNLOADS] == ["RDS_BUNDLE", "DRIVER", "LIBRARIES", "YAWL"]


def name_in(text: str) -> str:
    """Return the prefix of a download's arguments."""
    found = re.search(r"\$\{(\w+)_URL\}", text)
    assert found
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create a folder for a build, with fakes of commands that need the network or a release."""
    for name, script in {
        "curl": 'while [ "$1" != --output ]; do shift; done; printf %s "$CONTENT" > "$2"',
        "python3": 'echo "$@" > unpacked; mkdir -p webapps',
        "chmod": "exit 0",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(text: str, folder: Path, checksum: str | None) -> subprocess.CompletedProcess[str]:
    """Run one instruction as Docker would, but in this folder."""
    name = name_in(text)
    arguments = {f"{name}_URL": "https://example.com/file", f"{name}_SHA256": checksum or ""}
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "CONTENT": CONTENT.decode(), **arguments}
    (command,) = (tuple(shlex.split(re.sub(r"[\[\],]", " ", shell))) for shell in set(of("SHELL")))
    assert command == SHELL
    return subprocess.run(
        [*command, text.replace("/opt/yawl", str(folder))],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("text", DOWNLOADS, ids=name_in)
def test_downloads_are_verified_before_use(text: str, folder: Path) -> None:
    assert "--proto '=https'" in text
    right = run(text, folder, hashlib.sha256(CONTENT).hexdigest())
    assert right.returncode == 0, right.stderr
    (folder / "unpacked").unlink(missing_ok=True)
    wrong = run(text, folder, "0" * 64)
    assert wrong.returncode != 0
    assert "FAILED" in wrong.stdout + wrong.stderr
    assert not (folder / "unpacked").exists()


@pytest.mark.parametrize("text", DOWNLOADS, ids=name_in)
def test_missing_checksum_warns(text: str, folder: Path) -> None:
    done = run(text, folder, None)
    assert done.returncode == 0
    assert done.stderr == "warning: no checksum: https://example.com/file is built in as it came\n"


@pytest.mark.parametrize("text", DOWNLOADS, ids=name_in)
def test_failed_download_fails_the_build(text: str, folder: Path) -> None:
    (folder / "curl").write_text("#!/bin/sh\nexit 22\n")
    assert run(text, folder, None).returncode == 22


@pytest.mark.parametrize(
    ("name", "file", "arguments"),
    [("DRIVER", "driver.jar", "--driver driver.jar"), ("LIBRARIES", "libraries.zip", "--libraries libraries.zip")],
)
def test_bundled_files_are_not_downloaded(folder: Path, name: str, file: str, arguments: str) -> None:
    (download,) = (text for text in DOWNLOADS if name_in(text) == name)
    (release,) = (text for text in DOWNLOADS if name_in(text) == "YAWL")
    usual = f"unpack_release.py release.zip {folder}/webapps --shared {folder}/lib"
    assert run(download, folder, None).returncode == 0
    run(release, folder, None)
    assert (folder / "unpacked").read_text().strip() == f"{usual} {arguments}"
    (folder / file).unlink()
    without = download.replace(f"${{{name}_URL}}", "")
    assert subprocess.run([*SHELL, without], cwd=folder, check=False).returncode == 0
    run(release, folder, None)
    assert (folder / "unpacked").read_text().strip() == usual

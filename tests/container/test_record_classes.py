"""The image's class archive, recorded from the testbed's applications by Debian's Java."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from image import record_classes
from testbed.applications import Applications
from testbed.testbed import Testbed
from tests.container.conftest import LoopThread


def arguments(built: Applications, archive: Path) -> list[str]:
    return [
        str(archive),
        *("--webapps", str(built.webapps), "--libraries", str(archive.parent), "--catalina-home", str(built.tomcat)),
    ]


def test_engine_starts_from_the_class_archive(
    quick_engine: Applications, loop_thread: LoopThread, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "classes.jsa"
    assert record_classes.main(arguments(quick_engine, archive)) == 0
    assert capsys.readouterr().out.startswith("recorded ")

    async def steps() -> bytes:
        async with Testbed(built=quick_engine) as testbed:
            # Debian's Java itself: the testbed's wrapper already names an archive.
            task = await testbed.start_task(CLASS_ARCHIVE=str(archive), JAVA_HOME="/usr")
            await testbed.all_healthy()
            engine = task.engine()
            return await asyncio.to_thread(Path(f"/proc/{engine}/maps").read_bytes)

    assert str(archive).encode() in loop_thread.run(steps())


def test_image_builds_without_an_archive(
    quick_engine: Applications, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho no room left\nexit 1\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    archive = tmp_path / "classes.jsa"
    archive.touch()
    assert record_classes.main(arguments(quick_engine, archive)) == 0
    assert not archive.exists()
    assert capsys.readouterr().err.startswith("warning: no archive of classes, so that engines start slower: ")


def test_lines_that_java_rejects_are_omitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java 25 refuses classes of its own list if another loader has their interfaces."""
    classes = tmp_path / "classes.list"
    classes.write_text("good/One id: 1\nbad/Two id: 2\ngood/Three id: 3\n")

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        lines = classes.read_text().splitlines()
        bad = next((number for number, line in enumerate(lines, 1) if line.startswith("bad/")), None)
        output = f"An error has occurred while processing class list file {classes} {bad}:96." if bad else ""
        return subprocess.CompletedProcess(command, 1 if bad else 0, stdout=output, stderr="")

    class Command:
        def command(self) -> list[str]:
            return ["java", "-classpath", "bootstrap.jar", "Bootstrap"]

    monkeypatch.setattr(record_classes.subprocess, "run", run)
    assert record_classes._dump(Command(), classes, tmp_path / "classes.jsa") == 2  # pyrefly: ignore

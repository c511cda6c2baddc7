"""Which program runs a function, and which functions cannot run."""

import platform
import shutil
import sys
from collections.abc import Generator
from typing import Any

import pytest

from rehearsal.process import interpreters
from rehearsal.process.lambda_runtimes import difference, interpreter, lacking

HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"


def set_nodes(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    def which(_name: str, **_options: object) -> str | None:
        return next(iter(programs), None)

    def nodes(_path: str) -> tuple[str, ...]:
        return programs

    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(interpreters, "nodes", nodes)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Generator[None, None, None]:
    """A machine with Linux on x86_64, Python 3.99 beside this one, and Node 24 before Node 98."""
    versions = {"/bin/python3.99": "3.99.1", "/bin/node": "24.1.0", "/other/node": "98.0.1"}

    def pythons(wanted: str, _path: str) -> list[str]:
        return [program for program in versions if program.endswith(f"python{wanted}")]

    def version(program: str | None) -> str:
        return versions.get(program or "", "")

    monkeypatch.setattr(interpreters, "pythons", pythons)
    monkeypatch.setattr(interpreters, "python_version", version)
    monkeypatch.setattr(interpreters, "node_version", version)
    set_nodes(monkeypatch, "/bin/node", "/other/node")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    interpreter.cache_clear()
    yield
    interpreter.cache_clear()


@pytest.mark.parametrize(
    ("runtime", "program", "is_wanted"),
    [
        (HERE, sys.executable, True),
        ("python3.99", "/bin/python3.99", True),
        ("python3.98", sys.executable, False),
        ("nodejs24.x", "/bin/node", True),
        ("nodejs98.x", "/other/node", True),
        ("nodejs22.x", "/bin/node", False),
    ],
)
def test_interpreter_of_a_runtime(runtime: str, program: str, is_wanted: bool) -> None:
    found = interpreter(runtime)
    assert found
    assert (found.program, found.is_wanted) == (program, is_wanted)


X86, ARM = ["x86_64"], ["arm64"]


@pytest.mark.parametrize(
    ("function", "needed"),
    [
        ({"Runtime": "python3.98"}, ""),
        ({"Runtime": "nodejs22.x", "Architectures": ARM}, ""),
        ({"Runtime": "provided.al2023", "Architectures": X86}, ""),
        ({"Runtime": {"Ref": "Parameter"}}, ""),
        ({"Runtime": "provided.al2023", "Architectures": ARM}, "provided.al2023 on arm64, and this machine is x86_64"),
        ({"Runtime": "java21"}, "the runtime java21, which the rehearsal does not run"),
        ({"Runtime": "dotnet8"}, "the runtime dotnet8, which the rehearsal does not run"),
        ({"Runtime": "ruby3.3"}, "the runtime ruby3.3, which the rehearsal does not run"),
        ({"Runtime": "go1.x"}, "the runtime go1.x, which the rehearsal does not run"),
        ({"Runtime": "python2.7"}, "the runtime python2.7, which the rehearsal does not run"),
        ({"PackageType": "Image", "Code": {"ImageUri": "any"}}, "a container image, which the rehearsal does not run"),
    ],
)
def test_function_that_cannot_run(function: dict[str, Any], needed: str) -> None:
    assert lacking(function).endswith(needed)
    assert bool(lacking(function)) == bool(needed)


def test_node_function_needs_node(monkeypatch: pytest.MonkeyPatch) -> None:
    set_nodes(monkeypatch)
    assert lacking({"Runtime": "nodejs22.x"}) == "the runtime nodejs22.x, and this machine has no Node"


def test_binary_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    needed = "the runtime provided.al2 on Linux, and this machine is Darwin on x86_64"
    assert lacking({"Runtime": "provided.al2", "Architectures": X86}) == needed


def test_difference_from_the_runtime() -> None:
    assert difference({"Runtime": "nodejs24.x", "Architectures": X86}) == ""
    assert difference({"Runtime": "nodejs22.x"}) == "nodejs22.x ran with Node 24.1.0"
    assert difference({"Runtime": "nodejs98.x", "Architectures": ARM}) == "arm64 ran on x86_64"

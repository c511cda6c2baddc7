"""The wheel has all of the tool and nothing else, and the tool runs from it without a clone."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import rehearsal
from tests.paths import ROOT
from tests.rehearsal.projects.harness import projects, rehearse

FOLDERS = ("rehearsal", "cloud_assembly")
SCREEN_LINES, SCREEN_COLUMNS = 40, 100


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["uv", "build", "--wheel", "--no-build-isolation", "--offline", "--python", sys.executable]
    run(*build, "--out-dir", str(folder), str(ROOT / "rehearsal"))
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed into; its requirements are this environment's."""
    folder = tmp_path_factory.mktemp("installed")
    install = ["uv", "pip", "install", "--offline", "--no-deps", "--python", sys.executable]
    run(*install, "--target", str(folder), str(wheel))
    return folder


def run(*command: str, **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_has_the_committed_files_of_the_tool(wheel: Path) -> None:
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS, cwd=ROOT).splitlines()
    expected = {file for file in listed if (ROOT / file).exists()}
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == expected


def test_command_runs_from_any_folder(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "COLUMNS": str(SCREEN_COLUMNS)}
    command = str(installed / "bin/cdk-rehearsal")
    said = run(command, "--help", cwd=tmp_path, env=environment)
    assert len(said.splitlines()) <= SCREEN_LINES
    assert max(map(len, said.splitlines())) <= SCREEN_COLUMNS
    assert run(command, "--version", cwd=tmp_path, env=environment) == f"cdk-rehearsal {rehearsal.__version__}\n"


def test_requirements_are_what_the_tool_imports() -> None:
    """Each is a distribution that is imported, in a range that has the version tested here."""
    document = tomllib.loads((ROOT / "rehearsal/pyproject.toml").read_text())
    required = {found.name: found for found in map(Requirement, document["project"]["dependencies"])}
    distributions = packages_distributions()
    imported = {
        distributions[name][0].lower().replace("_", "-") for name in imported_packages() if name in distributions
    }
    assert imported == required.keys()
    outside = [str(one) for one in required.values() if version(one.name) not in one.specifier]
    assert outside == []


def imported_packages() -> set[str]:
    """The top-level packages that the tool imports, by a statement or by name."""
    found: set[str] = set()
    for file in (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", "")
                if name in ("import_module", "find_spec"):
                    found.add(str(node.args[0].value).partition(".")[0])
    return found - set(FOLDERS) - set(sys.stdlib_module_names)


def test_project_is_rehearsed_without_a_clone(installed: Path, tmp_path: Path) -> None:
    [project] = [found for found in projects() if found.name == "one_stage"]
    command = (str(installed / "bin/cdk-rehearsal"),)
    done = rehearse(project, tmp_path / "repository", command=command, packages=installed)
    assert done.exit_code == 0, done.output
    assert done.new_files == ()


UNKNOWN_TO_STRANGERS = re.compile(r"make (synth|setup|rehearse|assembly)\b|delivery\.toml|YAWL")


def test_no_message_is_about_this_project() -> None:
    """Texts that are raised, printed or shown, but for the readers of this project's own settings."""
    found: list[str] = []
    for file in (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        if file.name in ("settings_file.py", "synthesize_commit.py"):
            continue
        tree = ast.parse(file.read_text())
        documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                found += [f"{file.name}: {node.value}"] if UNKNOWN_TO_STRANGERS.search(node.value) else []
    assert found == []

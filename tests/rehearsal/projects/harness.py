"""Rehearses a small CDK Pipelines project as a stranger would: in its own git repository, with one command."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NODE_PACKAGES = (
    "aws_cdk",
    "aws_cdk.asset_awscli_v1",
    "aws_cdk.asset_node_proxy_agent_v6",
    "aws_cdk.cloud_assembly_schema",
    "constructs",
)
"""Python packages that contain the library's packages for Node."""
TIMEOUT_SECONDS = 900
IDENTITY = ("-c", "user.name=Developer", "-c", "user.email=developer@example.com")


@dataclass(frozen=True)
class Expected:
    """What a rehearsal of the project, perhaps with a fault, must give."""

    exit_code: int
    shows: tuple[str, ...]
    hides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One replaced text, and what its rehearsal must give."""

    file: str
    before: str
    after: str
    expected: Expected

    @property
    def id(self) -> str:
        return f"{self.file}: {self.after.strip()[:60]}"


@dataclass(frozen=True)
class Project:
    """A project below this folder, as its project.toml describes it."""

    name: str
    arguments: tuple[str, ...]
    expected: Expected
    faults: tuple[Fault, ...]
    files: str = ""
    """The project whose files it has; empty: its own."""
    folder: str = "."
    """The folder in which the command runs, relative to the root of the repository."""


@dataclass(frozen=True)
class Done:
    """An ended rehearsal."""

    exit_code: int
    output: str
    new_files: tuple[str, ...]
    """Files that it left in the repository."""


def projects() -> list[Project]:
    """Return all projects."""
    return [_read(file.parent) for file in sorted(HERE.glob("*/project.toml"))]


def _read(folder: Path) -> Project:
    found = tomllib.loads((folder / "project.toml").read_text())
    return Project(
        name=folder.name,
        arguments=tuple(found.get("arguments", ())),
        expected=_expected(found),
        faults=tuple(
            Fault(fault["file"], fault["before"], fault["after"], _expected(fault)) for fault in found["fault"]
        ),
        files=found.get("files", folder.name),
        folder=found.get("folder", "."),
    )


def _expected(table: dict[str, object]) -> Expected:
    exit_code, shows, hides = table["exit_code"], table["shows"], table.get("hides", [])
    assert isinstance(exit_code, int)
    assert isinstance(shows, list)
    assert isinstance(hides, list)
    return Expected(exit_code, tuple(shows), tuple(hides))


def rehearse(
    project: Project,
    repository: Path,
    fault: Fault | None = None,
    *,
    command: tuple[str, ...] = (sys.executable, "-m", "rehearsal"),
    packages: Path = ROOT,
) -> Done:
    """Rehearse a copy of the project that is committed into the repository, an absent folder.

    `packages` is where Python finds the tool.
    """
    shutil.copytree(
        HERE / (project.files or project.name), repository, ignore=shutil.ignore_patterns("project.toml", "__pycache__")
    )
    if fault:
        file = repository / fault.file
        text = file.read_text()
        assert text.count(fault.before) == 1, f"{fault.file} has the text of a fault {text.count(fault.before)} times"
        file.write_text(text.replace(fault.before, fault.after))
    for arguments in (("init", "--quiet", "--initial-branch=main"), ("add", "."), ("commit", "--quiet", "-m", "First")):
        subprocess.run(["git", *IDENTITY, *arguments], cwd=repository, check=True)
    if any(repository.rglob("*.ts")):
        (repository / ".git/info/exclude").write_text("node_modules\n")
        # Shared by all tests of a session.
        modules = repository.parents[1] / "node_modules"
        if not modules.is_dir():
            unpack_node_packages(modules)
        (repository / project.folder / "node_modules").symlink_to(modules)
    before = _files(repository)
    done = subprocess.run(
        [*command, *project.arguments],
        cwd=repository / project.folder,
        env=_environment(packages),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout, tuple(sorted(_files(repository) - before)))


def _environment(packages: Path) -> dict[str, str]:
    """Return the variables of a developer who has activated an environment with the CDK, and has the tool."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / "node_modules/.bin")])
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(packages),
        "COLUMNS": "200",
    }


def _files(folder: Path) -> set[str]:
    """Return the files that are not git's and no package's."""
    names = (str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    return {name for name in names if not {".git", "node_modules", "__pycache__"}.intersection(Path(name).parts)}


def unpack_node_packages(modules: Path) -> None:
    """Unpack the library for Node into a folder, from the Python packages."""
    for package in NODE_PACKAGES:
        found = find_spec(package)
        assert found
        assert found.submodule_search_locations
        [folder] = found.submodule_search_locations
        [archive] = Path(folder).glob("_jsii/*.jsii.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(modules, filter="data")
        target = modules / json.loads((modules / "package/package.json").read_text())["name"]
        target.parent.mkdir(exist_ok=True)
        (modules / "package").rename(target)

"""A build installs by every way there is, and nothing of the user's is different afterwards."""

import io
import json
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from rehearsal.process.run_directory import cache
from tests.rehearsal.emulator.action_runner import Workshop
from tests.rehearsal.emulator.actions.test_build_action import Projects

SETTINGS = {
    ".bashrc": "# the user's\n",
    ".gitconfig": "[user]\n\tname = User\n",
    ".npmrc": "cache=/the/users\nprefix=/the/users\n",
    ".config/pip/pip.conf": "[global]\nno-index = true\n",
    ".npm/_cacache/content": "downloaded",
    ".cache/uv/content": "downloaded",
    ".cache/pip/content": "downloaded",
    ".local/bin/tool": "#!/bin/sh\n",
}


def wheel(folder: Path, name: str) -> None:
    """Make a wheel with one module and one program, both of its name."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"def main():\n    print('{name} runs')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)


def node_package(folder: Path, name: str) -> None:
    """Make a package of Node's with one program of its name."""
    files = {
        "package.json": json.dumps({"name": name, "version": "1.0.0", "bin": {name: "program.js"}}),
        "program.js": f"#!/usr/bin/env node\nconsole.log('{name} runs');\n",
    }
    with tarfile.open(folder / f"{name}.tgz", "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"package/{file}")
            entry.size, entry.mode = len(text), 0o755
            archive.addfile(entry, io.BytesIO(text.encode()))


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder, its size and when it was changed; not what the rehearsal keeps, nor bytecode."""
    return {
        str(file): (file.lstat().st_size, file.lstat().st_mtime_ns)
        for file in folder.rglob("*")
        if not file.is_dir() and "__pycache__" not in file.parts and not file.is_relative_to(cache())
    }


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in ("one", "two", "three", "four", "five"):
        wheel(folder, name)
    for name in ("global-one", "once"):
        node_package(folder, name)
    return folder


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of the user's, the home among them, that no build may change."""
    home = tmp_path / "user"
    for name, text in SETTINGS.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    (home / ".local/bin/tool").chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    for name in ("PIP_TARGET", "PIP_CACHE_DIR", "UV_CACHE_DIR", "NPM_CONFIG_CACHE", "npm_config_cache"):
        monkeypatch.setenv(name, str(home / "chosen"))
    names, base = ("purelib", "scripts"), {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    interpreters = {Path(sysconfig.get_path(name)) for name in names}
    interpreters |= {Path(sysconfig.get_path(name, vars=base)) for name in names}
    return [home, *interpreters]


def test_installed_packages_are_deleted_with_the_build(workshop: Workshop, packages: Path, watched: list[Path]) -> None:
    projects = Projects(workshop)
    before = [contents(folder) for folder in watched]
    projects.run(
        f"cd {packages}",
        "pip install --quiet ./one-1.0-py3-none-any.whl && one",
        "pip3 install --quiet --user ./two-1.0-py3-none-any.whl && ~/.local/bin/two && python3 -c 'import two'",
        "python -m pip install --quiet ./three-1.0-py3-none-any.whl && three",
        "uv pip install --quiet --system --offline ./four-1.0-py3-none-any.whl && four",
        "python3 -m venv --without-pip ~/own && pip --python ~/own/bin/python install -q ./five*.whl && ~/own/bin/five",
        "npm install --silent --offline --global ./global-one.tgz && global-one",
        "npx --yes --offline --package ./once.tgz once",
        "npm config set fund=false && pip config --quiet set global.timeout 5 && git config --global user.name Build",
        "echo '# a build' >> ~/.bashrc; mkdir -p ~/.aws ~/.cache/new ~/.local/new",
        "touch ~/.aws/config ~/.cache/new/file",
    )
    ran = [line for line in projects.output if line.endswith(" runs")]
    assert ran == [f"{name} runs" for name in ("one", "two", "three", "four", "five", "global-one", "once")]
    assert [contents(folder) for folder in watched] == before


def test_programs_and_runtimes_on_demand_change_nothing_of_the_user(workshop: Workshop, watched: list[Path]) -> None:
    """What cannot be installed where there is no network is a gap; all else happens in the build's own folders."""
    projects = Projects(workshop)
    before = [contents(folder) for folder in watched]
    other = "3.12" if sys.version_info[:2] != (3, 12) else "3.11"
    runtimes = {"python": other, "java": "corretto21", "ruby": "3.4"}
    commands = ["yarn --version || true", "jq --version || true", "apt-get update && apt-get install -y git"]
    commands += ["corepack enable || true", "npm config set prefix ~/own; pip config --quiet set global.user yes"]
    phases = {"install": {"runtime-versions": runtimes}, "build": {"commands": commands}}
    projects.run_specification(json.dumps({"version": "0.2", "phases": phases}))
    assert [contents(folder) for folder in watched] == before


def test_build_python_has_no_packages_of_the_rehearsal(workshop: Workshop) -> None:
    projects = Projects(workshop)
    projects.run(
        "python3 -c 'import sys; print(sys.version_info[:3], sys.prefix == sys.base_prefix)'",
        "python3 -c 'import boto3' 2>&1 | tail -1",
        "python3 -c 'import ssl, sqlite3, ctypes, venv, sysconfig; print(sysconfig.get_config_var(\"VERSION\"))'",
    )
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert projects.output == [
        f"{tuple(sys.version_info[:3])} True",
        "ModuleNotFoundError: No module named 'boto3'",
        version,
    ]


def test_other_pythons_on_the_path_are_isolated_too(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    users.mkdir()
    (users / "python3.99").write_text(f'#!/bin/sh\necho called by its own name >&2\nexec {sys.executable} "$@"\n')
    (users / "python3.99").chmod(0o755)
    monkeypatch.setenv("PATH", f"{users}:/usr/bin:/bin")
    projects = Projects(workshop)
    projects.run("python3.99 -c 'import sys; print(sys.prefix)'", "python3.99 -m pip --version")
    prefix, pip = [line for line in projects.output if line != "called by its own name"]
    assert prefix.endswith("/other-pythons/python3.99")
    assert prefix in pip

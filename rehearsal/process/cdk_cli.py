"""The CDK CLI that a rehearsal uses: its own pinned one, or another that is installed.

A CLI reads assemblies up to a certain version of their schema. Those before OLDEST use the AWS SDK for JavaScript v2,
which ignores `AWS_ENDPOINT_URL`; they are used only if no newer one can be had.
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.process.processes import Processes
from rehearsal.process.run_directory import cache

VERSION = "2.1148.1"
"""The pinned version of the npm package `aws-cdk`."""
INTEGRITY = "sha512-K3d02L17IwmAuiBWNuX1DzYhKUs9GrKYI7bZnGJfJ1bKz9ymXFxfudBOL3rUb8JAusDNSULiQU2fsJH7kyY2XA=="
"""What npm compares the package with."""
OLDEST = (2, 1000)
"""The first version of the CLI that is released apart from the library."""
INSTALL_SECONDS = 120.0
CANNOT_READ = "schema version mismatch"
"""What a CLI says of an assembly that a newer library has written."""

_BOOTSTRAP_TEMPLATE = "lib/api/bootstrap/bootstrap-template.yaml"


@dataclass(frozen=True)
class CdkCli:
    """An installed CLI."""

    program: Path
    origin: str
    """Where it was found, for the log."""

    @property
    def package(self) -> Path:
        """The folder of its npm package."""
        return self.program.resolve().parents[1]

    @property
    def version(self) -> str:
        """Its version; empty if it is not installed as a npm package, but called by a script."""
        try:
            return str(json.loads((self.package / "package.json").read_text())["version"])
        except (OSError, ValueError, KeyError):
            return ""

    @property
    def bootstrap_template(self) -> str:
        """The template of the bootstrap stack; raises RehearsalError if it cannot be read."""
        try:
            return (self.package / _BOOTSTRAP_TEMPLATE).read_text()
        except OSError:
            raise RehearsalError(
                f"cannot read the bootstrap template of the CDK CLI {self.program}; install it in the project: "
                f"npm install --save-dev aws-cdk@{VERSION}"
            ) from None

    def __str__(self) -> str:
        return f"CDK CLI {self.version or 'of unknown version'} ({self.origin})"


class CliChoice:
    """The CLI that is used, and those to try if it cannot read the app's assembly."""

    def __init__(self, found: Iterator[CdkCli]) -> None:
        self._found = found
        self._current: CdkCli | None = None
        self._lock = threading.Lock()

    def current(self) -> CdkCli:
        """Return the CLI to use; raises RehearsalError if there is none."""
        with self._lock:
            self._current = self._current or next(self._found)
            return self._current

    def advance(self) -> bool:
        """Use the next CLI; return whether there is one. Raises RehearsalError if it cannot be installed."""
        with self._lock:
            following = next(self._found, None)
            self._current = following or self._current
            return following is not None


def candidates(project: Path, processes: Processes) -> Iterator[CdkCli]:
    """Yield the CLIs to try, best first: the rehearsal's own, the project's, the one on the PATH.

    Installs the rehearsal's own into its cache only when the ones before it were not enough. Raises RehearsalError if
    that fails, after an older CLI, if there is one.
    """
    own = _own()
    if own.program.exists():
        yield own
    others = [one for one in (_of_project(project), _on_path()) if one]
    supported = [one for one in others if _version(one)[:1] == (2,) or not one.version]
    yield from (one for one in supported if _version(one) >= OLDEST)
    failure: RehearsalError | None = None
    if not own.program.exists():
        try:
            _install(processes)
        except RehearsalError as error:
            failure = error
        else:
            yield own
    yield from (one for one in supported if _version(one) < OLDEST)
    if failure:
        raise RehearsalError(f"no installed CDK CLI can read the assembly, and {failure}") if supported else failure


def _own() -> CdkCli:
    return CdkCli(cache() / f"aws-cdk-{VERSION}/node_modules/.bin/cdk", "the rehearsal's own")


def _of_project(project: Path) -> CdkCli | None:
    """Return the CLI in `node_modules` of the folder or of one above it, as npm finds it."""
    files = (folder / "node_modules/.bin/cdk" for folder in (project, *project.parents))
    found = next((file for file in files if file.exists()), None)
    return CdkCli(found, "the project's") if found else None


def _on_path() -> CdkCli | None:
    found = shutil.which("cdk")
    return CdkCli(Path(found), "on the PATH") if found else None


def _version(cli: CdkCli) -> tuple[int, ...]:
    """Return the version's numbers. A script's version is not known: it is tried last."""
    return tuple(int(part) for part in cli.version.split(".") if part.isdigit())


def _install(processes: Processes) -> None:
    """Install the pinned version into the cache; raises RehearsalError if it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        raise RehearsalError(
            "cannot find a CDK CLI (cdk), nor npm to install one; install Node.js, which the CDK needs, with npm"
        )
    target = _own().program.parents[2]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="installing-") as scratch:
        folder = Path(scratch, "cli")
        folder.mkdir()
        dependencies = {"dependencies": {"aws-cdk": VERSION}}
        (folder / "package.json").write_text(json.dumps(dependencies))
        package = {"version": VERSION, "integrity": INTEGRITY, "bin": {"cdk": "bin/cdk"}}
        locked = {"lockfileVersion": 3, "packages": {"": dependencies, "node_modules/aws-cdk": package}}
        (folder / "package-lock.json").write_text(json.dumps(locked))
        options = ["--ignore-scripts", "--no-audit", "--no-fund", f"--cache={scratch}/npm-cache"]
        lines: list[str] = []
        try:
            code = processes.run(
                [npm, "ci", *options],
                directory=folder,
                environment=os.environ,
                on_line=lines.append,
                timeout_seconds=INSTALL_SECONDS,
            )
            reason = _reason(lines) if code else ""
        except TimeoutError:
            reason = f"no answer within {INSTALL_SECONDS:.0f} s"
        if reason:
            raise RehearsalError(
                f"cannot install aws-cdk {VERSION}: {reason}; connect to the npm registry once, or install it "
                f"in the project: npm install --save-dev aws-cdk@{VERSION}"
            )
        # Another rehearsal may have been faster.
        with contextlib.suppress(OSError):
            folder.rename(target)


def _reason(lines: list[str]) -> str:
    """Return the line that says why npm failed: the first of its errors that is a sentence."""
    errors = [line.removeprefix("npm error ").removeprefix("npm ERR! ") for line in lines if "rr" in line[:9]]
    return next((line for line in errors if " " in line and not line.startswith("code ")), "npm printed nothing")

"""Puts the programs of CodeBuild's image on a build's PATH: this machine's, and scripts for those that it lacks."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import rehearsal
from rehearsal.actions.builds.build_script import gave_up
from rehearsal.actions.builds.on_demand import LOCALES, MISSING, PACKAGE_MANAGERS, PACKAGES, TEST_SPLITTING, Settings
from rehearsal.gaps import GapKind
from rehearsal.process.run_directory import cache

LINKED = ("node", "npm", "npx", "uv")
"""Programs taken from the rehearsal's own environment."""
DOCKER_SECONDS = 20.0
"""How long a Docker daemon may take to answer."""

_SCRIPT = """\
#!/bin/sh
exec {python} -I -c 'import sys
sys.path.insert(0, sys.argv.pop(1))
from rehearsal.actions.builds.on_demand import main
main()' {root} {settings} {program} "$@"
"""


@dataclass(frozen=True)
class ImageTools:
    """The folders of a build's PATH that come before and after the system's, and what their scripts record."""

    first: tuple[Path, ...]
    last: Path
    settings: Settings

    def missing(self) -> list[tuple[GapKind, str]]:
        """Return the programs that the build called and this machine lacks, each once."""
        return _read(self.settings.gaps)

    def command_gave_up(self) -> bool:
        """Tell whether a command of the build failed for lack of such a program."""
        return gave_up(self.settings.gaps).exists()

    def noted_gaps(self) -> list[tuple[GapKind, str]]:
        """Return the gaps after which the command went on."""
        return _read(self.settings.notes)


def docker_works() -> bool:
    """Tell whether a Docker daemon answers."""
    if not shutil.which("docker"):
        return False
    try:
        command = ["docker", "info"]
        return subprocess.run(command, capture_output=True, check=False, timeout=DOCKER_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def make_tools(directory: Path, hooks: Path | None, *, privileged: bool) -> ImageTools:
    """Create the folders of scripts in a build's directory.

    `hooks` has the hooked Node. Only a privileged build may use this machine's Docker.
    """
    settings = Settings(
        cache=cache() / "programs",
        gaps=directory / "gaps",
        notes=directory / "notes",
        node=directory / "node",
        node_hook=str(hooks / "node_hook.cjs") if hooks else "",
    )
    file = directory / "on-demand.json"
    settings.write(file)
    own, last = directory / "tools", directory / "image"
    for folder in (settings.node, own, last):
        folder.mkdir()
    _link(own, hooks)
    _write_scripts(own, file, (*PACKAGE_MANAGERS, *LOCALES, *TEST_SPLITTING, "n"))
    _write_scripts(last, file, (*PACKAGES, *MISSING))
    if not privileged:
        _write_scripts(own, file, ["docker-unprivileged"], name="docker")
    elif not docker_works():
        _write_scripts(own, file, ["docker"])
    return ImageTools((settings.node, own), last, settings)


def _link(folder: Path, hooks: Path | None) -> None:
    hooked = hooks / "bin" if hooks else folder
    for name in LINKED:
        if found := shutil.which(name):
            is_hooked = (hooked / name).exists()
            (folder / name).symlink_to(hooked / name if is_hooked else Path(found).absolute())
    if node := shutil.which("node"):
        corepack = Path(node).resolve().parent.parent / "lib/node_modules/corepack/dist/corepack.js"
        if corepack.is_file():
            _write(folder / "corepack", f'#!/bin/sh\nexec node {shlex.quote(str(corepack))} "$@"\n')


def _write_scripts(folder: Path, settings: Path, programs: Iterable[str], *, name: str = "") -> None:
    root = Path(rehearsal.__path__[0]).parent
    for program in programs:
        words = {"python": sys.executable, "root": root, "settings": settings, "program": program}
        _write(folder / (name or program), _SCRIPT.format(**{k: shlex.quote(str(v)) for k, v in words.items()}))


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)


def _read(file: Path) -> list[tuple[GapKind, str]]:
    lines = file.read_text().splitlines() if file.exists() else []
    pairs = (line.partition("\t") for line in dict.fromkeys(lines))
    return [(GapKind(kind), text) for kind, _, text in pairs]


def without_own_programs(path: str) -> str:
    """Return a PATH without the environment of the rehearsal and without projects' Node programs."""
    own = Path(sys.executable).parent
    return os.pathsep.join(
        entry
        for entry in path.split(os.pathsep)
        if entry and Path(entry) != own and not entry.endswith("node_modules/.bin")
    )

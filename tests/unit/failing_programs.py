"""Fake programs, each of which can fail: a test runs commands once for each, and sees which failures they hide."""

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FAKE = """#!/bin/sh
call="${0##*/} $*"
printf '%s\\0' "$call" >> "$CALLS"
case $call in "$FAILING" | "$UNUSABLE") exit 1 ;; esac
# Where there is no uv, pip installs it.
case $call in *'pip install'*uv.txt) /bin/ln -s "$FAKE" "${0%/*}/uv" && echo "${0%/*}/uv" >> "$INSTALLED" ;; esac
"""


@dataclass(frozen=True)
class Ran:
    """Commands that have ended."""

    code: int
    calls: frozenset[str]
    """The calls of fake programs."""
    output: str


class FailingPrograms:
    """A folder with fake programs, and commands that find no others."""

    def __init__(self, folder: Path, *, fake: Iterable[str], real: Iterable[str], unusable: str = "none") -> None:
        self.folder = folder
        self._unusable = unusable
        """A call that fails each time."""
        self._fake = folder / "fake-program"
        self._fake.write_text(FAKE)
        self._fake.chmod(0o755)
        self._programs = folder / "programs"
        self.provide(*(self._programs / name for name in fake))
        for name in ("sh", "bash", *real):
            (self._programs / name).symlink_to(shutil.which(name) or name)

    def provide(self, *programs: Path) -> None:
        """Add fake programs at these paths."""
        for program in programs:
            program.parent.mkdir(parents=True, exist_ok=True)
            program.symlink_to(self._fake)

    def run(self, command: Sequence[str], *, failing: str = "none", unusable: str = "none") -> Ran:
        """Run a command in the folder while these calls fail."""
        log, installed = self.folder / "calls", self.folder / "installed"
        for program in installed.read_text().splitlines() if installed.exists() else ():
            (self.folder / program).unlink()
        log.write_bytes(b"")
        installed.write_text("")
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={
                "PATH": str(self._programs),
                "HOME": str(self.folder),
                "FAKE": str(self._fake),
                "CALLS": str(log),
                "INSTALLED": str(installed),
                "FAILING": failing,
                "UNUSABLE": unusable,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        calls = log.read_bytes().decode().split("\0")
        return Ran(done.returncode, frozenset(filter(None, calls)), done.stdout)

    def hidden_failures(
        self, command: Sequence[str], *, apart_from: frozenset[str] = frozenset(), unusable: str = ""
    ) -> list[str]:
        """Return the calls whose failure the command survives; without any failure it must succeed.

        `unusable` is a call that fails each time.
        """
        always = unusable or self._unusable
        well = self.run(command, unusable=always)
        assert well.code == 0, f"{' '.join(command)}\n{well.output}"
        calls = sorted(well.calls - apart_from - {always})
        return [call for call in calls if self.run(command, failing=call, unusable=always).code == 0]

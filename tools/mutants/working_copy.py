"""A copy of the work tree in which mutants are tested: an interrupt leaves no mutant in the work tree."""

import filecmp
import hashlib
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.mutants.mutant import Mutant

_LINKED = (".venv", ".venv-change-review", ".venv-integration-tests", "node_modules")


class WorkingCopy:
    """The repository's files, uncommitted changes included, in a folder of their own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        listed = _git(root, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        self.files = [file for file in listed if (root / file).is_file()]

    def update(self) -> None:
        """Create the copy, or bring it up to date."""
        if not (self.folder / ".git").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            _git(self.root, "clone", "--quiet", "--shared", "--no-checkout", str(self.root), str(self.folder))
        for file in self.files:
            source, target = self.root / file, self.folder / file
            if not target.exists() or not filecmp.cmp(source, target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        kept = set(self.files)
        for file in _git(self.folder, "ls-files", "--others", "--cached", "--exclude-standard").splitlines():
            if file not in kept and file not in _LINKED:
                (self.folder / file).unlink(missing_ok=True)
        for name in _LINKED:
            link = self.folder / name
            if (self.root / name).exists() and not link.is_symlink():
                link.symlink_to(self.root / name)

    def digest(self) -> str:
        """Identify the content of all files but documents."""
        found = hashlib.sha256()
        for file in sorted(self.files):
            if not file.endswith(".md"):
                found.update(f"{file}\0".encode() + (self.root / file).read_bytes())
        return found.hexdigest()[:20]

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """Apply a mutant, then restore the file."""
        target = self.folder / mutant.file
        try:
            text = mutant.applied(self.text(mutant.file))
            target.write_text(text, encoding="utf-8")
            # Programs that tests start may write bytecode, which Python knows by the file's size and time.
            time = zlib.crc32(text.encode())
            os.utime(target, (time, time))
            yield
        finally:
            shutil.copy2(self.root / mutant.file, target)

    def text(self, file: str) -> str:
        """Return the text of a file without a mutant."""
        return (self.root / file).read_text(encoding="utf-8")


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout

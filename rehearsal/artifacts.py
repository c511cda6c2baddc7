"""Artifacts: what actions hand to each other, zipped, by name."""

import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


class Artifacts:
    """The artifact store of one execution."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def path(self, name: str) -> Path:
        """Return where the artifact's zip is, or will be."""
        return self._directory / f"{name}.zip"

    def pack(self, name: str, root: Path, files: Iterable[Path]) -> None:
        """Zip `files` under their paths relative to `root`."""
        with self._lock, zipfile.ZipFile(self.path(name), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file in files:
                entry = zipfile.ZipInfo(str(file.relative_to(root)), _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (file.stat().st_mode & 0xFFFF) << 16
                archive.writestr(entry, file.read_bytes())

    def unpack(self, name: str, directory: Path) -> None:
        """Unzip an artifact into `directory`, with the files' modes."""
        directory.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(self.path(name)) as archive:
            for entry in archive.infolist():
                written = Path(archive.extract(entry, directory))
                mode = entry.external_attr >> 16
                if mode and written.is_file():
                    written.chmod(mode & 0o777)

    def read(self, location: str) -> str:
        """Return the text of one file, named as CodePipeline does: `Artifact::path/in/it`."""
        name, _, path = location.partition("::")
        with zipfile.ZipFile(self.path(name)) as archive:
            return archive.read(path).decode()

"""The artifacts of an execution: zip files by name."""

import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


class ArtifactNotFound(Exception):  # noqa: N818 - a state of the execution, and the reason a person reads
    """An input artifact, or a file in one, does not exist."""


class Artifacts:
    """The artifact store of one execution."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._directory.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Return the path of the artifact's zip file."""
        return self._directory / f"{name}.zip"

    def names(self, prefix: str) -> list[str]:
        """Return the names of the artifacts that begin so."""
        return sorted(file.stem for file in self._directory.glob("*.zip") if file.name.startswith(prefix))

    def pack(self, name: str, files: Mapping[str, Path], *, keep_links: bool = False) -> None:
        """Zip `files`, which maps names in the artifact to files; links become what they name unless `keep_links`."""
        with zipfile.ZipFile(self.path(name), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for inside, file in files.items():
                entry = zipfile.ZipInfo(inside, _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                if keep_links and file.is_symlink():
                    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                    archive.writestr(entry, str(file.readlink()))
                    continue
                entry.external_attr = (file.stat().st_mode & 0xFFFF) << 16
                archive.writestr(entry, file.read_bytes())

    def unpack(self, name: str, directory: Path) -> None:
        """Unzip an artifact into `directory`, with the files' modes; raises ArtifactNotFound."""
        directory.mkdir(parents=True, exist_ok=True)
        with self._open(name) as archive:
            for entry in archive.infolist():
                mode = entry.external_attr >> 16
                if stat.S_ISLNK(mode):
                    # git archive stores the target of a link as the entry's content.
                    link = directory / entry.filename
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to(archive.read(entry).decode())
                    continue
                written = Path(archive.extract(entry, directory))
                if mode and written.is_file():
                    written.chmod(mode & 0o777)

    def read(self, location: str) -> str:
        """Return the text of one file, named as CodePipeline does: `Artifact::path/in/it`; raises ArtifactNotFound."""
        name, _, path = location.partition("::")
        with self._open(name) as archive:
            try:
                return archive.read(path).decode()
            except KeyError:
                raise ArtifactNotFound(f"artifact {name} has no file {path}") from None

    def _open(self, name: str) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path(name))
        except FileNotFoundError:
            raise ArtifactNotFound(f"artifact {name} does not exist: no action has written it") from None

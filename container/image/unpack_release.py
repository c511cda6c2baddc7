"""Unpacks YAWL's applications: `python unpack_release.py RELEASE.zip FOLDER [DRIVER.jar]`, while the image is built.

Of the archive it takes the two applications that a task runs. Each must be made for PostgreSQL, and have the driver for
it; DRIVER.jar takes the place of the release's, or fills its gap. Exit codes: 0 done, 2 the archive will not do.
"""

import io
import re
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

APPLICATIONS: Final = ("yawl", "resourceService")
"""The engine and the service that hands out its work; the other applications of a release are clients of these."""
DATABASE_SETTINGS: Final = "WEB-INF/classes/hibernate.properties"
LIBRARIES: Final = "WEB-INF/lib"
DRIVER: Final = re.compile(r"postgresql-\d[^/]*\.jar")
POSTGRESQL: Final = re.compile(
    rb"^\s*hibernate\.connection\.driver_class\s*[=:]\s*org\.postgresql\.Driver\s*$", re.MULTILINE
)


class UnusableReleaseError(Exception):
    """The archive is not what the image needs; the text says why."""


def unpack(release: Path, folder: Path, driver: Path | None) -> None:
    """Unpack the applications into folders of their names below `folder`; raises UnusableReleaseError."""
    try:
        with zipfile.ZipFile(release) as archive:
            for name in APPLICATIONS:
                _unpack_application(_application(archive, name), folder / name, driver)
    except zipfile.BadZipFile as error:
        raise UnusableReleaseError(f"{release.name}: {error}") from None


def _application(archive: zipfile.ZipFile, name: str) -> zipfile.ZipFile:
    """Return the application's own archive, in whatever folder of the release it is."""
    found = [entry for entry in archive.namelist() if entry.rpartition("/")[2] == f"{name}.war"]
    if len(found) != 1:
        others = sorted(entry for entry in archive.namelist() if entry.endswith(".war"))
        raise UnusableReleaseError(
            f"the release has {len(found)} files {name}.war, one is needed; there are: {', '.join(others)}"
        )
    return zipfile.ZipFile(io.BytesIO(archive.read(found[0])))


def _unpack_application(application: zipfile.ZipFile, folder: Path, driver: Path | None) -> None:
    with application:
        names = application.namelist()
        if DATABASE_SETTINGS not in names or not POSTGRESQL.search(application.read(DATABASE_SETTINGS)):
            raise UnusableReleaseError(
                f"{folder.name}.war is not made for PostgreSQL: {DATABASE_SETTINGS} does not name org.postgresql.Driver"
            )
        # Java archives hold no paths that lead out of them; zipfile would not follow such a path.
        application.extractall(folder)
    libraries = folder / LIBRARIES
    libraries.mkdir(parents=True, exist_ok=True)
    drivers = [file for file in libraries.iterdir() if DRIVER.fullmatch(file.name)]
    if driver is not None:
        for file in drivers:
            file.unlink()
        shutil.copyfile(driver, libraries / "postgresql-driver.jar")
    elif not drivers:
        raise UnusableReleaseError(
            f"{folder.name}.war has no driver for PostgreSQL in {LIBRARIES}: name one as image.driver_url"
        )


def main(arguments: Sequence[str]) -> int:
    """Unpack what the command line names and return the exit code."""
    release, folder, *driver = (Path(argument) for argument in arguments)
    try:
        unpack(release, folder, driver[0] if driver else None)
    except UnusableReleaseError as error:
        print(f"unpack_release: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

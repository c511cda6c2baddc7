"""Unpacks YAWL's applications while the image is built: `python unpack_release.py --help`.

Only the two applications that a task runs are unpacked. Each must be built for PostgreSQL and have the libraries
it needs to start, in its own war or in the shared jars. Exit codes: 0 success, 2 the release is unusable.
"""

import argparse
import io
import re
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

APPLICATIONS: Final = ("yawl", "resourceService")
"""The engine and its resource service; the release's other applications are their clients."""
DATABASE_SETTINGS: Final = "WEB-INF/classes/hibernate.properties"
LIBRARIES: Final = "WEB-INF/lib"
NEEDED: Final = {
    "jdom2*.jar": re.compile(r"jdom-?2[^/]*\.jar"),
    "hibernate-core*.jar": re.compile(r"hibernate-core[^/]*\.jar"),
}
"""Libraries that both applications need to start. YAWL's own build may leave jdom out of its wars."""
DRIVER: Final = re.compile(r"postgresql-\d[^/]*\.jar")
DRIVER_NAME: Final = "postgresql-driver.jar"
POSTGRESQL: Final = re.compile(
    rb"^\s*hibernate\.connection\.driver_class\s*[=:]\s*org\.postgresql\.Driver\s*$", re.MULTILINE
)


class UnusableReleaseError(Exception):
    """The image cannot be built from this archive; the text gives the reason."""


def unpack(release: Path, folder: Path, *, shared: Path, driver: Path | None, libraries: Path | None) -> None:
    """Unpack each application into a folder of its name below `folder`, and shared jars into `shared`.

    `libraries` is an archive of jars, for releases that keep them outside the wars. Raises UnusableReleaseError.
    """
    try:
        if libraries is not None:
            _unpack_libraries(libraries, shared)
        with zipfile.ZipFile(release) as archive:
            for name in APPLICATIONS:
                _unpack_application(_application(archive, name), folder / name)
    except zipfile.BadZipFile as error:
        raise UnusableReleaseError(f"{release.name}: {error}") from None
    common = _jars(shared)
    for name in APPLICATIONS:
        own = folder / name / LIBRARIES
        own.mkdir(parents=True, exist_ok=True)
        _require_libraries(name, own=_jars(own), common=common)
        # The driver must be in the same place as Hibernate: shared classes cannot see those in the wars.
        has_hibernate = any(NEEDED["hibernate-core*.jar"].fullmatch(jar) for jar in _jars(own))
        _provide_driver(name, own if has_hibernate else shared, driver)


def _application(archive: zipfile.ZipFile, name: str) -> zipfile.ZipFile:
    """Return the application's war, from any folder of the release."""
    found = [entry for entry in archive.namelist() if entry.rpartition("/")[2] == f"{name}.war"]
    if len(found) != 1:
        others = sorted(entry for entry in archive.namelist() if entry.endswith(".war"))
        raise UnusableReleaseError(
            f"the release has {len(found)} files {name}.war, one is needed; there are: {', '.join(others)}"
        )
    return zipfile.ZipFile(io.BytesIO(archive.read(found[0])))


def _unpack_application(application: zipfile.ZipFile, folder: Path) -> None:
    with application:
        names = application.namelist()
        if DATABASE_SETTINGS not in names or not POSTGRESQL.search(application.read(DATABASE_SETTINGS)):
            raise UnusableReleaseError(
                f"{folder.name}.war is not made for PostgreSQL: {DATABASE_SETTINGS} does not name org.postgresql.Driver"
            )
        # zipfile does not write outside the folder, whatever paths the archive names.
        application.extractall(folder)


def _unpack_libraries(archive: Path, folder: Path) -> None:
    """Unpack the jars from all folders of the archive into one."""
    try:
        with zipfile.ZipFile(archive) as packed:
            jars = [entry for entry in packed.namelist() if entry.endswith(".jar")]
            if not jars:
                raise UnusableReleaseError(f"{archive.name} has no jars; it must be YAWL's archive of libraries")
            folder.mkdir(parents=True, exist_ok=True)
            for entry in jars:
                (folder / entry.rpartition("/")[2]).write_bytes(packed.read(entry))
    except zipfile.BadZipFile as error:
        raise UnusableReleaseError(f"{archive.name}: {error}") from None


def _require_libraries(application: str, *, own: list[str], common: list[str]) -> None:
    missing = [name for name, pattern in NEEDED.items() if not any(pattern.fullmatch(jar) for jar in (*own, *common))]
    if missing:
        raise UnusableReleaseError(
            f"{application}.war has no {' and no '.join(missing)} in {LIBRARIES}, so it cannot start. If the release"
            " keeps its libraries apart, name their archive (YAWL_LibraryJars_*.zip) as image.libraries_url"
        )


def _provide_driver(application: str, folder: Path, driver: Path | None) -> None:
    drivers = [jar for jar in _jars(folder) if DRIVER.fullmatch(jar)]
    if driver is not None:
        for jar in drivers:
            (folder / jar).unlink()
        shutil.copyfile(driver, folder / DRIVER_NAME)
    elif not drivers:
        raise UnusableReleaseError(f"{application}.war has no driver for PostgreSQL: name one as image.driver_url")


def _jars(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("*.jar"))


def main(arguments: Sequence[str]) -> int:
    """Unpack the release and return the exit code."""
    parser = argparse.ArgumentParser(prog="unpack_release", description="Unpack YAWL's applications for the image.")
    parser.add_argument("release", type=Path, help="YAWL's release: a zip with yawl.war and resourceService.war")
    parser.add_argument("folder", type=Path, help="target folder; each application gets a subfolder of its name")
    parser.add_argument(
        "--shared", type=Path, required=True, help="target folder of the jars that both applications share"
    )
    parser.add_argument("--driver", type=Path, help="PostgreSQL driver that replaces the release's")
    parser.add_argument("--libraries", type=Path, help="an archive of jars that the release keeps outside its wars")
    options = parser.parse_args(arguments)
    try:
        unpack(
            options.release, options.folder, shared=options.shared, driver=options.driver, libraries=options.libraries
        )
    except UnusableReleaseError as error:
        print(f"unpack_release: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

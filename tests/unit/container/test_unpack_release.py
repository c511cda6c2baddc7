"""The parts of YAWL's release in the image, tested with generated archives."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from image.unpack_release import main

FOR_POSTGRESQL = {"WEB-INF/classes/hibernate.properties": b"hibernate.connection.driver_class=org.postgresql.Driver\n"}
DRIVER = {"WEB-INF/lib/postgresql-42.7.10.jar": b"the release's driver"}


def archive(entries: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return content.getvalue()


NEEDED = {"WEB-INF/lib/jdom2-2.0.5.jar": b"", "WEB-INF/lib/hibernate-core-5.6.14.Final.jar": b""}
WAR = archive({**FOR_POSTGRESQL, **DRIVER, **NEEDED, "WEB-INF/web.xml": b"<web-app/>"})
THIN = archive({**FOR_POSTGRESQL, "WEB-INF/web.xml": b"<web-app/>"})
BOTH_THIN = {"yawl.war": THIN, "resourceService.war": THIN}


def unpack(
    folder: Path, entries: Mapping[str, bytes], *, driver: bool = False, libraries: Mapping[str, bytes] | None = None
) -> int:
    (folder / "release.zip").write_bytes(archive(entries))
    (folder / "driver.jar").write_bytes(b"another driver")
    arguments = [str(folder / "release.zip"), str(folder / "webapps"), "--shared", str(folder / "lib")]
    if driver:
        arguments += ["--driver", str(folder / "driver.jar")]
    if libraries is not None:
        (folder / "libraries.zip").write_bytes(archive(libraries))
        arguments += ["--libraries", str(folder / "libraries.zip")]
    return main(arguments)


def jars(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.jar")}


@pytest.mark.parametrize("inside", ["", "YAWL_6.1/wars/"])
def test_only_the_two_applications_are_unpacked(tmp_path: Path, inside: str) -> None:
    names = ("yawl", "resourceService", "workletService")
    assert unpack(tmp_path, {f"{inside}{name}.war": WAR for name in names}) == 0
    assert sorted(file.name for file in (tmp_path / "webapps").iterdir()) == ["resourceService", "yawl"]
    assert (tmp_path / "webapps/yawl/WEB-INF/web.xml").read_bytes() == b"<web-app/>"
    assert (tmp_path / "webapps/yawl/WEB-INF/lib/postgresql-42.7.10.jar").is_file()


def test_driver_replaces_the_bundled_one(tmp_path: Path) -> None:
    assert unpack(tmp_path, {"yawl.war": WAR, "resourceService.war": WAR}, driver=True) == 0
    for application in ("yawl", "resourceService"):
        own = jars(tmp_path / "webapps" / application / "WEB-INF/lib")
        assert "postgresql-42.7.10.jar" not in own
        assert own["postgresql-driver.jar"] == b"another driver"


def test_driver_is_added_if_missing(tmp_path: Path) -> None:
    war = archive({**FOR_POSTGRESQL, **NEEDED})
    assert unpack(tmp_path, {"yawl.war": war, "resourceService.war": war}, driver=True) == 0
    assert jars(tmp_path / "webapps/yawl/WEB-INF/lib")["postgresql-driver.jar"] == b"another driver"


SHARED = {f"yawllib/{name.rpartition('/')[2]}": data for name, data in {**NEEDED, **DRIVER}.items()}


def test_libraries_outside_the_wars_are_shared(tmp_path: Path) -> None:
    assert unpack(tmp_path, BOTH_THIN, libraries={**SHARED, "yawllib/README.txt": b""}) == 0
    assert sorted(jars(tmp_path / "lib")) == [
        "hibernate-core-5.6.14.Final.jar",
        "jdom2-2.0.5.jar",
        "postgresql-42.7.10.jar",
    ]
    assert jars(tmp_path / "webapps/yawl/WEB-INF/lib") == {}


def test_driver_is_next_to_hibernate(tmp_path: Path) -> None:
    assert unpack(tmp_path, BOTH_THIN, libraries=SHARED, driver=True) == 0
    shared = jars(tmp_path / "lib")
    assert shared["postgresql-driver.jar"] == b"another driver"
    assert "postgresql-42.7.10.jar" not in shared
    assert jars(tmp_path / "webapps/resourceService/WEB-INF/lib") == {}


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("WEB-INF/lib/jdom2-2.0.5.jar", "jdom2*.jar"),
        ("WEB-INF/lib/hibernate-core-5.6.14.Final.jar", "hibernate-core*.jar"),
    ],
)
@pytest.mark.parametrize("application", ["yawl", "resourceService"])
def test_unusable_war_is_rejected(
    tmp_path: Path, application: str, missing: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Similar names: jdom 1 has different packages, and another Hibernate jar is not hibernate-core.
    others = {"WEB-INF/lib/jdom-1.1.jar": b"", "WEB-INF/lib/hibernate-c3p0-5.6.14.jar": b""}
    kept = {name: data for name, data in NEEDED.items() if name != missing}
    incomplete = archive({**FOR_POSTGRESQL, **DRIVER, **kept, **others})
    assert unpack(tmp_path, {"yawl.war": WAR, "resourceService.war": WAR, f"{application}.war": incomplete}) == 2
    assert capsys.readouterr().err == (
        f"unpack_release: {application}.war has no {named} in WEB-INF/lib, so it cannot start. If the release keeps "
        "its libraries apart, name their archive (YAWL_LibraryJars_*.zip) as image.libraries_url\n"
    )


def test_archive_without_jars_is_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert unpack(tmp_path, BOTH_THIN, libraries={"README.txt": b""}) == 2
    assert "libraries.zip has no jars" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entries", "output"),
    [
        pytest.param(
            {"yawl.war": WAR, "workletService.war": WAR},
            "the release has 0 files resourceService.war, one is needed; there are: workletService.war, yawl.war",
            id="an application is missing",
        ),
        pytest.param(
            {"a/yawl.war": WAR, "b/yawl.war": WAR, "resourceService.war": WAR},
            "the release has 2 files yawl.war, one is needed; there are: a/yawl.war, b/yawl.war, resourceService.war",
            id="an application is there twice",
        ),
        pytest.param(
            {
                "yawl.war": archive({"WEB-INF/classes/hibernate.properties": b"# org.postgresql.Driver\n"}),
                "resourceService.war": WAR,
            },
            "yawl.war is not made for PostgreSQL: WEB-INF/classes/hibernate.properties does not name "
            "org.postgresql.Driver",
            id="made for another database",
        ),
        pytest.param(
            {"yawl.war": archive({**FOR_POSTGRESQL, **NEEDED}), "resourceService.war": WAR},
            "yawl.war has no driver for PostgreSQL: name one as image.driver_url",
            id="no driver",
        ),
    ],
)
def test_invalid_release_is_reported(
    tmp_path: Path, entries: Mapping[str, bytes], output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unpack(tmp_path, entries) == 2
    assert capsys.readouterr().err == f"unpack_release: {output}\n"


def test_html_instead_of_an_archive_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "release.zip").write_text("<html>Not Found</html>")
    assert main([str(tmp_path / "release.zip"), str(tmp_path / "webapps"), "--shared", str(tmp_path / "lib")]) == 2
    assert capsys.readouterr().err == "unpack_release: release.zip: File is not a zip file\n"

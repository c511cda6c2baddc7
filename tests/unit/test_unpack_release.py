"""What of YAWL's release gets into the image, with archives of ours."""

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


WAR = archive({**FOR_POSTGRESQL, **DRIVER, "WEB-INF/web.xml": b"<web-app/>"})


def unpack(folder: Path, entries: Mapping[str, bytes], *, driver: bool = False) -> int:
    (folder / "release.zip").write_bytes(archive(entries))
    (folder / "driver.jar").write_bytes(b"another driver")
    arguments = [str(folder / "release.zip"), str(folder / "webapps")]
    return main([*arguments, str(folder / "driver.jar")] if driver else arguments)


@pytest.mark.parametrize("inside", ["", "YAWL_6.1/wars/"])
def test_the_two_applications_are_unpacked_and_no_others(tmp_path: Path, inside: str) -> None:
    names = ("yawl", "resourceService", "workletService")
    assert unpack(tmp_path, {f"{inside}{name}.war": WAR for name in names}) == 0
    assert sorted(file.name for file in (tmp_path / "webapps").iterdir()) == ["resourceService", "yawl"]
    assert (tmp_path / "webapps/yawl/WEB-INF/web.xml").read_bytes() == b"<web-app/>"
    assert (tmp_path / "webapps/yawl/WEB-INF/lib/postgresql-42.7.10.jar").is_file()


def test_a_driver_takes_the_place_of_the_releases(tmp_path: Path) -> None:
    assert unpack(tmp_path, {"yawl.war": WAR, "resourceService.war": WAR}, driver=True) == 0
    for application in ("yawl", "resourceService"):
        (driver,) = (tmp_path / "webapps" / application / "WEB-INF/lib").iterdir()
        assert driver.read_bytes() == b"another driver"


def test_a_driver_fills_the_releases_gap(tmp_path: Path) -> None:
    war = archive(FOR_POSTGRESQL)
    assert unpack(tmp_path, {"yawl.war": war, "resourceService.war": war}, driver=True) == 0
    (driver,) = (tmp_path / "webapps/yawl/WEB-INF/lib").iterdir()
    assert driver.read_bytes() == b"another driver"


@pytest.mark.parametrize(
    ("entries", "said"),
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
            {"yawl.war": archive(FOR_POSTGRESQL), "resourceService.war": WAR},
            "yawl.war has no driver for PostgreSQL in WEB-INF/lib: name one as image.driver_url",
            id="no driver",
        ),
    ],
)
def test_what_will_not_do_is_named(
    tmp_path: Path, entries: Mapping[str, bytes], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unpack(tmp_path, entries) == 2
    assert capsys.readouterr().err == f"unpack_release: {said}\n"


def test_a_page_instead_of_an_archive_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "release.zip").write_text("<html>Not Found</html>")
    assert main([str(tmp_path / "release.zip"), str(tmp_path / "webapps")]) == 2
    assert capsys.readouterr().err == "unpack_release: release.zip: File is not a zip file\n"

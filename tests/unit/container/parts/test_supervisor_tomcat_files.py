"""Tomcat's command, environment and files, each line that matters."""

import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from supervisor.fencing import EngineLogin
from supervisor.masking import Secrets
from supervisor.tomcat import LOGGING_LEVELS, MOST_VERBOSE, Tomcat
from tests.unit.container.supervisor_task import variables

LOGIN = EngineLogin(user="yawl_engine_7", password="epoch\\secret\nline")


def made(folder: Path, **changed: str) -> Tomcat:
    read = variables(folder, **changed)
    return Tomcat(
        folder=folder / "work" / "tomcat",
        address="127.0.0.1",
        port=8082,
        variables=read.engine,
        database=read.database,
        log_level=read.log_level,
        known_secrets=Secrets(),
    )


def prepared(folder: Path, **changed: str) -> Path:
    tomcat = made(folder, **changed)
    tomcat.prepare(login=LOGIN, application_name="me & you")
    return tomcat.folder / "conf"


def test_command(task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/opt/java")
    tomcat = made(task_folder)
    home = task_folder / "home"
    command = tomcat.command()
    assert command[0] == "/opt/java/bin/java"
    assert [option for option in command[1:] if not option.startswith("--add-opens")] == [
        "-Xmx1024m",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        f"-XX:ErrorFile={tomcat.folder}/logs/hs_err.log",
        "-Dfile.encoding=UTF-8",
        "-Djava.awt.headless=true",
        f"-Dcatalina.home={home}",
        f"-Dcatalina.base={tomcat.folder}",
        f"-Djava.io.tmpdir={tomcat.folder}/temp",
        f"-Djava.util.logging.config.file={tomcat.folder}/conf/logging.properties",
        "-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager",
        f"-Dlog4j2.configurationFile={tomcat.folder}/conf/log4j2.xml",
        "-classpath",
        f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar",
        "org.apache.catalina.startup.Bootstrap",
        "start",
    ]


@pytest.mark.parametrize(("found", "java"), [("/usr/local/bin/java", "/usr/local/bin/java"), (None, "/usr/bin/java")])
def test_java_without_a_home(task_folder: Path, monkeypatch: pytest.MonkeyPatch, found: str | None, java: str) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", {"java": found}.get)
    assert made(task_folder).command()[0] == java


def test_archive_of_classes_is_used_if_the_image_has_one(task_folder: Path) -> None:
    archive = task_folder / "classes.jsa"
    tomcat = made(task_folder, CLASS_ARCHIVE=str(archive))
    assert tomcat._class_archive() == []
    archive.touch()
    assert tomcat._class_archive() == [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:cds=off"]


def test_environment(task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANG", "LC_ALL", "TZ", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("YAWL_DB_PASSWORD", "secret")
    tomcat = made(task_folder)
    assert tomcat.environment() == {
        "PATH": "/bin",
        "TZ": "UTC",
        "HOME": str(tomcat.folder),
        "CATALINA_HOME": str(task_folder / "home"),
        "CATALINA_BASE": str(tomcat.folder),
    }


def test_server(task_folder: Path) -> None:
    server = ET.parse(prepared(task_folder) / "server.xml").getroot()  # noqa: S314 - our own
    [connector], [host] = server.iter("Connector"), server.iter("Host")
    assert connector.attrib == {
        "address": "127.0.0.1",
        "port": "8082",
        "protocol": "HTTP/1.1",
        "maxThreads": "200",
        "acceptCount": "100",
        "connectionTimeout": "20000",
        "keepAliveTimeout": "75000",
        "maxPostSize": "-1",
        "URIEncoding": "UTF-8",
    }
    assert host.get("unpackWARs") == host.get("autoDeploy") == "false"
    assert {valve.get("showReport") for valve in host.iter("Valve")} == {None, "false"}


def test_secrets_survive_the_syntax_of_properties(task_folder: Path) -> None:
    lines = (prepared(task_folder) / "catalina.properties").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert found["hibernate.connection.password"] == "epoch\\\\secret\\nline"
    assert found["hibernate.connection.url"].endswith(
        "&ApplicationName=me%20%26%20you&tcpKeepAlive=true&connectTimeout=10"
    )
    assert found["server.loader"] == ""


def test_files_are_made_anew_for_each_start(task_folder: Path) -> None:
    conf = prepared(task_folder)
    (conf / "left").touch()
    (conf.parent / "work" / "left").touch()
    assert sorted(path.name for path in prepared(task_folder).parent.iterdir()) == ["conf", "logs", "temp", "work"]
    assert not list(conf.parent.rglob("left"))
    modes = {path.stat().st_mode & 0o777 for path in conf.parent.iterdir()} - {0o755}
    assert modes <= {0o700}
    assert (conf / "server.xml").stat().st_mode & 0o777 == 0o600


def test_application_that_the_release_lacks_gets_no_context(task_folder: Path) -> None:
    tomcat = made(task_folder)
    (task_folder / "webapps" / "resourceService").rmdir()
    tomcat.prepare(login=LOGIN, application_name="me")
    assert [path.name for path in (tomcat.folder / "conf" / "Catalina" / "localhost").iterdir()] == ["yawl.xml"]


@pytest.mark.parametrize("level", LOGGING_LEVELS)
def test_no_logger_is_more_verbose_than_its_limit(task_folder: Path, level: str) -> None:
    conf = prepared(task_folder, LOG_LEVEL=level)
    order = ("SEVERE", "WARNING", "INFO", "FINE", "FINER")
    limits: dict[str, Any] = {"": "INFO", **MOST_VERBOSE}
    lines = dict(line.split(" = ") for line in (conf / "logging.properties").read_text().splitlines())
    for name, most in limits.items():
        found = lines[f"{name}.level"]
        assert found == min(LOGGING_LEVELS[level], LOGGING_LEVELS[most], key=order.index)
    assert lines["java.util.logging.ConsoleHandler.level"] == LOGGING_LEVELS[level]

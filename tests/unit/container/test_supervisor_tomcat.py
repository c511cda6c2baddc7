"""Tomcat's folder: secrets are in one private file, which is deleted; YAWL's defaults are replaced."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from supervisor.engine_accounts import encoded
from supervisor.fencing import EngineLogin
from supervisor.masking import MASK, Secrets
from supervisor.tomcat import Tomcat
from tests.unit.container.supervisor_task import SECRETS, variables

LOGIN = EngineLogin(user="yawl_engine_7", password="epoch-secret")


def prepared(folder: Path, **changed: str) -> Tomcat:
    read = variables(folder, **changed)
    tomcat = Tomcat(
        folder=folder / "work" / "tomcat",
        address="127.0.0.1",
        port=8082,
        variables=read.engine,
        database=read.database,
        log_level=read.log_level,
        known_secrets=Secrets(),
    )
    tomcat.prepare(login=LOGIN, application_name="yawl-engine task1 epoch 7")
    return tomcat


def properties(tomcat: Tomcat) -> dict[str, str]:
    lines = (tomcat.folder / "conf" / "catalina.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def parameters(tomcat: Tomcat, application: str) -> dict[str, str]:
    found = root_of(tomcat.folder / "conf" / "Catalina" / "localhost" / f"{application}.xml").findall("Parameter")
    assert {element.get("override") for element in found} == {"false"}
    return {element.get("name", ""): element.get("value", "") for element in found}


def test_engine_logs_in_as_its_epoch_over_verified_tls(task_folder: Path) -> None:
    given = properties(prepared(task_folder))
    assert given["hibernate.connection.username"] == "yawl_engine_7"
    assert given["hibernate.connection.password"] == "epoch-secret"
    url = given["hibernate.connection.url"]
    assert url.startswith("jdbc:postgresql://database.example.com:5432/yawl?sslmode=verify-full&sslrootcert=")
    assert "ApplicationName=yawl-engine%20task1%20epoch%207" in url


def test_no_secret_is_on_the_command_line_or_in_the_environment(
    task_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YAWL_DB_PASSWORD", SECRETS[0])
    tomcat = prepared(task_folder)
    given = " ".join([*tomcat.command(), *tomcat.environment().values()])
    assert not [secret for secret in (*SECRETS, "epoch-secret") if secret in given]
    assert "-Xmx1024m" in given
    assert "-XX:+ExitOnOutOfMemoryError" in given


def test_files_are_private_and_secrets_are_deleted(task_folder: Path) -> None:
    tomcat = prepared(task_folder)
    assert {mode(path) & 0o077 for path in files(tomcat) if path.name != "web.xml"} == {0}
    assert [path.name for path in files(tomcat) if "epoch-secret" in path.read_text()] == ["catalina.properties"]
    tomcat.forget_secrets()
    tomcat.forget_secrets()
    assert not [path for path in files(tomcat) if "epoch-secret" in path.read_text()]


def test_applications_share_a_password_per_start(task_folder: Path) -> None:
    tomcat = prepared(task_folder)
    reference = "${yawl.delivery.worklist.password}"
    engine, service = parameters(tomcat, "yawl"), parameters(tomcat, "resourceService")
    assert engine["DefaultWorklist"] == f"http://127.0.0.1:8082/resourceService/ib#{reference}"
    assert service == {"InterfaceB_BackEnd": "http://127.0.0.1:8082/yawl/ib", "EngineLogonPassword": reference}
    first = properties(tomcat)["yawl.delivery.worklist.password"]
    assert len(first) == 64
    assert properties(prepared(task_folder))["yawl.delivery.worklist.password"] != first


@pytest.mark.parametrize(("user", "allowed"), [("operator", "false"), ("admin", "true")])
def test_generic_administrator_is_disabled(task_folder: Path, user: str, allowed: str) -> None:
    assert parameters(prepared(task_folder, YAWL_ADMIN_USER=user), "yawl")["AllowGenericAdminID"] == allowed


def test_application_context_is_kept(task_folder: Path) -> None:
    own = task_folder / "webapps" / "yawl" / "META-INF"
    own.mkdir(parents=True)
    (own / "context.xml").write_text(
        '<Context crossContext="true"><Parameter name="AllowGenericAdminID" value="true" override="false"/></Context>'
    )
    tomcat = prepared(task_folder)
    context = root_of(tomcat.folder / "conf" / "Catalina" / "localhost" / "yawl.xml")
    assert context.get("crossContext") == "true"
    assert parameters(tomcat, "yawl")["AllowGenericAdminID"] == "false"


def test_tomcat_listens_on_one_address_only_and_cannot_be_shut_down_by_port(task_folder: Path) -> None:
    server = root_of(prepared(task_folder).folder / "conf" / "server.xml")
    assert server.get("port") == "-1"
    assert [(c.get("address"), c.get("port")) for c in server.iter("Connector")] == [("127.0.0.1", "8082")]


def test_log_masks_the_secrets_made_for_a_start(task_folder: Path) -> None:
    tomcat = prepared(task_folder)
    made = properties(tomcat)["yawl.delivery.worklist.password"]
    assert tomcat.known_secrets.mask(f"epoch-secret, {encoded(made)}") == f"{MASK}, {MASK}"


@pytest.mark.parametrize(
    ("log_level", "interfaces", "hibernate", "tomcats_own"),
    [("TRACE", "INFO", "WARN", "INFO"), ("DEBUG", "INFO", "WARN", "INFO"), ("ERROR", "ERROR", "ERROR", "SEVERE")],
)
def test_password_loggers_are_capped_at_every_level(
    task_folder: Path, log_level: str, interfaces: str, hibernate: str, tomcats_own: str
) -> None:
    tomcat = prepared(task_folder, LOG_LEVEL=log_level)
    conf = tomcat.folder / "conf"
    loggers = {one.get("name"): one.get("level") for one in root_of(conf / "log4j2.xml").iter("Logger")}
    assert loggers["org.yawlfoundation.yawl.engine.interfce"] == interfaces
    assert loggers["org.yawlfoundation.yawl.resourcing.rsInterface"] == interfaces
    assert loggers["org.hibernate"] == hibernate
    assert loggers["org.hibernate.orm.deprecation"] == "ERROR"
    assert [root.get("level") for root in root_of(conf / "log4j2.xml").iter("Root")] == [log_level]
    assert f"\n.level = {tomcats_own}\n" in (conf / "logging.properties").read_text()


def test_applications_start_in_parallel_without_jar_scans(task_folder: Path) -> None:
    tomcat = prepared(task_folder)
    assert [h.get("startStopThreads") for h in root_of(tomcat.folder / "conf" / "server.xml").iter("Host")] == ["2"]
    assert properties(tomcat)["tomcat.util.scan.StandardJarScanFilter.jarsToSkip"] == "*"


def test_jars_outside_the_wars_are_on_the_shared_class_path(task_folder: Path) -> None:
    assert properties(prepared(task_folder))["shared.loader"] == ""
    libraries = task_folder / "libraries"
    libraries.mkdir()
    given = properties(prepared(task_folder, LIBRARIES=str(libraries)))
    assert given["shared.loader"] == f'"{libraries}/*.jar"'


def files(tomcat: Tomcat) -> list[Path]:
    return [path for path in tomcat.folder.rglob("*") if path.is_file()]


def mode(path: Path) -> int:
    return path.stat().st_mode


def root_of(path: Path) -> ET.Element:
    return ET.fromstring(path.read_text())  # noqa: S314 - our own

"""Tomcat's own folder (CATALINA_BASE) and command, written before each start.

Secrets go into `conf/catalina.properties`, which Tomcat turns into system properties: there they are on no command
line, and neither Java's crash reports nor its performance data repeat them. The file is removed once it has been read.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from supervisor.fencing import EngineLogin
from supervisor.masking import Secrets
from supervisor.variables import DatabaseVariables, EngineVariables

MODULE_OPTIONS: Final = (
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.rmi/sun.rmi.transport=ALL-UNNAMED",
)
"""What Tomcat's own start script opens."""
LOGGING_LEVELS: Final = {
    "TRACE": "FINER",
    "DEBUG": "FINE",
    "INFO": "INFO",
    "WARN": "WARNING",
    "ERROR": "SEVERE",
    "FATAL": "SEVERE",
}
LOG4J_LEVELS: Final = ("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE")
"""From the least to the most verbose."""
MOST_VERBOSE: Final = {
    # At DEBUG its interfaces write every parameter of a request, password hashes included.
    "org.yawlfoundation.yawl.engine.interfce": "INFO",
    "org.yawlfoundation.yawl.resourcing.rsInterface": "INFO",
    # At TRACE it writes the values that go into a statement.
    "org.hibernate": "WARN",
    # Some fifty warnings in each start, about names in YAWL's own configuration.
    "org.hibernate.orm.deprecation": "ERROR",
}
"""Loggers with a limit on LOG_LEVEL, and that limit."""
TOMCAT_MOST_VERBOSE: Final = "INFO"
"""At FINE Tomcat writes the bytes of requests, and the parameters it sets with their values."""
START_THREADS: Final = 2
"""Applications that Tomcat starts in parallel; there are two."""
GENERIC_ADMIN: Final = "admin"
"""The only name that YAWL takes for a client when its generic administrator is switched on."""


@dataclass(frozen=True, kw_only=True)
class Tomcat:
    """Where one task's Tomcat lives and listens."""

    folder: Path
    address: str
    port: int
    variables: EngineVariables
    database: DatabaseVariables
    log_level: str
    known_secrets: Secrets
    """The secrets that the log masks; those generated here are added."""

    @property
    def _secrets_file(self) -> Path:
        return self.folder / "conf" / "catalina.properties"

    def prepare(self, *, login: EngineLogin, application_name: str) -> None:
        """Write Tomcat's files, readable by this user only."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("conf/Catalina/localhost", "logs", "temp", "work"):
            (self.folder / name).mkdir(mode=0o700, parents=True)
        shutil.copyfile(self.variables.catalina_home / "conf" / "web.xml", self.folder / "conf" / "web.xml")
        for name, text in {
            "server.xml": self._server(),
            "context.xml": self._context_defaults(),
            "logging.properties": self._logging(),
            "log4j2.xml": self._log4j(),
            "catalina.properties": self._properties(login, application_name),
        }.items():
            _write(self.folder / "conf" / name, text)
        for application, parameters in self._parameters().items():
            if (self.variables.webapps / application).is_dir():
                path = self.folder / "conf" / "Catalina" / "localhost" / f"{application}.xml"
                _write(path, _context(self.variables.webapps / application, parameters))

    def forget_secrets(self) -> None:
        """Remove the file with the secrets: Tomcat has read it, or has ended."""
        self._secrets_file.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the command that runs Tomcat in the foreground."""
        home = self.variables.catalina_home
        java_home = os.environ.get("JAVA_HOME")
        java = str(Path(java_home) / "bin" / "java") if java_home else shutil.which("java") or "/usr/bin/java"
        return [
            java,
            *MODULE_OPTIONS,
            *self._class_archive(),
            f"-Xmx{self.variables.heap_size}",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            f"-XX:ErrorFile={self.folder}/logs/hs_err.log",
            "-Dfile.encoding=UTF-8",
            "-Djava.awt.headless=true",
            f"-Dcatalina.home={home}",
            f"-Dcatalina.base={self.folder}",
            f"-Djava.io.tmpdir={self.folder}/temp",
            f"-Djava.util.logging.config.file={self.folder}/conf/logging.properties",
            "-Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager",
            f"-Dlog4j2.configurationFile={self.folder}/conf/log4j2.xml",
            "-classpath",
            f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar",
            "org.apache.catalina.startup.Bootstrap",
            "start",
        ]

    def _class_archive(self) -> list[str]:
        """Return the options that have Java start from the image's archive of classes, if it has one.

        Java does without one that does not fit; its own warnings about that would be lines of the log.
        """
        archive = self.variables.class_archive
        return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:cds=off"] if archive.is_file() else []

    def environment(self) -> Mapping[str, str]:
        """Return Tomcat's environment variables, without the supervisor's secrets."""
        inherited = {
            name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "JAVA_HOME") if name in os.environ
        }
        return {
            **inherited,
            "HOME": str(self.folder),
            "CATALINA_HOME": str(self.variables.catalina_home),
            "CATALINA_BASE": str(self.folder),
        }

    def _server(self) -> str:
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector address="{self.address}" port="{self.port}" protocol="HTTP/1.1" maxThreads="200" acceptCount="100"
               connectionTimeout="20000" keepAliveTimeout="75000" maxPostSize="-1" URIEncoding="UTF-8"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase={quoteattr(str(self.variables.webapps))} unpackWARs="false" autoDeploy="false"
            startStopThreads="{START_THREADS}" workDir={quoteattr(str(self.folder / "work"))}>
        <Valve className="org.apache.catalina.valves.RemoteIpValve"/>
        <Valve className="org.apache.catalina.valves.ErrorReportValve" showReport="false" showServerInfo="false"/>
      </Host>
    </Engine>
  </Service>
</Server>
"""

    def _context_defaults(self) -> str:
        """Return the context defaults of both applications.

        An application ends with its Java process, so what Tomcat would find leaked in it then is freed anyway.
        """
        return '<Context skipMemoryLeakChecksOnJvmShutdown="true"/>\n'

    def _logging(self) -> str:
        capped = {"": TOMCAT_MOST_VERBOSE, **MOST_VERBOSE}
        levels = {name: LOGGING_LEVELS[self._level(most)] for name, most in capped.items()}
        return "".join(
            f"{line}\n"
            for line in (
                "handlers = java.util.logging.ConsoleHandler",
                ".handlers = java.util.logging.ConsoleHandler",
                *(f"{name}.level = {level}" for name, level in levels.items()),
                f"java.util.logging.ConsoleHandler.level = {LOGGING_LEVELS[self.log_level]}",
                "java.util.logging.ConsoleHandler.formatter = org.apache.juli.OneLineFormatter",
                "java.util.logging.ConsoleHandler.encoding = UTF-8",
            )
        )

    def _log4j(self) -> str:
        loggers = "\n    ".join(
            f'<Logger name="{name}" level="{self._level(most)}"/>' for name, most in MOST_VERBOSE.items()
        )
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR">
  <Appenders>
    <Console name="STDOUT" target="SYSTEM_OUT">
      <PatternLayout pattern="%d{{yyyy-MM-dd HH:mm:ss.SSS}} %p %c{{1}} %m%n"/>
    </Console>
  </Appenders>
  <Loggers>
    {loggers}
    <Root level="{self.log_level}"><AppenderRef ref="STDOUT"/></Root>
  </Loggers>
</Configuration>
"""

    def _level(self, most: str) -> str:
        """Return LOG_LEVEL, or `most` if that is less verbose."""
        return min(self.log_level, most, key=LOG4J_LEVELS.index)

    def _properties(self, login: EngineLogin, application_name: str) -> str:
        home = '"${catalina.base}/lib","${catalina.base}/lib/*.jar","${catalina.home}/lib","${catalina.home}/lib/*.jar"'
        url = (
            f"jdbc:postgresql://{self.database.host}:{self.database.port}/{self.database.name}"
            f"?sslmode=verify-full&sslrootcert={quote(str(self.database.ca_bundle))}"
            f"&ApplicationName={quote(application_name)}&tcpKeepAlive=true&connectTimeout=10"
        )
        worklist_password = secrets.token_hex(32)
        self.known_secrets.add(login.password, worklist_password)
        properties = {
            "common.loader": home,
            "server.loader": "",
            "shared.loader": f'"{self.variables.libraries}/*.jar"' if self.variables.libraries.is_dir() else "",
            # Neither application brings fragments, tag libraries or initializers in its jars.
            "tomcat.util.scan.StandardJarScanFilter.jarsToSkip": "*",
            "hibernate.connection.url": url,
            "hibernate.connection.username": login.user,
            "hibernate.connection.password": login.password,
            "yawl.delivery.worklist.password": worklist_password,
        }
        return "".join(f"{name}={_property_value(value)}\n" for name, value in properties.items())

    def _parameters(self) -> Mapping[str, Mapping[str, str]]:
        """Return context parameters that take the place of those in the applications' own descriptors.

        The two applications talk to each other directly, with a password made for this start instead of YAWL's.
        """
        here = f"http://{self.address}:{self.port}"
        password = "${yawl.delivery.worklist.password}"  # noqa: S105 - a reference to the property
        allowed = self.variables.admin_user == GENERIC_ADMIN
        return {
            "yawl": {
                "AllowGenericAdminID": str(allowed).lower(),
                "DefaultWorklist": f"{here}/resourceService/ib#{password}",
            },
            "resourceService": {
                "InterfaceB_BackEnd": f"{here}/yawl/ib",
                "EngineLogonPassword": password,
            },
        }


def _context(application: Path, parameters: Mapping[str, str]) -> str:
    """Return a context descriptor: the application's own, if any, with `parameters` that win over its web.xml."""
    own = application / "META-INF" / "context.xml"
    context = ET.parse(own).getroot() if own.is_file() else ET.Element("Context")  # noqa: S314 - part of the image
    for name, value in parameters.items():
        for other in [element for element in context.findall("Parameter") if element.get("name") == name]:
            context.remove(other)
        ET.SubElement(context, "Parameter", {"name": name, "value": value, "override": "false"})
    return ET.tostring(context, encoding="unicode") + "\n"


def _property_value(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)

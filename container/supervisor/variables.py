"""The environment variables of a task, validated together."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from supervisor import ecs_metadata
from supervisor.log import LEVELS

FOLDER_LENGTH_LIMIT: Final = 80
"""Sockets lie in the working folder, and Linux takes 107 characters for a socket's path."""
DATABASE_NAME_LENGTH_LIMIT: Final = 40
"""The names of roles are the database's and an addition, and PostgreSQL takes 63 bytes for a name."""
SYSTEM_CERTIFICATES: Final = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
)
APPLICATIONS: Final = ("yawl", "resourceService")
"""The engine and the service that hands out its work, by their folders; a task needs both."""
RDS_BUNDLE: Final = Path("/opt/yawl/rds-ca-bundle.pem")
"""Where the image keeps the certificates of RDS's authorities."""


class VariablesError(Exception):
    """One or more variables are missing or wrong; the text names them all, and no secret."""


@dataclass(frozen=True, kw_only=True)
class DatabaseVariables:
    """Where the database is, and the user that owns it."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    ca_bundle: Path
    reader: str | None = None
    """The read-only role that operators log in as with IAM; None: there is none."""


@dataclass(frozen=True, kw_only=True)
class RedisVariables:
    """Where Redis is."""

    host: str
    port: int
    auth_token: str = field(repr=False)
    ca_bundle: Path


@dataclass(frozen=True, kw_only=True)
class EngineVariables:
    """How the engine runs, and the one account it has."""

    heap_size: str
    admin_user: str
    admin_password: str = field(repr=False)
    catalina_home: Path
    webapps: Path
    libraries: Path
    """Jars that both applications share, where YAWL's release keeps them outside the wars; may not exist."""
    class_archive: Path
    """The applications' classes as Java maps them into memory, recorded with the image; may not exist."""


@dataclass(frozen=True, kw_only=True)
class Variables:
    """All variables of a task."""

    environment: str
    log_level: str
    image_version: str
    task_name: str
    task_address: str
    """Address that other tasks reach this one at."""
    bind_address: str
    work_folder: Path
    haproxy: Path
    database: DatabaseVariables
    redis: RedisVariables
    engine: EngineVariables

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that no log may show."""
        return self.database.password, self.redis.auth_token, self.engine.admin_password


def read_variables(environment: Mapping[str, str]) -> Variables:
    """Read and validate the variables.

    Raises VariablesError, which names every mistake.
    """
    reader = _Reader(environment)
    metadata = None
    if address := environment.get("ECS_CONTAINER_METADATA_URI_V4"):
        try:
            metadata = ecs_metadata.read(address)
        except ecs_metadata.MetadataError as error:
            reader.mistakes.append(f"ECS_CONTAINER_METADATA_URI_V4: {error}")
    variables = Variables(
        environment=reader.matching("ENVIRONMENT", r"[A-Za-z0-9_-]{1,40}", "a short name"),
        log_level=reader.one_of("LOG_LEVEL", tuple(LEVELS)),
        image_version=reader.text("IMAGE_VERSION"),
        task_name=reader.matching(
            "TASK_NAME",
            r"[A-Za-z0-9._-]{1,40}",
            "letters, digits, dots and dashes",
            default=metadata.task_name if metadata else _host_name(),
        ),
        task_address=reader.text("TASK_ADDRESS", default=metadata.address if metadata else _host_address()),
        bind_address=reader.matching("BIND_ADDRESS", r"\d{1,3}(\.\d{1,3}){3}", "an IPv4 address", default="0.0.0.0"),  # noqa: S104 - a container's
        work_folder=reader.writable_folder("WORK_FOLDER", default="/run/yawl"),
        haproxy=reader.file("HAPROXY", default="/usr/sbin/haproxy"),
        database=DatabaseVariables(
            host=reader.text("YAWL_DB_HOST"),
            port=reader.port("YAWL_DB_PORT"),
            name=reader.matching(
                "YAWL_DB_NAME",
                rf"[A-Za-z_][A-Za-z0-9_]{{0,{DATABASE_NAME_LENGTH_LIMIT - 1}}}",
                f"at most {DATABASE_NAME_LENGTH_LIMIT} letters, digits and underscores",
            ),
            user=reader.text("YAWL_DB_USER"),
            password=reader.text("YAWL_DB_PASSWORD"),
            ca_bundle=reader.file("YAWL_DB_CA_BUNDLE", default=str(RDS_BUNDLE)),
            reader=reader.optional("YAWL_DB_READER"),
        ),
        redis=RedisVariables(
            host=reader.text("REDIS_HOST"),
            port=reader.port("REDIS_PORT"),
            auth_token=reader.text("REDIS_AUTH_TOKEN"),
            ca_bundle=reader.file("REDIS_CA_BUNDLE", default=_system_certificates()),
        ),
        engine=EngineVariables(
            heap_size=reader.matching("YAWL_HEAP_SIZE", r"[1-9][0-9]{0,5}[mMgG]", 'a size such as "1024m" or "2g"'),
            admin_user=reader.matching("YAWL_ADMIN_USER", r"[^\s<>&]{1,255}", "a name without spaces"),
            admin_password=reader.text("YAWL_ADMIN_PASSWORD"),
            catalina_home=reader.folder(
                "CATALINA_HOME",
                default="/usr/local/tomcat",
                holding=("bin/bootstrap.jar", "bin/tomcat-juli.jar", "lib/catalina.jar", "conf/web.xml"),
            ),
            libraries=Path(reader.text("LIBRARIES", default="/opt/yawl/lib")),
            class_archive=Path(reader.text("CLASS_ARCHIVE", default="/opt/yawl/classes.jsa")),
            webapps=reader.folder("WEBAPPS", default="/opt/yawl/webapps", holding=APPLICATIONS),
        ),
    )
    if reader.mistakes:
        raise VariablesError("\n".join(reader.mistakes))
    return variables


class _Reader:
    """Reads variables one by one and remembers what is wrong with them. An empty variable counts as missing."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.mistakes: list[str] = []

    def optional(self, name: str) -> str | None:
        return self._environment.get(name) or None

    def text(self, name: str, default: str | None = None) -> str:
        value = self._environment.get(name) or default
        if not value:
            self.mistakes.append(f"{name}: is missing")
            return ""
        if any(ord(character) < 32 for character in value):
            self.mistakes.append(f"{name}: has line breaks or other control characters")
        return value

    def matching(self, name: str, pattern: str, description: str, default: str | None = None) -> str:
        value = self.text(name, default)
        if value and not re.fullmatch(pattern, value):
            self.mistakes.append(f"{name}: {value!r} is not {description}")
        return value

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name)
        if value and value not in choices:
            self.mistakes.append(f"{name}: {value!r} is not one of {', '.join(choices)}")
        return value

    def port(self, name: str) -> int:
        value = self.text(name)
        if not value:
            return 0
        if not re.fullmatch(r"[0-9]{1,5}", value) or not 0 < int(value) < 65536:
            self.mistakes.append(f"{name}: {value!r} is not a port")
            return 0
        return int(value)

    def file(self, name: str, default: str) -> Path:
        path = Path(self.text(name, default))
        if not os.access(path, os.R_OK) or not path.is_file():
            self.mistakes.append(f"{name}: {path} is not a readable file")
        return path

    def folder(self, name: str, default: str, *, holding: tuple[str, ...]) -> Path:
        path = Path(self.text(name, default))
        missing = [content for content in holding if not os.access(path / content, os.R_OK)]
        if missing:
            self.mistakes.append(f"{name}: {path} lacks {', '.join(missing)}, or this user may not read it")
        return path

    def writable_folder(self, name: str, default: str) -> Path:
        path = Path(self.text(name, default))
        if not path.is_absolute() or len(str(path)) > FOLDER_LENGTH_LIMIT:
            self.mistakes.append(f"{name}: {path} is not an absolute path of at most {FOLDER_LENGTH_LIMIT} characters")
        elif not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
            self.mistakes.append(f"{name}: {path} is not a writable folder")
        return path


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:40]


def _host_address() -> str:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"


def _system_certificates() -> str:
    return str(next((path for path in SYSTEM_CERTIFICATES if path.is_file()), SYSTEM_CERTIFICATES[0]))

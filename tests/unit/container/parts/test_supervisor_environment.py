"""What a task takes from its environment: variables with limits on both sides, defaults, and ECS's answers."""

import io
import json
import socket
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from supervisor import console, ecs_metadata, variables
from supervisor.variables import VariablesError, read_variables
from tests.unit.container.supervisor_task import environment

ARN = "arn:aws:ecs:us-east-1:222222222222:task/yawl-dev/0123456789abcdef"
METADATA = "http://169.254.170.2/v4/x"


def read(folder: Path, **changed: str) -> Any:
    return read_variables({**environment(folder), **changed})


def mistakes(folder: Path, **changed: str) -> list[str]:
    """Return the names of the variables that are rejected."""
    try:
        read(folder, **changed)
    except VariablesError as error:
        return [line.partition(":")[0] for line in str(error).splitlines()]
    return []


LIMITS = {
    "YAWL_DB_PORT": (["1", "65535", "05432"], ["0", "65536", "-1", "100000", "5432 ", "1e3"]),
    "REDIS_PORT": (["1", "65535"], ["0", "65536", "six"]),
    "ENVIRONMENT": (["a", "a" * 40, "dev-1_A"], ["a" * 41, "dev prod", "dev.1"]),
    "TASK_NAME": (["a", "a" * 40, "task.1-a_B"], ["a" * 41, "task 1"]),
    "BIND_ADDRESS": (["0.0.0.0", "127.0.0.1"], ["127.0.0", "127.0.0.1.1", "1270.0.0.1", "::"]),  # noqa: S104
    "YAWL_DB_NAME": (["a", "_", "a" * 40, "Y1"], ["a" * 41, "1a", "a.b"]),
    "YAWL_HEAP_SIZE": (["1m", "999999M", "2g", "2G"], ["0m", "01m", "1000000m", "1", "1k", "m"]),
    "YAWL_ADMIN_USER": (["a", "a" * 255], ["a" * 256, "a<b", "a>b", "a&b", "a b"]),
    "YAWL_DB_PASSWORD": (["a b", "~\x7f"], ["a\x1fb", "a\tb", "a\nb", "a\x00b"]),
    "LOG_LEVEL": (["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], ["info", "ALL", "OFF"]),
}
"""Values that are taken, and values that are not."""


@pytest.mark.parametrize("name", LIMITS)
def test_limits_from_both_sides(task_folder: Path, name: str) -> None:
    taken, rejected = LIMITS[name]
    assert [value for value in taken if mistakes(task_folder, **{name: value})] == []
    assert [value for value in rejected if mistakes(task_folder, **{name: value}) != [name]] == []


REQUIRED = (
    *("ENVIRONMENT", "LOG_LEVEL", "IMAGE_VERSION", "YAWL_DB_HOST", "YAWL_DB_PORT", "YAWL_DB_NAME", "YAWL_DB_USER"),
    *("YAWL_DB_PASSWORD", "REDIS_HOST", "REDIS_PORT", "REDIS_AUTH_TOKEN", "YAWL_HEAP_SIZE", "YAWL_ADMIN_USER"),
    "YAWL_ADMIN_PASSWORD",
)


def test_each_missing_variable_is_one_mistake(task_folder: Path) -> None:
    assert mistakes(task_folder, **dict.fromkeys(REQUIRED, "")) == list(REQUIRED)


def test_defaults(task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "host one/" + "a" * 40)
    monkeypatch.setattr(socket, "gethostbyname", {"host one/" + "a" * 40: "10.0.3.9"}.get)
    names = ("TASK_NAME", "TASK_ADDRESS", "BIND_ADDRESS", "LIBRARIES", "CLASS_ARCHIVE", "YAWL_DB_READER")
    found = read(task_folder, **dict.fromkeys(names, ""))
    assert (found.task_name, found.task_address) == ("host-one-" + "a" * 31, "10.0.3.9")
    assert found.bind_address == "0.0.0.0"  # noqa: S104 - not bound
    assert (str(found.engine.libraries), str(found.engine.class_archive)) == ("/opt/yawl/lib", "/opt/yawl/classes.jsa")
    assert found.database.reader is None
    assert read(task_folder, YAWL_DB_READER="yawl_reader").database.reader == "yawl_reader"


DEFAULT_PATHS = {
    "WORK_FOLDER": "/run/yawl is not a writable folder",
    "HAPROXY": "/usr/sbin/haproxy is not a readable file",
    "YAWL_DB_CA_BUNDLE": "/opt/yawl/rds-ca-bundle.pem is not a readable file",
    "REDIS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt is not a readable file",
    "CATALINA_HOME": "/usr/local/tomcat lacks bin/bootstrap.jar, bin/tomcat-juli.jar, lib/catalina.jar, conf/web.xml,",
    "WEBAPPS": "/opt/yawl/webapps lacks yawl, resourceService,",
}


def _never(*_: object) -> bool:
    return False


def test_default_paths(task_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {**environment(task_folder), **dict.fromkeys(DEFAULT_PATHS, "")}
    monkeypatch.setattr(variables.os, "access", _never)
    monkeypatch.setattr(Path, "is_file", _never)
    with pytest.raises(VariablesError) as error:
        read_variables(given)
    for name, mistake in DEFAULT_PATHS.items():
        assert f"{name}: {mistake}" in str(error.value)


@pytest.mark.parametrize("present", [0, 1])
def test_authorities_of_either_distribution_are_found(present: int, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = variables.SYSTEM_CERTIFICATES

    def is_file(path: Path) -> bool:
        return path == paths[present]

    monkeypatch.setattr(Path, "is_file", is_file)
    assert variables._system_certificates() == str(paths[present])


def test_host_without_a_name_in_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: str) -> str:
        raise socket.gaierror

    monkeypatch.setattr(socket, "gethostbyname", unknown)
    assert variables._host_address() == "127.0.0.1"


def test_work_folder(task_folder: Path) -> None:
    longest = task_folder / ("a" * (80 - len(str(task_folder)) - 1))
    longest.mkdir()
    (task_folder / "file").touch()
    too_long = f"{longest}a"
    Path(too_long).mkdir()
    assert mistakes(task_folder, WORK_FOLDER=str(longest)) == []
    for folder in (too_long, "relative", str(task_folder / "file")):
        assert mistakes(task_folder, WORK_FOLDER=folder) == ["WORK_FOLDER"]


def test_folder_is_no_file(task_folder: Path) -> None:
    assert mistakes(task_folder, HAPROXY=str(task_folder)) == ["HAPROXY"]


class TestMetadata:
    @pytest.fixture
    def answers(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """What ECS answers, by address: two of everything."""
        networks = [{"IPv4Addresses": ["10.0.3.7", "10.0.3.8"]}, {"IPv4Addresses": ["10.0.4.7"]}]
        found: dict[str, Any] = {METADATA: {"Networks": networks}, f"{METADATA}/task": {"TaskARN": ARN}}

        def urlopen(address: str, *, timeout: float) -> io.BytesIO:
            assert timeout == 3.0
            return io.BytesIO(json.dumps(found[address]).encode())

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)
        return found

    def test_first_address_of_the_first_network(self, answers: Mapping[str, Any]) -> None:
        assert answers
        assert ecs_metadata.read(METADATA) == ecs_metadata.TaskMetadata(task_name="01234567", address="10.0.3.7")

    @pytest.mark.parametrize(
        ("part", "answer", "reason"),
        [
            ("", {"Networks": []}, "IndexError"),
            ("", {"Networks": [{"IPv4Addresses": []}]}, "IndexError"),
            ("", {"Networks": None}, "TypeError"),
            ("", {}, "KeyError"),
            ("/task", {}, "KeyError"),
            ("/task", [], "TypeError"),
        ],
    )
    def test_other_answers(self, answers: dict[str, Any], part: str, answer: object, reason: str) -> None:
        answers[METADATA + part] = answer
        with pytest.raises(ecs_metadata.MetadataError, match=rf"does not answer as ECS documents \({reason}\)"):
            ecs_metadata.read(METADATA)

    @pytest.mark.parametrize("address", ["https://169.254.170.2/v4/x", "file:///etc/passwd"])
    def test_other_addresses(self, address: str) -> None:
        with pytest.raises(ecs_metadata.MetadataError, match="ValueError"):
            ecs_metadata.read(address)


class TestConsole:
    def test_credentials_come_from_the_roles_endpoint(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[str, float]] = []

        def urlopen(address: str, *, timeout: float) -> io.BytesIO:
            asked.append((address, timeout))
            return io.BytesIO(b'{"AccessKeyId": "a", "SecretAccessKey": "s", "Token": "t"}')

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)
        found = console._credentials({console.CREDENTIALS: "/v2/credentials/x"})
        assert (found.access_key, found.secret_key, found.session_token) == ("a", "s", "t")
        assert asked == [("http://169.254.170.2/v2/credentials/x", 5)]

    def test_first_process_knows_where_they_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        content = f"PATH=/bin\0\0{console.CREDENTIALS}=/v2/a=b\0YAWL_DB_PASSWORD=secret\0"

        def read_text(path: Path) -> str:
            assert str(path) == "/proc/1/environ"
            return content

        monkeypatch.setattr(Path, "read_text", read_text)
        assert console._of_the_first_process() == {console.CREDENTIALS: "/v2/a=b"}

    def test_first_process_of_somebody_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def read_text(_: Path) -> str:
            raise PermissionError

        monkeypatch.setattr(Path, "read_text", read_text)
        assert console._of_the_first_process() == {}

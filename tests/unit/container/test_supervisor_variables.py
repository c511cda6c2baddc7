"""Variables of a task: all errors are reported at once, by name, without secrets."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from supervisor.variables import VariablesError, read_variables
from tests.faulty_http_server import unused_port
from tests.paths import ROOT
from tests.unit.container.supervisor_task import SECRETS, environment, variables

CONTAINER = ROOT / "container"


def test_variables_are_read(task_folder: Path) -> None:
    read = variables(task_folder)
    assert (read.database.host, read.database.port, read.redis.port) == ("database.example.com", 5432, 6379)
    assert (read.environment, read.engine.heap_size) == ("dev", "1024m")


def test_repr_has_no_secrets(task_folder: Path) -> None:
    shown = repr(variables(task_folder))
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize(
    ("name", "value", "mistake"),
    [
        ("YAWL_DB_HOST", "", "YAWL_DB_HOST: is missing"),
        ("YAWL_DB_PORT", "0", "YAWL_DB_PORT: '0' is not a port"),
        ("REDIS_PORT", "65536", "REDIS_PORT: '65536' is not a port"),
        ("YAWL_DB_NAME", "a-b", "YAWL_DB_NAME: 'a-b' is not at most 40 letters"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: 'loud' is not one of TRACE"),
        ("YAWL_HEAP_SIZE", "1 GB", "YAWL_HEAP_SIZE: '1 GB' is not a size"),
        ("YAWL_DB_CA_BUNDLE", "/nowhere.pem", "YAWL_DB_CA_BUNDLE: /nowhere.pem is not a readable file"),
        ("WORK_FOLDER", "/nowhere", "WORK_FOLDER: /nowhere is not a writable folder"),
        ("WORK_FOLDER", "/" + "a" * 80, "is not an absolute path of at most 80 characters"),
        ("CATALINA_HOME", "/nowhere", "CATALINA_HOME: /nowhere lacks bin/bootstrap.jar"),
        ("WEBAPPS", "/nowhere", "WEBAPPS: /nowhere lacks yawl"),
        ("WEBAPPS", "{folder}/engine-only", "WEBAPPS: {folder}/engine-only lacks resourceService,"),
        ("TASK_NAME", 'a" inject', "TASK_NAME: 'a\" inject' is not letters"),
        ("BIND_ADDRESS", "localhost", "BIND_ADDRESS: 'localhost' is not an IPv4 address"),
        ("YAWL_ADMIN_USER", "a b", "YAWL_ADMIN_USER: 'a b' is not a name"),
        ("ECS_CONTAINER_METADATA_URI_V4", "http://127.0.0.1:1", "ECS_CONTAINER_METADATA_URI_V4: cannot be reached"),
    ],
)
def test_invalid_variable_is_reported(task_folder: Path, name: str, value: str, mistake: str) -> None:
    (task_folder / "engine-only" / "yawl").mkdir(parents=True)
    with pytest.raises(VariablesError) as raised:
        read_variables({**environment(task_folder), name: value.replace("{folder}", str(task_folder))})
    assert mistake.replace("{folder}", str(task_folder)) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_password_with_a_line_break_is_rejected(task_folder: Path) -> None:
    with pytest.raises(VariablesError, match="YAWL_DB_PASSWORD: has line breaks") as raised:
        read_variables({**environment(task_folder), "YAWL_DB_PASSWORD": "database-secret\n"})
    assert "database-secret" not in str(raised.value)


def test_missing_variables_exit_with_2() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "supervisor"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CONTAINER)},
        capture_output=True,
        text=True,
        check=False,
    )
    events = [json.loads(line)["event"] for line in ran.stdout.splitlines()]
    assert ran.returncode == 2
    assert ran.stderr == ""
    for name in ("ENVIRONMENT", "YAWL_DB_PASSWORD", "REDIS_AUTH_TOKEN", "YAWL_ADMIN_PASSWORD", "YAWL_HEAP_SIZE"):
        assert f"{name}: is missing" in events


@pytest.fixture
def metadata() -> Generator[str, None, None]:
    class Metadata(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            task = {"TaskARN": "arn:aws:ecs:us-east-1:222222222222:task/yawl-dev/0123456789abcdef"}
            container = {"Networks": [{"IPv4Addresses": ["10.0.3.7"]}]}
            status = self.path.strip("/").partition("/")[0]
            self.send_response(int(status) if status.isdigit() else 200)
            self.end_headers()
            if not status.isdigit():
                self.wfile.write(json.dumps(task if self.path == "/v4/x/task" else container).encode())

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Metadata)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v4/x"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "mistake"),
    [
        # Gone, denied, throttled, broken, and something else than ECS.
        ("404", "answers 404 Not Found"),
        ("403", "answers 403 Forbidden"),
        ("429", "answers 429 Too Many Requests"),
        ("500", "answers 500 Internal Server Error"),
        ("200", "does not answer as ECS documents (JSONDecodeError)"),
        ("closed", "cannot be reached ([Errno 111] Connection refused)"),
    ],
)
def test_what_ecs_metadata_answers_instead_is_said(path: str, mistake: str, task_folder: Path, metadata: str) -> None:
    address = f"http://127.0.0.1:{unused_port()}" if path == "closed" else metadata.replace("v4/x", path)
    with pytest.raises(VariablesError, match=re.escape(f"ECS_CONTAINER_METADATA_URI_V4: {mistake}")):
        variables(task_folder, ECS_CONTAINER_METADATA_URI_V4=address, TASK_NAME="", TASK_ADDRESS="")


def test_name_and_address_come_from_ecs_metadata(task_folder: Path, metadata: str) -> None:
    read = variables(task_folder, ECS_CONTAINER_METADATA_URI_V4=metadata, TASK_NAME="", TASK_ADDRESS="")
    assert (read.task_name, read.task_address) == ("01234567", "10.0.3.7")

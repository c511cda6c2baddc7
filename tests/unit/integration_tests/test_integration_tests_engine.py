"""The engine's checks against the rehearsal's fake engine, a second implementation of the same API."""

import json
import subprocess
import sys
from collections.abc import Generator
from xml.etree import ElementTree as ET

import pytest

from integration_tests.contract import health_fault
from integration_tests.engine import Credentials, Engine
from integration_tests.engine_checks import engine_runs_a_process, every_task_knows_the_session
from integration_tests.http_client import HttpClient
from integration_tests.specification import LEFTOVER_SECONDS, leftovers, new_specification
from integration_tests.waiting import Deadline
from tests.faulty_http_server import PROXY_VARIABLES
from tests.paths import ROOT

CREDENTIALS = Credentials(username="admin", password="of this test")
SPECIFICATION = "{http://www.yawlfoundation.org/yawlschema}"


@pytest.fixture(scope="module")
def ports() -> Generator[list[int], None, None]:
    """The ports of an active and a standby task."""
    variables = {"YAWL_ADMIN_USER": CREDENTIALS.username, "YAWL_ADMIN_PASSWORD": CREDENTIALS.password}
    service = {"health_path": "/resourceService/", "tasks": ["active-one", "standby-one"], "variables": variables}
    command = [sys.executable, "-m", "tools.rehearsal_workloads.fake"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(service) + "\n")
        process.stdin.flush()
        yield [target["port"] for target in json.loads(process.stdout.readline())["targets"]]
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_checks_pass_against_the_fake_engine(ports: list[int]) -> None:
    for port in ports:
        client = HttpClient(f"http://127.0.0.1:{port}")
        assert health_fault(client.get("/resourceService/")) is None
        deadline = Deadline(seconds=5)
        engine_runs_a_process(Engine(client), CREDENTIALS, deadline=deadline, next_steps="")
        every_task_knows_the_session(
            Engine(client), CREDENTIALS, healthy_targets=lambda: 1, deadline=deadline, next_steps=""
        )


def test_every_run_has_a_valid_specification_of_its_own() -> None:
    one, other = new_specification(), new_specification()
    assert one.identifier != other.identifier
    root = ET.fromstring(one.xml)  # noqa: S314  # ours
    [specification] = root
    names = [element.tag.rpartition("}")[2] for element in specification]
    assert names == ["documentation", "metaData", "schema", "decomposition", "decomposition"]
    assert [element.tag.removeprefix(SPECIFICATION) for element in specification[1]] == [
        "version",
        "persistent",
        "identifier",
    ]
    assert (root.get("version"), specification.get("uri")) == ("4.0", one.uri)
    assert specification.findtext(f".//{SPECIFICATION}identifier") == one.identifier


def test_only_old_specifications_of_these_tests_are_leftovers(monkeypatch: pytest.MonkeyPatch) -> None:
    old, other = new_specification(), "UID_16b32cb7-2ffd-462d-a3da-73cc37fdc5b8"
    loaded = ET.fromstring(  # noqa: S314  # ours
        "<response>"
        + "".join(
            f"<specificationData><uri>{old.uri}</uri><specversion>0.1</specversion>"
            f"<specidentifier>{identifier}</specidentifier></specificationData>"
            for identifier in (old.identifier, other)
        )
        + "</response>"
    )
    assert leftovers(loaded) == []
    now = int(old.identifier[18:26], 16)
    monkeypatch.setattr("time.time", lambda: now + LEFTOVER_SECONDS + 1)
    assert leftovers(loaded) == [old]

"""The fake tasks: healthy on the health path, with an engine in memory, and never taken for real ones."""

import base64
import hashlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from http.server import ThreadingHTTPServer
from urllib.parse import urlencode

import pytest

from tools.rehearsal_workloads.fake.engine import Engine
from tools.rehearsal_workloads.fake.engine_api import EngineApi
from tools.rehearsal_workloads.fake.server import Active, Request, Response, Standby, handler_for

HEALTH = "/resourceService/"
PASSWORD = base64.b64encode(hashlib.sha1(b"YAWL", usedforsecurity=False).digest()).decode()
SPECIFICATION = """<?xml version="1.0" encoding="UTF-8"?>
<specificationSet xmlns="http://www.yawlfoundation.org/yawlschema" version="4.0">
  <specification uri="check"><metaData><version>0.1</version><identifier>UID_1</identifier></metaData>
    <decomposition id="Net" isRootNet="true"><processControlElements>
      <inputCondition id="Start"><flowsInto><nextElementRef id="Check" /></flowsInto></inputCondition>
    </processControlElements></decomposition>
  </specification>
</specificationSet>"""
OF_IT = {"specidentifier": "UID_1", "specversion": "0.1", "specuri": "check"}


@contextmanager
def serving(task: str, answer: Callable[[Request], Response]) -> Generator[int, None, None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(task, answer))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Asking:
    """A connection that is kept, as a load balancer keeps its own."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        self.session = ""

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        self._connection.request(method, path, body=body)
        self.response = self._connection.getresponse()
        return self.response.status, self.response.read()

    def call(self, interface: str, action: str, **parameters: str) -> str:
        """What the engine answers, inside its response."""
        form = {"action": action, "sessionHandle": self.session, **parameters}
        status, body = self.ask("POST", f"/yawl/{interface}", urlencode(form).encode())
        assert (status, self.response.headers["Content-Type"]) == (200, "text/xml;charset=UTF-8")
        return body.decode().removeprefix("<response>").removesuffix("</response>")

    def connect(self) -> None:
        self.session = self.call("ia", "connect", userID="admin", password=PASSWORD)
        assert re.fullmatch(r"[0-9a-f-]{36}", self.session)


@pytest.fixture
def tasks() -> Generator[tuple[Asking, Asking], None, None]:
    """An active task and a standby."""
    active = Active(HEALTH, EngineApi(Engine("admin", "YAWL")), version="6.1.0")
    with ExitStack() as servers:
        port = servers.enter_context(serving("first", active.answer))
        standby = servers.enter_context(serving("second", Standby(HEALTH, port, version="6.1.0").answer))
        yield Asking(port), Asking(standby)


def test_both_tasks_are_healthy_and_report_their_role(tasks: tuple[Asking, Asking]) -> None:
    for asking, task, role in zip(tasks, ("first", "second"), ("active", "standby"), strict=True):
        status, body = asking.ask("GET", HEALTH)
        output = {"status": "ok", "role": role, "engine": "running", "leader": {"age_seconds": 0, "epoch": 1}}
        assert (status, json.loads(body)) == (200, {**output, "version": "6.1.0"})
        assert asking.response.headers["X-Yawl-Task"] == task
        assert asking.response.headers["Cache-Control"] == "no-store"


def test_other_paths_report_a_fake(tasks: tuple[Asking, Asking]) -> None:
    for asking in tasks:
        status, body = asking.ask("GET", "/yawl")
        assert status == 200
        assert "not the engine" in json.loads(body)["fake"]


def test_standby_without_an_active_engine_is_unhealthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    response = Standby(HEALTH, port, version="6.1.0").answer(Request("GET", HEALTH, {}, b""))
    output = json.loads(response.body)
    assert (response.status, output["status"], output["engine"]) == (503, "unavailable", "unreachable")
    assert output["reason"] == "the active task cannot be reached"


def test_keep_alive_with_post_and_head(tasks: tuple[Asking, Asking]) -> None:
    for asking in tasks:
        assert asking.ask("POST", "/yawl/ia", b"action=connect" * 1000)[0] == 200
        assert asking.ask("HEAD", HEALTH) == (200, b"")
        assert asking.ask("GET", HEALTH)[0] == 200


def test_case_is_visible_at_every_task_and_deleted(tasks: tuple[Asking, Asking]) -> None:
    one, other = tasks
    one.connect()
    other.session = one.session
    assert other.call("ib", "checkConnection") == "<success/>"
    assert "<identifier>UID_1</identifier>" in other.call("ia", "upload", specXML=SPECIFICATION)
    case = one.call("ib", "launchCase", **OF_IT)
    item = other.call("ib", "getWorkItemsWithIdentifier", idType="case", id=case)
    for member in (f"<caseid>{case}</caseid>", "<taskid>Check</taskid>", "<status>Enabled</status>"):
        assert member in item
    assert one.call("ib", "getLiveItems") == item
    assert f"<caseID>{case}</caseID>" in one.call("ib", "getAllRunningCases")
    assert "running cases" in one.call("ia", "unload", **OF_IT)
    assert one.call("ib", "cancelCase", caseID=case) == "<success/>"
    assert one.call("ib", "getWorkItemsWithIdentifier", idType="case", id=case) == ""
    assert "<uri>check</uri>" in one.call("ib", "getSpecificationPrototypesList")
    assert other.call("ia", "unload", **OF_IT) == "<success/>"
    assert one.call("ib", "getSpecificationPrototypesList") == ""
    assert one.call("ib", "getAllRunningCases") == "<AllRunningCases/>"
    assert other.call("ia", "disconnect") == "<success/>"
    assert "Invalid or expired session." in one.call("ib", "checkConnection")


EXPIRED = "<failure><reason>Invalid or expired session.</reason></failure>"
REFUSALS: list[tuple[str, dict[str, str], str]] = [
    ("ia", {"action": "connect", "userID": "admin", "password": "YAWL"}, "<failure>Incorrect Password</failure>"),
    ("ia", {"action": "connect", "userID": "eve"}, "<failure>Unknown service or client: eve</failure>"),
    ("ia", {"action": "connect", "userid": "admin"}, "<failure>Null user name</failure>"),
    ("ib", {"action": "launchCase", **OF_IT}, EXPIRED),
    ("ib", {}, EXPIRED),
]


@pytest.mark.parametrize(("interface", "form", "answer"), REFUSALS, ids=[str(row[1]) for row in REFUSALS])
def test_calls_need_a_session(tasks: tuple[Asking, Asking], interface: str, form: dict[str, str], answer: str) -> None:
    _, body = tasks[0].ask("POST", f"/yawl/{interface}", urlencode(form).encode())
    assert body.decode() == f"<response>{answer}</response>"


FAILURES: list[tuple[str, str, dict[str, str], str]] = [
    ("ia", "nonsense", {}, "<reason>Invalid action or exception was thrown.</reason>"),
    ("ia", "upload", {"specXML": "<no"}, "Invalid specification: "),
    ("ia", "upload", {"specXML": "<specificationSet/>"}, "Upload failed: invalid specification."),
    ("ia", "upload", {"specXML": "<!DOCTYPE a><a/>"}, "Upload failed: invalid specification."),
    ("ia", "unload", OF_IT, "No specification found with ID = UID_1"),
    ("ib", "launchCase", OF_IT, "No specification found with ID = UID_1"),
    ("ib", "cancelCase", {"caseID": "7"}, "Case [7] not found."),
]


@pytest.mark.parametrize(("interface", "action", "form", "reason"), FAILURES, ids=[str(row[1:3]) for row in FAILURES])
def test_errors_are_reported(
    tasks: tuple[Asking, Asking], interface: str, action: str, form: dict[str, str], reason: str
) -> None:
    tasks[0].connect()
    answer = tasks[0].call(interface, action, **form)
    assert answer.startswith("<failure>")
    assert reason in answer


def test_second_upload_is_refused(tasks: tuple[Asking, Asking]) -> None:
    tasks[0].connect()
    tasks[0].call("ia", "upload", specXML=SPECIFICATION)
    tasks[1].session = tasks[0].session
    assert "identical id to [UID: UID_1- Version: 0.1]" in tasks[1].call("ia", "upload", specXML=SPECIFICATION)


def test_no_login_without_credentials() -> None:
    api = EngineApi(Engine("", ""))
    nothing = base64.b64encode(hashlib.sha1(b"", usedforsecurity=False).digest()).decode()
    form = urlencode({"action": "connect", "userID": "", "password": nothing})
    assert "<failure>" in api.answer("/yawl/ia", form)

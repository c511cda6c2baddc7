"""What the supervisor tells HAProxy and reads from it; tests/container has a real one."""

import asyncio
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from supervisor import haproxy as module
from supervisor.haproxy import ENGINE_PORT, ERRORS, REQUESTS_AT_ONCE, Haproxy, HaproxyError, Upstream
from supervisor.masking import Secrets
from supervisor.tomcat import Tomcat
from tests.unit.container.supervisor_task import variables

OWN = Upstream("127.0.0.1", ENGINE_PORT)
OTHER = Upstream("10.0.0.2", 8081)


class Api:
    """HAProxy's runtime API: notes commands, and answers or fails as a test says."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.failures: list[OSError] = []
        self.answers: list[str] = []
        self.closed = 0

    async def open(self, path: str) -> tuple[asyncio.StreamReader, Any]:
        assert path.endswith("/haproxy/haproxy.sock")
        if self.failures:
            raise self.failures.pop(0)
        self.reader = asyncio.StreamReader()
        return self.reader, self

    def write(self, data: bytes) -> None:
        assert data.endswith(b"\n")
        self.commands.append(data.decode().strip())
        answer = self.answers.pop(0) if len(self.answers) > 1 else "".join(self.answers)
        self.reader.feed_data(answer.encode())
        self.reader.feed_eof()

    async def drain(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        self.closed += 1


class Program:
    """HAProxy's process."""

    def __init__(self, *, running: bool = True) -> None:
        self.running = running
        self.stopped: list[float] = []

    async def stop(self, *, within_seconds: float) -> None:
        self.stopped.append(within_seconds)

    async def ended(self) -> int:
        return 7


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api()
    monkeypatch.setattr("asyncio.open_unix_connection", made.open)
    return made


@pytest.fixture
def haproxy(tmp_path: Path) -> Haproxy:
    return Haproxy(
        program=Path("/usr/sbin/haproxy"),
        folder=tmp_path / "haproxy",
        bind_address="0.0.0.0",  # noqa: S104 - not bound
        task="task1",
        engine=OWN,
    )


def starting(monkeypatch: pytest.MonkeyPatch, program: Program) -> dict[str, Any]:
    """Let HAProxy start as this program; return what it is started with."""
    given: dict[str, Any] = {}

    async def start(command: list[str], **options: Any) -> Program:
        given.update(options, command=command)
        return program

    monkeypatch.setattr(module.Program, "start", start)
    return given


class TestRequests:
    def test_active_task_serves_both_ports(self, api: Api, haproxy: Haproxy) -> None:
        asyncio.run(haproxy.send_to_own_engine())
        assert api.commands == [
            "set server engine/active addr 127.0.0.1 port 8082",
            "set server engine/active state ready",
            "set server own/tomcat state ready",
        ]
        assert haproxy.target == OWN
        assert api.closed == 3

    def test_standby_follows_the_leader(self, api: Api, haproxy: Haproxy) -> None:
        async def main() -> None:
            await haproxy.send_to(None)
            assert not api.commands
            await haproxy.send_to(OTHER)
            await haproxy.send_to(OTHER)
            assert haproxy.target == OTHER
            await haproxy.send_to(None)

        asyncio.run(main())
        assert api.commands == [
            "set server engine/active addr 10.0.0.2 port 8081",
            "set server engine/active state ready",
            "set server engine/active state maint",
        ]
        assert haproxy.target is None

    def test_task_that_is_cut_off_aborts_requests(self, api: Api, haproxy: Haproxy) -> None:
        async def main() -> None:
            await haproxy.send_to(OTHER)
            api.commands.clear()
            await haproxy.cut_off()

        asyncio.run(main())
        assert api.commands == [
            "set server engine/active state maint",
            "set server own/tomcat state maint",
            "shutdown sessions server engine/active",
            "shutdown sessions server own/tomcat",
        ]
        assert haproxy.target is None

    def test_running_and_queued_requests_are_counted(self, api: Api, haproxy: Haproxy) -> None:
        api.answers = [
            "# pxname,svname,qcur,scur\nload-balancer,FRONTEND,50,60\nengine,active,1,2\nengine,BACKEND,70,80\n"
            "own,tomcat,4,8\nown,active,90,95\nsupervisor,supervisor,16,32\n\n"
        ]
        assert asyncio.run(haproxy.requests()) == (10, 5)
        assert api.commands == ["show stat -1 4 -1"]

    def test_empty_counts_are_zero(self, api: Api, haproxy: Haproxy) -> None:
        api.answers = ["# pxname,svname,qcur,scur\nengine,active,,\nown,tomcat,,3\n"]
        assert asyncio.run(haproxy.requests()) == (3, 0)

    def test_running_requests_end_before_a_handover(
        self, api: Api, haproxy: Haproxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "POLL_INTERVAL", 0.0)
        head = "# pxname,svname,qcur,scur\n"
        # What is queued is no running request.
        api.answers = ["", "", f"{head}engine,active,0,2\n", f"{head}own,tomcat,0,1\n", f"{head}engine,active,3,0\n"]
        asyncio.run(haproxy.finish_requests(within_seconds=600))
        assert api.commands == [
            "set server engine/active state drain",
            "set server own/tomcat state drain",
            *["show stat -1 4 -1"] * 3,
        ]
        assert haproxy.target is None

    def test_endless_requests_are_not_waited_for(self, api: Api, haproxy: Haproxy) -> None:
        api.answers = ["# pxname,svname,qcur,scur\nengine,active,0,2\n"]
        asyncio.run(asyncio.wait_for(haproxy.finish_requests(within_seconds=0.01), 60))


class TestErrors:
    @pytest.mark.parametrize(("failures", "fails"), [(2, False), (3, True)])
    def test_command_is_tried_three_times(self, api: Api, haproxy: Haproxy, failures: int, fails: bool) -> None:
        api.failures = [ConnectionRefusedError() for _ in range(failures)]
        if fails:
            with pytest.raises(HaproxyError, match="its runtime API does not answer: ConnectionRefusedError"):
                asyncio.run(haproxy.send_to(OTHER))
            assert haproxy.target is None
        else:
            asyncio.run(haproxy.send_to(OTHER))
            assert haproxy.target == OTHER
        assert not api.failures

    def test_command_has_a_limit(self, haproxy: Haproxy, monkeypatch: pytest.MonkeyPatch) -> None:
        async def never(_: str) -> None:
            await asyncio.sleep(60)

        monkeypatch.setattr(module, "API_TIMEOUT", 0.005)
        monkeypatch.setattr("asyncio.open_unix_connection", never)
        with pytest.raises(HaproxyError, match="TimeoutError"):
            asyncio.run(asyncio.wait_for(haproxy.send_to(OTHER), 60))


class TestStart:
    def test_start_waits_for_the_socket(
        self, api: Api, haproxy: Haproxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api.failures = [FileNotFoundError(), ConnectionRefusedError(), TimeoutError()]
        given = starting(monkeypatch, Program())
        asyncio.run(haproxy.start(health_socket=tmp_path / "health.sock"))
        configuration = tmp_path / "haproxy" / "haproxy.cfg"
        assert given["command"] == ["/usr/sbin/haproxy", "-db", "-f", str(configuration)]
        assert (given["environment"], given["folder"]) == ({}, tmp_path / "haproxy")
        assert api.commands == ["show info"]
        assert (tmp_path / "haproxy").stat().st_mode & 0o777 == 0o700

    def test_start_after_an_earlier_one(
        self, api: Api, haproxy: Haproxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        starting(monkeypatch, Program())
        (tmp_path / "haproxy").mkdir()
        (tmp_path / "haproxy" / "haproxy.sock").touch()
        asyncio.run(haproxy.start(health_socket=tmp_path / "health.sock"))
        assert not (tmp_path / "haproxy" / "haproxy.sock").exists()
        assert api.commands == ["show info"]

    def test_start_has_a_limit(self, api: Api, haproxy: Haproxy, monkeypatch: pytest.MonkeyPatch) -> None:
        starting(monkeypatch, Program())
        monkeypatch.setattr(module, "START_LIMIT", 0.05)
        api.failures = [ConnectionRefusedError() for _ in range(1000)]
        with pytest.raises(HaproxyError, match=r"HAProxy does not answer within 0\.05 s: ConnectionRefusedError"):
            asyncio.run(haproxy.start(health_socket=Path("health.sock")))

    def test_program_that_exits(self, api: Api, haproxy: Haproxy, monkeypatch: pytest.MonkeyPatch) -> None:
        starting(monkeypatch, Program(running=False))
        with pytest.raises(HaproxyError, match="HAProxy exited at start"):
            asyncio.run(haproxy.start(health_socket=Path("health.sock")))
        assert not api.commands

    @pytest.mark.parametrize(("running", "stopped"), [(True, [2.0]), (False, [])])
    def test_end(
        self, api: Api, haproxy: Haproxy, monkeypatch: pytest.MonkeyPatch, running: bool, stopped: list[float]
    ) -> None:
        program = Program()
        starting(monkeypatch, program)

        async def main() -> int:
            await haproxy.stop()
            with pytest.raises(HaproxyError, match="HAProxy has not been started"):
                await haproxy.ended()
            await haproxy.start(health_socket=Path("health.sock"))
            program.running = running
            await haproxy.stop()
            return await haproxy.ended()

        assert asyncio.run(main()) == 7
        assert api.commands == ["show info"]
        assert program.stopped == stopped


LINES = {
    "Server engine/active is UP/READY (leaving forced maintenance).": logging.DEBUG,
    "backend own has no server available!": logging.DEBUG,
    "[WARNING]  (123) : Server own/tomcat is going DOWN for maintenance.": logging.DEBUG,
    "[ALERT]    (123) : Cannot bind socket": logging.WARNING,
    "The Server is on fire": logging.WARNING,
}
"""HAProxy's own lines. The supervisor knows of the changes of servers, because it makes them."""


@pytest.mark.usefixtures("api")
def test_changes_of_servers_are_no_warnings(
    haproxy: Haproxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("yawl"), "propagate", True)
    caplog.set_level(logging.DEBUG, logger="yawl")
    given = starting(monkeypatch, Program())
    asyncio.run(haproxy.start(health_socket=Path("health.sock")))
    for text in LINES:
        given["on_event"](text)
    assert {record.getMessage(): record.levelno for record in caplog.records} == LINES


class TestConfiguration:
    @pytest.fixture
    def lines(self, haproxy: Haproxy, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        starting(monkeypatch, Program())
        asyncio.run(haproxy.start(health_socket=tmp_path / "health.sock"))
        assert api.commands
        return [line.strip() for line in (tmp_path / "haproxy" / "haproxy.cfg").read_text().splitlines()]

    def test_ports(self, lines: list[str], tmp_path: Path) -> None:
        assert [line for line in lines if line.startswith(("bind", "server ", "stats"))] == [
            f"stats socket {tmp_path}/haproxy/haproxy.sock mode 600 level admin",
            "bind 0.0.0.0:8080",
            "bind 0.0.0.0:8081",
            f"server supervisor unix@{tmp_path}/health.sock",
            "server active 127.0.0.1:1 maxconn 200 disabled",
            "server tomcat 127.0.0.1:8082 maxconn 200 disabled",
        ]

    def test_times(self, lines: list[str]) -> None:
        assert [line.removeprefix("timeout ") for line in lines if line.startswith("timeout")] == [
            "connect 2s",
            "client 75s",
            "http-request 30s",
            "http-keep-alive 75s",
            "queue 30s",
            "server 300s",
            "server 5s",
        ]

    def test_errors_are_json(self, lines: list[str]) -> None:
        found = [re.match(r"http-error status (\d+) content-type application/json string ", line) for line in lines]
        assert [int(match[1]) for match in found if match] == list(ERRORS) == [502, 503, 504]
        assert all(line.endswith("hdr Retry-After 5") for line in lines if line.startswith("http-error"))

    def test_engine_has_a_thread_for_each_request(self, task_folder: Path) -> None:
        read = variables(task_folder)
        tomcat = Tomcat(
            folder=task_folder / "tomcat",
            address="127.0.0.1",
            port=ENGINE_PORT,
            variables=read.engine,
            database=read.database,
            log_level="INFO",
            known_secrets=Secrets(),
        )
        assert f'maxThreads="{REQUESTS_AT_ONCE}"' in tomcat._server()

"""The log of Tomcat and YAWL's applications during a start, a failure and a handover."""

import asyncio
import base64
import hashlib
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from supervisor.engine_accounts import encoded
from supervisor.fencing import EngineLogin
from supervisor.masking import MASK, Secrets
from supervisor.tomcat import Tomcat
from testbed import client, system_packages
from testbed.applications import Applications, StartCost
from testbed.task import ENGINE_PORT, PORT, Task
from testbed.testbed import Testbed
from tests.container.conftest import LoopThread
from tests.container.load import Load
from tests.container.scenarios import now
from tests.unit.container.supervisor_task import variables

LOG4J = ("/usr/share/java/log4j-api.jar", "/usr/share/java/log4j-core.jar")
HOPELESS_SECONDS = 230.0
"""Limit for three failing starts together on a busy machine; waiting for one time-out would take 240 s."""


def events(task: Task) -> Iterator[dict[str, Any]]:
    for line in task.log.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


async def logged(task: Task, event: str, *, times: int = 1, within_seconds: float = 300.0) -> list[dict[str, Any]]:
    """Wait until a task has logged an event `times` times."""
    async with asyncio.timeout(within_seconds):
        while len(found := [one for one in events(task) if one.get("event") == event]) < times:  # noqa: ASYNC110 - a poll is plainer
            await asyncio.sleep(0.1)
    return found


@pytest.mark.parametrize("log_level", ["INFO", "DEBUG", "TRACE"])
def test_no_secret_is_in_the_log_at_any_level(
    quick_engine: Applications, loop_thread: LoopThread, log_level: str
) -> None:
    async def steps() -> tuple[str, list[str]]:
        async with Testbed(built=quick_engine) as testbed:
            task = await testbed.start_task(LOG_LEVEL=log_level)
            created = await secrets_of_the_start(task)
            await testbed.all_healthy()
            password = testbed.credentials.password
            for form in (
                {"action": "connect", "userid": testbed.credentials.username, "password": encoded(password)},
                {"action": "connect", "userid": testbed.credentials.username, "password": password},
            ):
                await client.post(task.address, PORT, "/yawl/ib", form, within_seconds=10)
            task.send(signal.SIGTERM)
            await task.ended()
            secrets = [password, testbed.database.password, testbed.redis.password, *created]
            return task.log.read_text(encoding="utf-8"), secrets

    log, secrets = loop_thread.run(steps())
    assert len(secrets) == 5
    forms = {
        form for secret in secrets for form in (secret, encoded(secret), as_hexadecimal(secret), in_base64(secret))
    }
    assert not [form for form in forms if form in log]
    # Shows that masking is effective: the fake engine logs its clients' requests.
    assert (MASK in log) == (log_level != "INFO")


async def secrets_of_the_start(task: Task) -> list[str]:
    """Return the secrets from the file that exists only while Tomcat starts."""
    file = task.log.parent / "work" / "tomcat" / "conf" / "catalina.properties"
    async with asyncio.timeout(300):
        while not file.is_file():  # noqa: ASYNC110 - a poll is plainer
            await asyncio.sleep(0.01)
    lines: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        lines[name] = value
    return [lines["hibernate.connection.password"], lines["yawl.delivery.worklist.password"]]


def as_hexadecimal(secret: str) -> str:
    return hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()


def in_base64(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def test_start_and_a_handover_leave_no_warnings(quick_engine: Applications, loop_thread: LoopThread) -> None:
    async def steps() -> list[dict[str, Any]]:
        async with Testbed(built=quick_engine) as testbed:
            task = await testbed.start_task()
            await testbed.all_healthy()
            async with Load(testbed) as load:
                await load.until_writes_succeed(after=now())
            task.send(signal.SIGTERM)
            await task.ended()
            return list(events(task))

    found = loop_thread.run(steps())
    assert [event for event in found if event["level"] in ("WARN", "ERROR")] == []
    assert not [event for event in found if "deprecated" in event["event"]]


def test_trace_of_a_failed_write_is_one_event(quick_engine: Applications, loop_thread: LoopThread) -> None:
    async def steps() -> list[str]:
        async with Testbed(built=quick_engine) as testbed:
            task = await testbed.start_task()
            await testbed.all_healthy()
            async with Load(testbed) as load:
                await load.break_engine(task)
            await logged(task, "the engine has failed")
            return [str(event["event"]) for event in events(task)]

    traces = [event for event in loop_thread.run(steps()) if "\n\tat " in event]
    assert traces
    assert [trace for trace in traces if "Exception" not in trace.partition("\n\tat ")[0]] == []


def test_failed_start_reports_the_first_exception(
    found: system_packages.SystemPackages, loop_thread: LoopThread
) -> None:
    assert found

    async def steps() -> tuple[list[dict[str, Any]], str]:
        async with Testbed(start=StartCost(wait_seconds=0.0, fails=True)) as testbed:
            task = await testbed.start_task()
            failures = await logged(task, "the engine has failed", times=3, within_seconds=HOPELESS_SECONDS)
            health = await client.get(task.address, PORT, "/resourceService/", within_seconds=5)
            return failures, health.text

    failures, health = loop_thread.run(steps())
    assert {failure["reason"] for failure in failures} <= {
        "the resource service answers 500",
        "the resource service answers 404",
    }
    assert {failure["exception"] for failure in failures} == {
        "java.lang.IllegalStateException: no jdom for the resource service"
    }
    # The exception may name hosts and users: only the log may show it, not the health path.
    assert "jdom" not in health


LOGGING = """
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;

public class Logs {
    public static void main(String[] names) {
        for (String name : names) {
            for (Level level : Level.values()) {
                LogManager.getLogger(name).log(level, "said by " + name);
            }
        }
    }
}
"""
LOGGERS = {
    "org.yawlfoundation.yawl.engine.interfce.interfaceE.YLogGateway": "INFO",
    "org.yawlfoundation.yawl.engine.interfce.interfaceA.InterfaceA_EngineBasedServer": "INFO",
    "org.yawlfoundation.yawl.resourcing.rsInterface.ResourceGateway": "INFO",
    "org.hibernate.type.descriptor.sql.BasicBinder": "WARN",
    "org.hibernate.orm.deprecation": "ERROR",
    "org.yawlfoundation.yawl.engine.YEngine": "TRACE",
}


def test_log4j_honors_the_capped_loggers(found: system_packages.SystemPackages, tmp_path: Path) -> None:
    """Use Debian's Log4j with the supervisor's configuration."""
    read = variables(tmp_path, LOG_LEVEL="TRACE")
    tomcat = Tomcat(
        folder=tmp_path / "work" / "tomcat",
        address="127.0.0.1",
        port=ENGINE_PORT,
        variables=read.engine,
        database=read.database,
        log_level=read.log_level,
        known_secrets=Secrets(),
    )
    tomcat.prepare(login=EngineLogin(user="engine", password="secret"), application_name="test")
    (tmp_path / "Logs.java").write_text(LOGGING, encoding="utf-8")
    run(
        [
            *(str(found.java), "-classpath", str(found.compiler), "org.eclipse.jdt.internal.compiler.batch.Main"),
            *("-source", "17", "-target", "17", "-proc:none", "-classpath", ":".join(LOG4J), "-d", str(tmp_path)),
            str(tmp_path / "Logs.java"),
        ]
    )
    output = run(
        [
            *(str(found.java), f"-Dlog4j2.configurationFile={tomcat.folder}/conf/log4j2.xml"),
            *("-classpath", ":".join([str(tmp_path), *LOG4J]), "Logs", *LOGGERS),
        ]
    )
    most: Mapping[str, str] = {}
    ranks = ("FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE")
    for line in output.splitlines():
        _, _, level, _, *_, name = line.split(" ")
        if level in ranks:
            most = {**most, name: max(most.get(name, "FATAL"), level, key=ranks.index)}
    assert most == LOGGERS


def run(command: list[str]) -> str:
    assert shutil.which(command[0])
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout

"""The engine's start, watch and stop: how many failures, how long, and what is said of each end."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from supervisor import engine as module
from supervisor import timings
from supervisor.engine import Engine
from supervisor.fencing import EngineLogin
from supervisor.probe import Verdict

GOOD = Verdict(answered=True)
BAD = Verdict("the engine answers 500", answered=True)
SILENT = Verdict("the engine accepts no connections")
LOGIN = EngineLogin(user="yawl_engine_7", password="epoch-secret")


class Program:
    """A program that ends when a test says so."""

    process_id = 42

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.stopped: list[float] = []
        self._end = asyncio.Event()

    @property
    def running(self) -> bool:
        return self.exit_code is None

    def exit(self, code: int) -> None:
        self.exit_code = code
        self._end.set()

    async def ended(self) -> int:
        await self._end.wait()
        return self.exit_code or 0

    async def stop(self, *, within_seconds: float) -> None:
        self.stopped.append(within_seconds)


class World:
    """An engine whose probes, program and clock a test decides on."""

    def __init__(self, patch: pytest.MonkeyPatch, verdicts: list[Verdict], *, seconds_per_probe: float = 0.0) -> None:
        self.verdicts = verdicts
        self.time = 1000.0
        self.guarded: list[int] = []
        self.forgotten = 0
        self.prepared: dict[str, Any] = {}
        self.asked: list[tuple[str, int, float]] = []
        self.exit_after: tuple[int, int] | None = None
        """After so many probes, end with this code."""
        self.printed: list[str] = []
        self._seconds = seconds_per_probe
        tomcat: Any = self
        self.engine = Engine(tomcat, task="task1")
        patch.setattr(module, "now", lambda: self.time)
        patch.setattr(module, "START_PROBE_INTERVAL", 0.0)
        patch.setattr(module.probe, "ask", self._ask)
        patch.setattr(module.Program, "start", self._start)
        patch.setattr(timings, "PROBE_INTERVAL", 0.0)

    address, port, folder = "127.0.0.1", 8082, Path("tomcat")

    def prepare(self, **given: Any) -> None:
        self.prepared = given

    def command(self) -> list[str]:
        return ["java"]

    def environment(self) -> dict[str, str]:
        return {"HOME": "tomcat"}

    def forget_secrets(self) -> None:
        self.forgotten += 1

    def guard(self, process_id: int) -> None:
        self.guarded.append(process_id)

    async def start(self) -> Verdict:
        lease: Any = self
        return await self.engine.start(login=LOGIN, epoch=7, lease=lease)

    async def _start(self, command: list[str], *, environment: Any, folder: Path, on_event: Any) -> Program:
        assert (command, environment, folder) == (["java"], {"HOME": "tomcat"}, Path("tomcat"))
        self.program = Program()
        for text in self.printed:
            on_event(text)
        return self.program

    async def _ask(self, address: str, port: int, *, timeout_seconds: float) -> Verdict:
        self.asked.append((address, port, timeout_seconds))
        self.time += self._seconds
        if self.exit_after and len(self.asked) >= self.exit_after[0]:
            self.program.exit(self.exit_after[1])
        return self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]


class TestStart:
    def test_engine_that_answers_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(monkeypatch, [SILENT, SILENT, GOOD], seconds_per_probe=1.04)
        world.engine.last_failure = "earlier"
        assert asyncio.run(world.start()).good
        assert (world.engine.state, world.engine.start_seconds, world.engine.last_failure) == ("running", 3.1, "")
        assert world.guarded == [42]
        assert world.forgotten == 1
        assert world.prepared == {"login": LOGIN, "application_name": "yawl-engine task1 epoch 7"}
        assert world.asked == [("127.0.0.1", 8082, 5.0)] * 3

    def test_first_answer_is_final(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(monkeypatch, [SILENT, BAD, GOOD])
        assert asyncio.run(world.start()) == BAD
        assert len(world.asked) == 2
        assert world.engine.start_seconds is None
        assert world.forgotten == 1

    @pytest.mark.parametrize(("seconds", "probes"), [(80.0, 3), (79.0, 4)])
    def test_silent_engine_has_a_limit(self, monkeypatch: pytest.MonkeyPatch, seconds: float, probes: int) -> None:
        world = World(monkeypatch, [SILENT], seconds_per_probe=seconds)
        verdict = asyncio.run(world.start())
        assert verdict.reason == "the engine was not ready within 240 s: the engine accepts no connections"
        assert len(world.asked) == probes

    def test_engine_that_ends_has_not_started(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(monkeypatch, [SILENT])
        world.exit_after = (2, 1)
        world.printed = [
            "24-Nov-2026 02:22:46.091 SEVERE [main] it broke\n  java.lang.IllegalStateException: first\n\tat a",
            "org.example.OtherException: second",
        ]
        assert asyncio.run(world.start()).reason == "the engine ended while it was starting"
        assert world.engine.start_exception == "java.lang.IllegalStateException: first"
        assert len(world.asked) == 2

    def test_exception_of_an_earlier_start_is_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(monkeypatch, [BAD])
        world.engine.start_exception = "org.example.OtherException"
        asyncio.run(world.start())
        assert world.engine.start_exception == ""
        assert world.engine.state == "starting"


class TestWatch:
    def watch(self, world: World, *, exits: tuple[int, int] | None = None) -> str:
        async def main() -> str:
            await world.start()
            world.asked.clear()
            world.exit_after = exits
            return await asyncio.wait_for(world.engine.watch(), 60)

        return asyncio.run(main())

    @pytest.mark.parametrize(
        ("verdicts", "probes"),
        [
            ([BAD], 3),
            ([BAD, BAD, GOOD, BAD], 6),
            ([BAD, GOOD, BAD, GOOD, BAD, BAD, BAD], 7),
            ([GOOD, GOOD, GOOD, BAD], 6),
        ],
    )
    def test_three_failures_in_a_row_restart(
        self, monkeypatch: pytest.MonkeyPatch, verdicts: list[Verdict], probes: int
    ) -> None:
        world = World(monkeypatch, [GOOD, *verdicts])
        assert self.watch(world) == BAD.reason
        assert len(world.asked) == probes
        assert world.engine.last_failure == BAD.reason

    def test_end_of_the_program_restarts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(monkeypatch, [GOOD])
        assert self.watch(world, exits=(2, -9)) == "the engine exited with code -9"
        assert world.engine.last_failure == ""

    def test_engine_that_was_never_started(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(monkeypatch, [GOOD])
        assert asyncio.run(world.engine.watch()) == "the engine has not been started"


class TestStop:
    def test_program_is_stopped_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(monkeypatch, [GOOD])

        async def main() -> None:
            await world.start()
            await world.engine.stop(within_seconds=3.0, then="failed")
            assert world.engine.state == "failed"
            await world.engine.stop(within_seconds=4.0)

        asyncio.run(main())
        assert world.program.stopped == [3.0]
        assert world.engine.state == "stopped"
        assert world.forgotten == 3

"""Starts, watches, restarts and stops the engine of the leading task."""

import asyncio
from typing import Final

from supervisor import probe, timings
from supervisor.fencing import EngineLogin
from supervisor.health import EngineState
from supervisor.lease import Lease, now
from supervisor.log import Journal
from supervisor.probe import Verdict
from supervisor.processes import Program, as_text, thrown
from supervisor.tomcat import Tomcat

JOURNAL = Journal("engine")
START_PROBE_INTERVAL: Final = 0.1
RESTART_STOP_LIMIT: Final = 3.0
"""Seconds between SIGTERM and SIGKILL at a restart; the engine has already failed."""


class Engine:
    """The task's engine; at most one Tomcat runs at a time."""

    def __init__(self, tomcat: Tomcat, *, task: str) -> None:
        self._tomcat = tomcat
        self._task = task
        self._program: Program | None = None
        self.state: EngineState = "stopped"
        self.last_failure = ""
        """Why the last probe failed; empty if it succeeded."""
        self.start_exception = ""
        """The first exception in Tomcat's log of a failed start. For the log only, because it may name hosts."""
        self.start_seconds: float | None = None
        """Duration of the last start."""

    async def start(self, *, login: EngineLogin, epoch: int, lease: Lease) -> Verdict:
        """Start it and wait until it answers; the `lease` kills it when lost. Returns how it went.

        Tomcat answers nothing before all its applications are deployed, so its first answer is final: an application
        that failed to deploy does not recover.
        """
        self.state = "starting"
        self.start_exception = ""
        started = now()
        log = _TomcatLog()
        self._tomcat.prepare(login=login, application_name=f"yawl-engine {self._task} epoch {epoch}")
        program = await Program.start(
            self._tomcat.command(),
            environment=self._tomcat.environment(),
            folder=self._tomcat.folder,
            on_event=log.write,
        )
        self._program = program
        lease.guard(program.process_id)
        JOURNAL.info("the engine is starting", {"epoch": epoch})
        verdict = Verdict("the engine is starting")
        try:
            while program.running and now() - started < timings.ENGINE_START_LIMIT:
                verdict = await self._probe()
                if verdict.good:
                    self.start_seconds = round(now() - started, 1)
                    self.state = "running"
                    self.last_failure = ""
                    JOURNAL.info("the engine is running", {"epoch": epoch, "start_seconds": self.start_seconds})
                    return verdict
                if verdict.answered:
                    break
                await asyncio.sleep(START_PROBE_INTERVAL)
        finally:
            self._tomcat.forget_secrets()
        if not program.running:
            # Its last lines may still be buffered.
            await program.ended()
            verdict = Verdict("the engine ended while it was starting")
        elif not verdict.answered:
            verdict = Verdict(f"the engine was not ready within {timings.ENGINE_START_LIMIT:g} s: {verdict.reason}")
        self.start_exception = log.first_exception
        return verdict

    async def watch(self) -> str:
        """Probe the engine until it must be restarted; return the reason."""
        program = self._program
        if program is None:
            return "the engine has not been started"
        end = asyncio.create_task(program.ended())
        try:
            return await self._watch(end)
        finally:
            end.cancel()

    async def stop(self, *, within_seconds: float, then: EngineState = "stopped") -> None:
        """Stop it, if it runs: SIGTERM, then SIGKILL after `within_seconds`."""
        if self._program is not None:
            self.state = "stopping"
            await self._program.stop(within_seconds=within_seconds)
            self._program = None
        self._tomcat.forget_secrets()
        self.state = then

    async def _watch(self, end: "asyncio.Task[int]") -> str:
        failures = 0
        while not end.done():
            verdict = await self._probe()
            self.last_failure = verdict.reason
            failures = 0 if verdict.good else failures + 1
            if failures:
                JOURNAL.warning("the engine is unhealthy", {"reason": verdict.reason, "failures": failures})
            if failures >= timings.PROBE_FAILURES:
                return verdict.reason
            await asyncio.wait({end}, timeout=timings.PROBE_INTERVAL)
        return f"the engine exited with code {end.result()}"

    async def _probe(self) -> Verdict:
        return await probe.ask(self._tomcat.address, self._tomcat.port, timeout_seconds=timings.PROBE_TIMEOUT)


class _TomcatLog:
    """Logs Tomcat's output and keeps its first exception."""

    def __init__(self) -> None:
        self.first_exception = ""
        self._write = as_text(Journal("tomcat"))

    def write(self, text: str) -> None:
        """Write one event."""
        if not self.first_exception:
            lines = (line.strip() for line in text.splitlines())
            self.first_exception = next((line for line in lines if thrown(line)), "")
        self._write(text)

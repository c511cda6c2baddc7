"""Runs programs in their own process groups, which end with the testbed even if it is killed."""

import asyncio
import contextlib
import os
import pwd
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

STOP_SECONDS: Final = 30.0
LAST_LINES: Final = 3


def identity(account: pwd.struct_passwd | None) -> list[str]:
    """Return the options with which `setpriv` runs a program as `account`; None: as the current user."""
    return [] if account is None else [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def last_words(log: Path) -> str:
    """Return the end of a program's output in one line."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    return "; ".join(lines[-LAST_LINES:]) or "it said nothing"


class ProcessGroup:
    """A running program and its group."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        orphaned: signal.Signals = signal.SIGKILL,
        account: pwd.struct_passwd | None = None,
    ) -> "ProcessGroup":
        """Start `command`, appending its output to `log`; it receives `orphaned` if the testbed is killed."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                "setpriv",
                f"--pdeathsig={orphaned.name.removeprefix('SIG')}",
                *identity(account),
                "--",
                *command,
                env=dict(environment),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(process)

    @property
    def process_id(self) -> int:
        """The process id, which is also the group's id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus N after signal N."""
        return self._process.returncode

    async def ended(self) -> int:
        """Wait until it exits; return its exit code."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program only."""
        # asyncio's send_signal may consume the exit code that another coroutine waits for.
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process_id, number)

    def send_to_group(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    async def stop(self, number: signal.Signals = signal.SIGTERM, *, within_seconds: float = STOP_SECONDS) -> None:
        """Stop the program with signal `number`, then with SIGKILL, and kill the rest of its group."""
        try:
            if self.exit_code is None:
                self.send(number)
                # A stopped process handles no signal except SIGKILL until it continues.
                self.send_to_group(signal.SIGCONT)
                async with asyncio.timeout(within_seconds):
                    await self.ended()
        except TimeoutError:
            pass
        finally:
            self.send_to_group(signal.SIGKILL)
            await self.ended()

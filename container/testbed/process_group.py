"""Programs in process groups of their own, which die with the testbed, however that ends."""

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
    """Return the options by which `setpriv` runs a program as `account`; none leaves it who it is."""
    return [] if account is None else [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def last_words(log: Path) -> str:
    """Return the end of what a program has printed, in one line."""
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
        """Start `command`; its output is appended to `log`, and it gets `orphaned` should the testbed be killed."""
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
        """Its own id, and its group's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal's number."""
        return self._process.returncode

    async def ended(self) -> int:
        """Wait for its end; return its exit code."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal, and nobody else."""
        # asyncio's own send_signal may take the exit code away from who waits for it.
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process_id, number)

    def send_to_group(self, number: signal.Signals) -> None:
        """Send a signal to the program and all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    async def stop(self, number: signal.Signals = signal.SIGTERM, *, within_seconds: float = STOP_SECONDS) -> None:
        """End the program, by `number` and in the end by SIGKILL, and whatever is left of its group."""
        try:
            if self.exit_code is None:
                self.send(number)
                # A stopped process takes no other signal but SIGKILL before it goes on.
                self.send_to_group(signal.SIGCONT)
                async with asyncio.timeout(within_seconds):
                    await self.ended()
        except TimeoutError:
            pass
        finally:
            self.send_to_group(signal.SIGKILL)
            await self.ended()

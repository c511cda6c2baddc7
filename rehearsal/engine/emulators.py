"""The only module that depends on a particular emulator; another one needs another `Emulator`.

An emulator is a separate process. It serves AWS's APIs over HTTP on one port and over TLS on another, for any account
(a 12-digit access key is the account). It reports its own state at `/_rehearsal/…`, under the names in `Fact`;
executions report their changes by POST to `/_rehearsal/executions` (`rehearsal/engine/events.py`).
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Fact = Literal["recorded_types", "distributions", "hosts", "messages", "functions", "started", "jobs", "unserved"]
"""Types that are only recorded, distributions, hosts reached by TLS, published messages, state of the functions,
executions that a caller has started, results of CodePipeline's jobs, load balancers behind which nothing runs."""


@dataclass(frozen=True)
class EmulatorPorts:
    """The loopback ports of a started emulator."""

    port: int
    tls_port: int
    authority: str
    """The temporary certificate authority of the TLS port (PEM)."""


class Emulator(Protocol):
    """An emulated AWS that a rehearsal can start."""

    @property
    def name(self) -> str:
        """Return its name in the report."""
        ...

    def command(self, options: Mapping[str, str]) -> Sequence[str]:
        """Return the command that starts it with the rehearsal's `options`."""
        ...

    def parse_ready_line(self, line: str) -> EmulatorPorts | None:
        """Return its ports from the line of output that announces them; None for any other line."""
        ...


class Ministack:
    """ministack with the additions of `rehearsal/emulator/`."""

    name = "ministack"

    def command(self, options: Mapping[str, str]) -> Sequence[str]:
        """Return the command of `rehearsal.emulator`."""
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [sys.executable, "-m", "rehearsal.emulator", *given]

    def parse_ready_line(self, line: str) -> EmulatorPorts | None:
        """Parse the JSON that it prints once it listens."""
        if not line.startswith('{"port"'):
            return None
        found = json.loads(line)
        return EmulatorPorts(found["port"], found["tls_port"], found["authority"])

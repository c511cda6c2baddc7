"""The one place where the rehearsal knows which emulated AWS it has: another one takes another `Emulator`.

An emulator is a process of its own. It answers the APIs of AWS at one port over HTTP, and the same by TLS at another,
for any account (a 12-digit access key is the account). What only it can
say of itself stands at `/_rehearsal/…`, as the names in `Fact`; an execution reports what it does by POST to
`/_rehearsal/executions` (`rehearsal/engine/events.py`).
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Fact = Literal["recorded_types", "distributions", "hosts", "messages", "functions"]
"""What is recorded only, which hosts are reached by TLS, who was told what, and how far deployed functions are."""


@dataclass(frozen=True)
class EmulatorPorts:
    """Where a started emulator listens, on loopback."""

    port: int
    tls_port: int
    authority: str
    """The certificate of the throwaway authority that its TLS port's certificates are of, as PEM."""


class Emulator(Protocol):
    """An emulated AWS that a rehearsal can start."""

    @property
    def name(self) -> str:
        """Return what the report calls it."""
        ...

    def command(self, options: Mapping[str, str]) -> Sequence[str]:
        """Return the command that starts it; `options` has, by name, what the rehearsal was asked for."""
        ...

    def listening(self, line: str) -> EmulatorPorts | None:
        """Return where it listens, from the line of its output that says so; None for any other line."""
        ...


class Ministack:
    """ministack with what `rehearsal/emulator/` adds to it."""

    name = "ministack"

    def command(self, options: Mapping[str, str]) -> Sequence[str]:
        """Run it as a module of ours."""
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [sys.executable, "-m", "rehearsal.emulator", *given]

    def listening(self, line: str) -> EmulatorPorts | None:
        """Read the JSON that it prints once it listens."""
        if not line.startswith('{"port"'):
            return None
        found = json.loads(line)
        return EmulatorPorts(found["port"], found["tls_port"], found["authority"])

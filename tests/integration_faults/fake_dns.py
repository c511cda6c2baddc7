"""Names that resolve as a test says, without asking anybody."""

import socket
from collections.abc import Mapping, Sequence

import pytest


def resolve(monkeypatch: pytest.MonkeyPatch, names: Mapping[str, Sequence[str]]) -> None:
    """Let these names have these addresses, no address being a name that does not resolve."""
    ask = socket.getaddrinfo

    def fake_getaddrinfo(host: str, port: int, *arguments: int, type: int = 0) -> list[object]:  # noqa: A002  # as it is called
        if host not in names:
            return list(ask(host, port, *arguments, type=type))
        if not names[host]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, type, 0, "", (address, port)) for address in names[host]]

    monkeypatch.setattr(socket, "getaddrinfo", fake_getaddrinfo)

"""Loaded by every Python program of a rehearsal: redirects connections to AWS to the emulator, or refuses them.

Changes the `_socket` module before anything uses it. Reads the emulator's ports at the first connection, so that other
programs lose no time. It does not cover programs that connect without Python's sockets.
"""

from __future__ import annotations

import _socket
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # slow to import
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes long to import
PORTS: dict[object, int] = {80: 0, "80": 0, "http": 0, 443: 1, "443": 1, "https": 1}
_rows: dict[str, list[str]] = {}


def _known(row: str) -> list[str]:
    if not _rows:
        with open(os.path.join(HERE, "emulator.txt"), encoding="ascii") as file:  # noqa: PTH118, PTH123 - as above
            _rows.update((words[0], words[1:]) for words in map(str.split, file))
    return _rows[row]


def _redirect(host: Any, port: Any) -> tuple[Any, Any]:
    """Return the host and port to connect to: the emulator's for a host of AWS."""
    if not isinstance(host, (str, bytes, bytearray)):
        return host, port
    name = (host if isinstance(host, str) else host.decode("ascii", "replace")).lower().rstrip(".")
    if name in ("localhost", "127.0.0.1", "::1", ""):
        return host, port
    is_metadata = name in _known("metadata")
    if not is_metadata and not any(name == suffix or name.endswith("." + suffix) for suffix in _known("suffixes")):
        return host, port
    if is_metadata or port not in PORTS:
        raise ConnectionRefusedError(f"call to {name}, port {port}, refused: the rehearsal lets no call reach AWS")
    return "127.0.0.1", int(_known("ports")[PORTS[port]])


def _redirect_address(address: Any) -> Any:
    if isinstance(address, tuple) and len(address) >= 2:
        target = _redirect(address[0], address[1])
        return address if target == address[:2] else target
    return address


class _Socket(_socket.socket):
    __slots__ = ()

    # pyrefly: ignore [missing-override-decorator]  # not in every Python that a build may use
    def connect(self, address: Any) -> None:
        super().connect(_redirect_address(address))

    # pyrefly: ignore [missing-override-decorator]
    def connect_ex(self, address: Any) -> int:
        return super().connect_ex(_redirect_address(address))


def _guard() -> None:
    above: Any = _socket
    getaddrinfo, gethostbyname = above.getaddrinfo, above.gethostbyname

    def redirected_getaddrinfo(host: Any, port: Any, family: int = 0, *rest: int, **named: int) -> Any:
        target = _redirect(host, port)
        return getaddrinfo(*target, family if target == (host, port) else _socket.AF_INET, *rest, **named)

    def redirected_gethostbyname(host: Any) -> str:
        return gethostbyname(_redirect(host, "https")[0])

    above.socket = above.SocketType = _Socket
    above.getaddrinfo = redirected_getaddrinfo
    above.gethostbyname = redirected_gethostbyname


def _load_next() -> None:
    """Load the `sitecustomize` that this one shadows, such as Debian's."""
    from importlib.machinery import PathFinder  # noqa: PLC0415 - not needed by what is above

    others = [folder for folder in sys.path if os.path.abspath(folder) != HERE]  # noqa: PTH100 - as above
    found = PathFinder.find_spec("sitecustomize", others)
    if found and found.loader:
        module = type(sys)(found.name)
        module.__file__ = found.origin
        found.loader.exec_module(module)


_guard()
_load_next()

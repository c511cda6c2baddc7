"""Keeps the emulator's connections on this machine: emulated services would otherwise reach webhooks and origins."""

import ipaddress
import sys

LOCAL_NAMES = ("localhost", "localhost.", "")


def guard() -> None:
    """From now on, refuse this process every connection and name look-up beyond this machine."""
    sys.addaudithook(_refuse_others)


def _refuse_others(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        # Internet addresses are tuples; others, such as Unix sockets, are local.
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is not None and not _is_local(str(name)):
        raise ConnectionRefusedError(f"{name} is not on this machine: the emulated AWS refuses outside connections")


def _is_local(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified

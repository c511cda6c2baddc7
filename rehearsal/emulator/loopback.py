"""Keeps the emulator on this machine: what it emulates would deliver webhooks, follow origins and proxy to targets."""

import ipaddress
import sys

LOCAL_NAMES = ("localhost", "localhost.", "")


def guard() -> None:
    """Let this process neither connect to nor look up anything but this machine, from now on."""
    sys.addaudithook(_refuse_others)


def _refuse_others(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        # A tuple for the internet's families; others, such as Unix sockets, lead nowhere else.
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is not None and not _is_local(str(name)):
        raise ConnectionRefusedError(f"{name} is not on this machine, which the emulated AWS does not leave")


def _is_local(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified

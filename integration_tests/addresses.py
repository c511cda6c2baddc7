"""Whom a request goes to: the proxy that the environment names, or each of the addresses that a name has."""

import socket
import threading
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

MOST_ADDRESSES = 8
"""A load balancer has one address in each zone, more while it grows; a distribution has many, all alike."""


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for a URL."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def addresses_of(url: str, *, seconds: float) -> list[str]:
    """Return the addresses of a URL's host, at most `MOST_ADDRESSES`.

    Those of IPv6 only when there are no others: a build or a laptop may have no way to them.

    Raises socket.gaierror when the name does not resolve, TimeoutError when that is not known in time.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return [str(ip_address(host))]
    except ValueError:
        found = _resolve(host, parts.port or 0, seconds)
    old = [address for address in found if "." in address]
    return (old or found)[:MOST_ADDRESSES]


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """Ask for a name's addresses in a thread that nobody waits for: the system's resolver knows no time-out of ours."""
    found: list[str] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error)))
        else:
            found.extend(dict.fromkeys(str(info[4][0]) for info in infos))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError
    if failed:
        raise failed[0]
    return found

"""Where a request goes: to the configured proxy, or to each address that the name resolves to."""

import socket
import threading
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

MOST_ADDRESSES = 8
"""A load balancer has an address in each zone, more while it scales; a distribution has many equal ones."""


def proxy_for(url: str) -> str | None:
    """Return the proxy that environment variables set for a URL."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def addresses_of(url: str, *, seconds: float) -> list[str]:
    """Return the addresses of a URL's host, at most `MOST_ADDRESSES`.

    IPv6 addresses are returned only if there are no others: a build or a laptop may have no IPv6.

    Raises socket.gaierror if the name does not resolve, TimeoutError if the resolver is too slow.
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
    """Resolve a name in a daemon thread, because the system's resolver takes no timeout."""
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

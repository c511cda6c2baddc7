"""Loopback addresses for one testbed: all tasks use the same ports, so each needs its own address."""

import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

BLOCKS: Final = range(16, 256)
"""127.0.16.0/24 and up: the host and other programs use the lower ones."""
CLAIM_PORT: Final = 8079
TASK_PORTS: Final = (8080, 8081, 8082)
LAST_HOST: Final = 250


class NoAddressError(Exception):
    """No address is free; the text gives the reason."""


class AddressBlock:
    """Context manager that reserves a block 127.0.N.0/24; concurrent testbeds get different blocks.

    The databases listen on the first address, tasks on those from `next_address`.
    """

    def __init__(self) -> None:
        self._claim = socket.socket()
        self._prefix = ""
        self._hosts: Iterator[int] = iter(())

    def __enter__(self) -> Self:
        for block in BLOCKS:
            try:
                self._claim.bind((f"127.0.{block}.1", CLAIM_PORT))
            except OSError:
                continue
            self._claim.listen(1)
            self._prefix = f"127.0.{block}."
            self._hosts = iter(range(2, LAST_HOST + 1))
            self._check()
            return self
        raise NoAddressError("every block of 127.0.16.0 to 127.0.255.0 is in use by another testbed")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._claim.close()

    @property
    def first(self) -> str:
        """The databases' address."""
        return f"{self._prefix}1"

    @property
    def all(self) -> list[str]:
        """The first address and all that `next_address` can return."""
        return [f"{self._prefix}{host}" for host in range(1, LAST_HOST + 1)]

    def next_address(self) -> str:
        """Return an address not used before; raises NoAddressError when none is left."""
        host = next(self._hosts, None)
        if host is None:
            raise NoAddressError(f"every address of {self._prefix}0/24 has been a task's")
        return f"{self._prefix}{host}"

    def _check(self) -> None:
        for port in TASK_PORTS:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((f"{self._prefix}2", port))
                except OSError:
                    self._claim.close()
                    raise NoAddressError(
                        f"port {port} is taken on all addresses, perhaps by a service of Debian's own; see: ss -ltnp"
                    ) from None

"""Runs a command without access to the network: `closed_network.py ADDRESS PORT… -- COMMAND…`.

The command runs in a network namespace (Linux) with a relay to the given loopback PORTs, the emulator's and the
tunnel's. To these, it comes from the loopback ADDRESS, by which the emulator tells builds from each other. So programs
that ignore proxies and hooks, such as `curl --noproxy '*'`, reach no other host. Exits with 125 where namespaces are
not allowed.
"""

import ctypes
import functools
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
"""Flags of unshare(2)."""
SET_FLAGS, UP = 0x8914, 0x1
"""SIOCSIFFLAGS of netdevice(7), and its IFF_UP."""
NOT_ALLOWED = 125
LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
PROBE_SECONDS = 30.0


@functools.cache
def works() -> bool:
    """Tell whether this machine can run commands without a network."""
    if sys.platform != "linux":
        return False
    try:
        probe = subprocess.run(
            [*_command(LOOPBACK, ()), "true"], capture_output=True, check=False, timeout=PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def closed(command: Sequence[str], ports: Sequence[int], address: str = LOOPBACK) -> list[str]:
    """Return a command that runs this one with access to these loopback ports only, if this machine supports it."""
    return [*_command(address, ports), *command] if ports and works() else list(command)


def _command(address: str, ports: Sequence[int]) -> list[str]:
    return [sys.executable, "-I", __file__, address, *map(str, ports), "--"]


def _enter() -> None:
    """Enter a new network namespace; raises OSError where that is not allowed."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    # Others than root need a user namespace too; for root it would hide the ids of other users.
    if libc.unshare(NEW_NETWORK):
        if libc.unshare(NEW_USER | NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "unshare")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib takes long to import
                file.write(text)
    import fcntl  # noqa: PLC0415 - not on every platform this is read on

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh", b"lo", UP))


def main() -> None:
    """Start the relay, enter the namespace and execute the command."""
    divide = sys.argv.index("--")
    address, ports = sys.argv[1], [int(word) for word in sys.argv[2:divide]]
    command = sys.argv[divide + 1 :]
    ours, relays = socket.socketpair()
    # The child stays in the machine's network.
    if ports and os.fork() == 0:
        ours.close()
        _relay(relays, address, ports)
    relays.close()
    try:
        _enter()
    except OSError as error:
        print(f"cannot create a network namespace: {error}", file=sys.stderr)
        sys.exit(NOT_ALLOWED)
    listeners = [socket.create_server((LOOPBACK, port)) for port in ports]
    if ports:
        socket.send_fds(ours, [b"listeners"], [listener.fileno() for listener in listeners])
        # The command and its children hold it open; the relay ends when it is closed.
        os.set_inheritable(ours.fileno(), True)
    os.execvp(command[0], command)  # noqa: S606 - the command is the caller's


def _relay(relays: socket.socket, address: str, ports: Sequence[int]) -> None:
    """Forward connections from the namespace to the same port of this machine; never returns."""
    _, handles, _, _ = socket.recv_fds(relays, 1024, len(ports))
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        # Release the command's output, whose reader waits for its end.
        os.dup2(nothing, standard)
    import asyncio  # noqa: PLC0415 - not needed by the command

    async def forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK_BYTES):
                target.write(chunk)
                await target.drain()
            target.write_eof()
        except OSError:
            target.close()

    async def serve() -> None:
        def connected(port: int) -> object:
            async def connect(source: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
                try:
                    reader, writer = await asyncio.open_connection(LOOPBACK, port, local_addr=(address, 0))
                except OSError:
                    answer.close()
                    return
                await asyncio.gather(forward(source, writer), forward(reader, answer))
                writer.close()
                answer.close()

            return connect

        for handle, port in zip(handles, ports, strict=True):
            await asyncio.start_server(connected(port), sock=socket.socket(fileno=handle))  # pyrefly: ignore
        over = asyncio.Event()
        asyncio.get_running_loop().add_reader(relays, over.set)
        await over.wait()

    asyncio.run(serve())
    os._exit(0)


if __name__ == "__main__":
    main()

"""Serves the emulated AWS on a free loopback port until its standard input closes.

Prints `{"port": N}` once it listens. Standard input is the rehearsal's hand on it: when the rehearsal ends, however
it ends, the pipe closes and the emulator goes with it.
"""

import asyncio
import json
import os
import socket
import sys

from rehearsal.emulator import loopback


async def _serve(listener: socket.socket) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415 - ministack reads the port when it is imported
    from hypercorn.config import Config  # noqa: PLC0415

    from rehearsal.emulator.application import application, register_resource_types  # noqa: PLC0415

    register_resource_types()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.errorlog = "-"
    closed = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, _on_input, closed)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await serve(application, config, shutdown_trigger=closed.wait)  # pyrefly: ignore


def _on_input(closed: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        closed.set()


def main() -> None:
    """Bind the port first: ministack writes it into the addresses it hands out."""
    loopback.guard()
    listener = socket.create_server(("127.0.0.1", 0))
    os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])
    os.environ["MINISTACK_HOST"] = "localhost"
    asyncio.run(_serve(listener))


if __name__ == "__main__":
    main()

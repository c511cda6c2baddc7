"""Runs tasks of the container until standard input closes: `python -m workbench --tasks 2`.

Prints one line, `{"targets": [{"address": …, "port": …}, …]}`, once all tasks are healthy. Exit codes: 0 ended; 1 the
tasks did not become healthy, or a database did not start; 2 wrong usage; 5 Debian packages are missing.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

from workbench import parts
from workbench.addresses import NoAddressError
from workbench.applications import CompilationError, StartCost
from workbench.bench import Credentials, UnhealthyError, Workbench
from workbench.parts import PartsMissingError
from workbench.postgresql import DatabaseStartError
from workbench.redis_server import RedisStartError
from workbench.task import PORT

PARTS_MISSING = 5


def main() -> None:
    """Read the command line, run, exit with a code."""
    parser = argparse.ArgumentParser(prog="python -m workbench", description="runs tasks of the YAWL container")
    parser.add_argument("--tasks", type=int, default=2, help="how many tasks, 2 unless you say otherwise")
    parser.add_argument(
        "--credentials-file", type=Path, help="JSON with the engine's username and password; else throwaway ones"
    )
    parser.add_argument("--engine-start", type=float, default=1.0, metavar="SECONDS", help="how long its start takes")
    parser.add_argument("--check", action="store_true", help="only say whether Debian packages are missing")
    parser.add_argument("--install", action="store_true", help="only install missing Debian packages, where possible")
    options = parser.parse_args()
    try:
        if options.install:
            parts.install()
            return
        if options.check:
            parts.find()
            return
        if options.tasks < 1:
            parser.error("--tasks: at least one")
        credentials = _read(parser, options.credentials_file) if options.credentials_file else None
        asyncio.run(_run(options.tasks, credentials, options.engine_start))
    except PartsMissingError as error:
        print(f"workbench: {error}", file=sys.stderr)
        sys.exit(PARTS_MISSING)
    except (NoAddressError, CompilationError, DatabaseStartError, RedisStartError, UnhealthyError) as error:
        sys.exit(f"workbench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


async def _run(count: int, credentials: Credentials | None, engine_start_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    run = asyncio.create_task(_serve(count, credentials, engine_start_seconds, over))
    ending = asyncio.create_task(over.wait())
    await asyncio.wait({run, ending}, return_when=asyncio.FIRST_COMPLETED)
    if over.is_set() and not run.done():
        run.cancel()
    ending.cancel()
    try:
        await run
    except asyncio.CancelledError:
        return


async def _serve(count: int, credentials: Credentials | None, engine_start_seconds: float, over: asyncio.Event) -> None:
    async with Workbench(credentials=credentials, start=StartCost(wait_seconds=engine_start_seconds)) as bench:
        for _ in range(count):
            await bench.start_task()
        await bench.all_healthy()
        targets = [{"address": task.address, "port": PORT} for task in bench.tasks]
        print(json.dumps({"targets": targets}), flush=True)
        loop = asyncio.get_running_loop()
        # One of the event loop's own threads would hold the end up until somebody closes the input.
        threading.Thread(target=_read_to_the_end, args=(loop, over), daemon=True).start()
        await over.wait()


def _read_to_the_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(over.set)


def _read(parser: argparse.ArgumentParser, file: Path) -> Credentials:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return Credentials(username=str(document["username"]), password=str(document["password"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"--credentials-file: {file} is not JSON with username and password ({type(error).__name__})")


if __name__ == "__main__":
    main()

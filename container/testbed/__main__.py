"""Runs tasks of the container until standard input closes: `python -m testbed --tasks 2`.

Prints one line, `{"targets": [{"address": …, "port": …}, …]}`, once all tasks are healthy. Exit codes: 0 success;
1 the tasks did not become healthy, or a database did not start; 2 wrong usage; 5 Debian packages are missing.
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

from testbed import system_packages
from testbed.addresses import NoAddressError
from testbed.applications import CompilationError, StartCost
from testbed.postgresql import DatabaseStartError
from testbed.redis_server import RedisStartError
from testbed.system_packages import PackagesMissingError
from testbed.task import PORT
from testbed.testbed import Credentials, Testbed, UnhealthyError

PACKAGES_MISSING = 5


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m testbed", description="runs tasks of the YAWL container")
    parser.add_argument("--tasks", type=int, default=2, help="number of tasks; default 2")
    parser.add_argument(
        "--credentials-file", type=Path, help="JSON with the engine's username and password; default: random ones"
    )
    parser.add_argument(
        "--image-version",
        default=os.environ.get("IMAGE_VERSION", "testbed"),
        help="the version in the health response; default: $IMAGE_VERSION",
    )
    parser.add_argument(
        "--engine-start", type=float, default=1.0, metavar="SECONDS", help="how long the engine takes to start"
    )
    parser.add_argument("--check", action="store_true", help="only check whether Debian packages are missing")
    parser.add_argument("--install", action="store_true", help="only install missing Debian packages")
    options = parser.parse_args()
    try:
        if options.install:
            system_packages.install()
            return
        if options.check:
            system_packages.find()
            return
        if options.tasks < 1:
            parser.error("--tasks: at least one")
        credentials = _read(parser, options.credentials_file) if options.credentials_file else None
        asyncio.run(_run(options.tasks, credentials, options.image_version, options.engine_start))
    except PackagesMissingError as error:
        print(f"testbed: {error}", file=sys.stderr)
        sys.exit(PACKAGES_MISSING)
    except (NoAddressError, CompilationError, DatabaseStartError, RedisStartError, UnhealthyError) as error:
        sys.exit(f"testbed: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


async def _run(count: int, credentials: Credentials | None, version: str, engine_start_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    run = asyncio.create_task(_serve(count, credentials, version, engine_start_seconds, over))
    ending = asyncio.create_task(over.wait())
    await asyncio.wait({run, ending}, return_when=asyncio.FIRST_COMPLETED)
    if over.is_set() and not run.done():
        run.cancel()
    ending.cancel()
    try:
        await run
    except asyncio.CancelledError:
        return


async def _serve(
    count: int, credentials: Credentials | None, version: str, engine_start_seconds: float, over: asyncio.Event
) -> None:
    async with Testbed(credentials=credentials, start=StartCost(wait_seconds=engine_start_seconds)) as testbed:
        for _ in range(count):
            await testbed.start_task(IMAGE_VERSION=version)
        await testbed.all_healthy()
        targets = [{"address": task.address, "port": PORT} for task in testbed.tasks]
        print(json.dumps({"targets": targets}), flush=True)
        loop = asyncio.get_running_loop()
        # Not a thread of the event loop's pool: asyncio would wait for it until the input closes.
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

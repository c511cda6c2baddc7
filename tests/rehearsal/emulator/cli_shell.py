"""Runs scripts with the AWS CLI against the emulator, without a new process for each call.

A call of the CLI takes more than a second to start. Here bash sends it to this process, where the CLI is loaded once.
"""

import contextlib
import io
import os
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from typing_extensions import override

from rehearsal.engine.cloud import Cloud

AWS: Final = r"""
aws() {
  local status
  exec 3<>"/dev/tcp/127.0.0.1/$CLI_PORT"
  printf '%s\0' "$#" "$@" >&3
  IFS= read -r status <&3
  cat <&3
  exec 3<&-
  return "$status"
}
sleep() { command sleep 0.1; }
"""
"""The CLI for bash: the number of arguments and the arguments go out, an exit code and the output come back."""
POLL_SECONDS: Final = 0.1
"""Between two questions of a waiter, for which the CLI takes 5 to 30 s."""


@dataclass
class Run:
    """What a script did."""

    output: str = ""
    calls: list[list[str]] = field(default_factory=list)
    """The arguments of each call of the CLI."""
    errors: list[str] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    """How many tasks ran after each that the script stopped."""

    def first(self, *words: str) -> int:
        """Return the index of the first call with all of these words; raises ValueError without one."""
        for index, call in enumerate(self.calls):
            if set(words) <= set(call):
                return index
        raise ValueError(f"no call has {words}: {self.calls}")

    def option(self, name: str, *words: str) -> str:
        """Return the value of an option in the first call with all of these words."""
        call = self.calls[self.first(name, *words)]
        return call[call.index(name) + 1]


def run_script(
    cloud: Cloud, account: str, script: str, *, after_call: Callable[[list[str]], None] = lambda _: None
) -> Run:
    """Run a script as somebody would paste it, up to the first command that fails; `after_call` sees each call."""
    run = Run()
    with _environment(account, cloud.endpoint), _serve(cloud, run, after_call) as port:
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{AWS}\n{script}"],
            env={**os.environ, "CLI_PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=300,
        )
    run.output = done.stdout
    assert done.returncode == 0, "\n".join([done.stdout, *run.errors, str(run.calls[-1:])])
    return run


@contextlib.contextmanager
def _environment(account: str, endpoint: str) -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    own = {
        # For the second client of `s3 sync`, which does not get the option.
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        # The CLI sets it only when it is imported.
        "AWS_DATA_PATH": str(Path(import_module("awscli").__path__[0], "data")),
    }
    with patch.dict(os.environ, {**kept, **own}, clear=True), patch("botocore.waiter.time.sleep", _poll):
        yield


def _poll(_: float) -> None:
    threading.Event().wait(POLL_SECONDS)


@contextlib.contextmanager
def _serve(cloud: Cloud, run: Run, after_call: Callable[[list[str]], None]) -> Iterator[int]:
    driver: Any = import_module("awscli.clidriver").create_clidriver()

    class Call(socketserver.StreamRequestHandler):
        @override
        def handle(self) -> None:
            count = int(_word(self.rfile))
            arguments = [_word(self.rfile) for _ in range(count)]
            run.calls.append(arguments)
            status, output = _call(driver, ["--endpoint-url", cloud.endpoint, *arguments], run.errors)
            after_call(arguments)
            self.wfile.write(f"{status}\n{output}".encode())

    with socketserver.TCPServer(("127.0.0.1", 0), Call) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _call(driver: Any, arguments: Sequence[str], errors: list[str]) -> tuple[int, str]:
    """Return the exit code and the output of one call."""
    output, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(error):
        try:
            status = driver.main(list(arguments))
        except SystemExit as end:
            status = end.code
    if status:
        errors.append(error.getvalue())
    return int(status or 0), output.getvalue()


def _word(stream: Any) -> str:
    """Read up to the next null byte."""
    word = bytearray()
    while (byte := stream.read(1)) not in (b"\0", b""):
        word += byte
    return word.decode()

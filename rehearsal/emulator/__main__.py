"""Serves the emulated AWS on free loopback ports until a signal ends it.

`--permissions` sets how it treats calls that the policies do not allow: `enforced` refuses them, `report` lists them,
`off` checks nothing. `--account new` gives its accounts the quotas of new ones.

It prints `{"port": N, "tls_port": N, "authority": "…"}` once it listens. The second port serves the same over TLS, with
certificates of a throwaway authority, whose own certificate is printed.
"""

import argparse
import asyncio
import json
import os
import socket
from pathlib import Path

from rehearsal.emulator import loopback
from rehearsal.process.proxy_settings import CA_BUNDLE_VARIABLES

SECRET_KEY = "emulated"  # noqa: S105 - the emulator's signing key of account roots, not a secret


async def _serve(listener: socket.socket, tls_listener: socket.socket, options: argparse.Namespace) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415 - ministack reads the port when it is imported

    from rehearsal.emulator.application import application, register_resource_types  # noqa: PLC0415
    from rehearsal.emulator.certificates import Authority, TlsConfig  # noqa: PLC0415
    from rehearsal.emulator.permissions import enforcement, provisioning  # noqa: PLC0415
    from rehearsal.emulator.rules import quotas  # noqa: PLC0415
    from rehearsal.emulator.runtimes import invocations, modules  # noqa: PLC0415

    register_resource_types()
    if options.hooks:
        modules.register(options.hooks.with_name("functions"))
    invocations.register(options.hooks)
    quotas.apply(new_account=options.account == "new")
    enforcement.register(enforcement.Mode(options.permissions))
    if enforcement.mode is not enforcement.Mode.OFF:
        enforcement.listeners.append(provisioning.begin)
        provisioning.register()
    authority = Authority()
    config = TlsConfig(authority)
    config.bind = [f"fd://{tls_listener.fileno()}"]
    config.insecure_bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.errorlog = "-"
    ports = {"port": listener.getsockname()[1], "tls_port": tls_listener.getsockname()[1]}
    print(json.dumps({**ports, "authority": authority.certificate}), flush=True)
    # Without this trigger, hypercorn would finish its open connections before it ends on SIGTERM.
    await serve(application, config, shutdown_trigger=asyncio.Event().wait)  # pyrefly: ignore


def _redirect_functions(hooks: Path, authorities: Path) -> None:
    """Redirect the AWS calls of functions, which inherit these variables, to this emulator.

    Node's hook is a `node` that comes first in the path, because a function may set its own NODE_OPTIONS.
    """
    os.environ["PATH"] = os.pathsep.join([str(hooks / "bin"), os.environ["PATH"]])
    os.environ["PYTHONPATH"] = str(hooks)
    os.environ.update(dict.fromkeys(CA_BUNDLE_VARIABLES, str(authorities)))


def main() -> None:
    """Bind the port first: ministack writes it into the addresses it returns."""
    parser = argparse.ArgumentParser(prog="rehearsal.emulator", description=__doc__)
    parser.add_argument("--account", choices=("established", "new"), default="established")
    parser.add_argument("--permissions", choices=("enforced", "report", "off"), default="enforced")
    parser.add_argument("--hooks", type=Path, help="the folder of hooks that functions load")
    parser.add_argument("--authorities", type=Path, help="the file of certificate authorities that functions trust")
    options = parser.parse_args()
    loopback.guard()
    if options.hooks and options.authorities:
        _redirect_functions(options.hooks, options.authorities)
    listener = socket.create_server(("127.0.0.1", 0))
    tls_listener = socket.create_server(("127.0.0.1", 0))
    os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])
    os.environ["MINISTACK_HOST"] = "localhost"
    os.environ["AWS_SECRET_ACCESS_KEY"] = SECRET_KEY
    os.environ["AUTH"] = "false" if options.permissions == "off" else "true"
    os.environ["MINISTACK_AUTOCREATE_AWS_MANAGED"] = "1"
    asyncio.run(_serve(listener, tls_listener, options))


if __name__ == "__main__":
    main()

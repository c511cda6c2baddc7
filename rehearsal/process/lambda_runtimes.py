"""What runs a Lambda function here: the interpreter of its runtime if this machine has it, or else another version."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from rehearsal.process import interpreters

OLDEST_PYTHON: Final = (3, 10)
"""The oldest Python that the boto3 which functions get here supports."""
MACHINES: Final = {"x86_64": ("x86_64", "amd64"), "arm64": ("arm64", "aarch64")}
"""Names of a machine by Lambda's architecture."""
_PYTHON: Final = re.compile(r"python(3)\.(\d+)")
_NODE: Final = re.compile(r"nodejs(\d+)\.\w+")


@dataclass(frozen=True)
class Interpreter:
    """A program that runs functions."""

    program: str
    version: str
    """For people, such as `Python 3.13.1`."""
    is_wanted: bool
    """Whether it has the version that the runtime names."""


def lacking(function: Mapping[str, Any]) -> str:
    """Return what a function needs and the rehearsal does not have; empty if it runs here.

    `function` is its configuration in the API, or its properties in a template.
    """
    runtime = function.get("Runtime", "")
    if function.get("PackageType") == "Image":
        return "a container image, which the rehearsal does not run"
    if not isinstance(runtime, str):
        # A parameter; the deployed function tells.
        return ""
    if _NODE.fullmatch(runtime):
        return "" if interpreter(runtime) else f"the runtime {runtime}, and this machine has no Node"
    if runtime.startswith("provided"):
        wanted = other_architecture(function)
        if wanted or platform.system() != "Linux":
            return f"the runtime {runtime} on {wanted or 'Linux'}, and this machine is {_machine()}"
        return ""
    return "" if _PYTHON.fullmatch(runtime) else f"the runtime {runtime}, which the rehearsal does not run"


def other_architecture(function: Mapping[str, Any]) -> str:
    """Return the architecture that a function names if it is not this machine's; empty otherwise."""
    named = function.get("Architectures") or ["x86_64"]
    wanted = named[0] if isinstance(named, list) else ""
    machines = MACHINES.get(wanted) if isinstance(wanted, str) else None
    return wanted if machines and platform.machine().lower() not in machines else ""


def difference(function: Mapping[str, Any]) -> str:
    """Return how what runs a function here differs from its runtime; empty if it does not."""
    runtime = function.get("Runtime", "")
    found = interpreter(runtime)
    parts = [f"{runtime} ran with {found.version}"] if found and not found.is_wanted else []
    if wanted := other_architecture(function):
        parts.append(f"{wanted} ran on {_machine()}")
    return ", ".join(parts)


@cache
def interpreter(runtime: str) -> Interpreter | None:
    """Return what runs the functions of a Python or Node runtime; None for others, and without any Node."""
    if python := _PYTHON.fullmatch(runtime):
        return _python(int(python[1]), int(python[2]))
    node = _NODE.fullmatch(runtime)
    return _node(node[1]) if node else None


def _python(major: int, minor: int) -> Interpreter:
    wanted = f"{major}.{minor}"
    here = ".".join(map(str, sys.version_info[:2]))
    if wanted != here and (major, minor) >= OLDEST_PYTHON:
        for program in interpreters.pythons(wanted, os.environ.get("PATH", os.defpath)):
            if (version := interpreters.python_version(program)).startswith(f"{wanted}."):
                return Interpreter(program, f"Python {version}", is_wanted=True)
    return Interpreter(sys.executable, f"Python {platform.python_version()}", is_wanted=wanted == here)


def _node(major: str) -> Interpreter | None:
    path = os.environ.get("PATH", os.defpath)
    first = shutil.which("node", path=path)
    for node in filter(None, (first, *map(str, interpreters.nodes(path)))):
        if (version := interpreters.node_version(node)).startswith(f"{major}."):
            return Interpreter(node, f"Node {version}", is_wanted=True)
    version = interpreters.node_version(first)
    return Interpreter(first, f"Node {version}", is_wanted=False) if first and version else None


def _machine() -> str:
    return f"{platform.system()} on {platform.machine()}" if platform.system() != "Linux" else platform.machine()

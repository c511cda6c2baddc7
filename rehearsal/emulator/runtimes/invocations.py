"""Runs each function with the interpreter of its runtime, and refuses those that cannot run here.

ministack runs every Python function with its own Python and every Node function with the first Node, and answers for
functions of other runtimes.
"""

from pathlib import Path
from typing import Any

from rehearsal.emulator.cloudformation.origins import label
from rehearsal.emulator.internals import lambda_runtime, lambdas
from rehearsal.emulator.services import functions, unserved
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import Gap, GapKind
from rehearsal.process import lambda_runtimes
from rehearsal.process.aws_hosts import write_node

differences: dict[str, set[str]] = {}
"""How invoked functions ran otherwise than in their runtimes, each with the names of the functions."""


def register(hooks: Path | None) -> None:
    """Choose the interpreters; Nodes load the hook in the folder `hooks`."""
    above = lambda_runtime._detect_runtime_binary
    dispatch = lambdas._execute_function_dispatch

    def detect(runtime: str) -> tuple[str, str]:
        program, script = above(runtime)
        found = lambda_runtimes.interpreter(runtime)
        if not found:
            return program, script
        if runtime.startswith("node") and hooks:
            return _with_hook(found.program, hooks), script
        return found.program, script

    def execute(function: dict[str, Any], config: dict[str, Any], *rest: Any) -> dict[str, Any]:
        if needed := lambda_runtimes.lacking(config):
            return _refuse(config, needed)
        if difference := lambda_runtimes.difference(config):
            differences.setdefault(difference, set()).add(config["FunctionName"])
        return dispatch(function, config, *rest)

    lambda_runtime._detect_runtime_binary = detect
    lambdas._execute_function_dispatch = execute


def _refuse(config: dict[str, Any], needed: str) -> dict[str, Any]:
    name = config["FunctionName"]
    account, region = config["FunctionArn"].split(":")[4], config["FunctionArn"].split(":")[3]
    where = f"function {label(account, region, 'AWS::Lambda::Function', name)} in {account}/{region}"
    gap = Gap(GapKind.RUNTIME, where, f"it needs {needed}")
    unserved.add(gap)
    if not functions.is_event():
        unserved.note(GapKind.RUNTIME, f"the function {name} was called, which needs {needed}")
    message = f"{NOT_EMULATED}: the function {name} needs {needed}"
    return {"body": {"errorMessage": message, "errorType": functions.REFUSED}, "error": True, "log": message}


def _with_hook(node: str, hooks: Path) -> str:
    """Return a program that starts this Node with the hook that redirects its calls to AWS."""
    program = hooks / "nodes" / node.strip("/").replace("/", "-")
    if not program.exists():
        write_node(program, node, hooks)
    return str(program)

"""What Lambda provides to functions: libraries of Python, the SDK of Node, and the AWS CLI of the CDK's layer.

Functions run as processes of this machine (ministack's workers). Node's SDK is generated from botocore (`sdk.cjs`).
"""

import importlib.util
import io
import json
import os
import shlex
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import botocore
import botocore.session
from botocore.utils import CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES as PACKAGE_NAMES

from rehearsal.emulator.internals import lambda_runtime, lambdas

PYTHON_LIBRARIES: Final = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""The libraries in Lambda's Python runtimes (Lambda Developer Guide, "Packages included in the runtime")."""

_HERE = Path(__file__).parent


def register(directory: Path) -> None:
    """Provide the libraries to every function; `directory` is a new folder for generated files."""
    programs, libraries = directory / "bin", directory / "python"
    for folder in (programs, libraries):
        folder.mkdir(parents=True)
    _write_programs(programs)
    _link_libraries(libraries)
    os.environ["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
    start = (_HERE / "python_start.py").read_text()
    for name, folder in (("LIBRARIES", libraries), ("PROGRAMS", programs)):
        start = start.replace(f'{name} = ""', f"{name} = {str(folder)!r}")
    # A module's docstring and its import of the future come first; the worker's own script has neither.
    lambda_runtime._PYTHON_WORKER_SCRIPT = f"{start}\n{lambda_runtime._PYTHON_WORKER_SCRIPT}"
    sdk = {
        "packages": _packages(),
        "data": str(Path(botocore.__file__).parent / "data"),
        "modules": str(directory / "node"),
    }
    load = f"require({json.dumps(str(_HERE / 'sdk.cjs'))})({json.dumps(sdk)});"
    lambda_runtime._NODEJS_WORKER_SCRIPT = f"{load}\n{lambda_runtime._NODEJS_WORKER_SCRIPT}"
    _skip_cli_layer()


def _packages() -> dict[str, str]:
    """Return botocore's services by the name of their package, such as `cloudwatch-logs` of `@aws-sdk/client-…`."""
    services = botocore.session.Session().get_available_services()
    return {PACKAGE_NAMES.get(service, service): service for service in services}


def _write_programs(folder: Path) -> None:
    """Write the AWS CLI, and an npm that fails: functions find the SDK without it, and nothing may be installed."""
    programs = {"npm": 'echo "npm: the rehearsal installs nothing for functions" >&2\nexit 1'}
    if importlib.util.find_spec("awscli"):
        programs["aws"] = f'exec {shlex.quote(sys.executable)} -m awscli "$@"'
    for name, command in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{command}\n")
        (folder / name).chmod(0o755)


def _link_libraries(folder: Path) -> None:
    for name in PYTHON_LIBRARIES:
        found = importlib.util.find_spec(name)
        if found and found.origin:
            file = Path(found.origin)
            source = file.parent if file.name == "__init__.py" else file
            (folder / source.name).symlink_to(source)


def _skip_cli_layer() -> None:
    """Do not unpack the CDK's layer with the AWS CLI, of 40 MB, for each function: the rehearsal has its own."""
    above = lambdas._resolve_layer_zip

    def resolve(attachment: Any) -> bytes | None:
        content = above(attachment)
        if content and "awscli/aws" in zipfile.ZipFile(io.BytesIO(content)).namelist():
            return None
        return content

    lambdas._resolve_layer_zip = resolve

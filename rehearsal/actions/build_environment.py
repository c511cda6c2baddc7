"""The environment of a build, as a fresh CodeBuild container has it."""

import json
import os
import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.actions.run import Run
from rehearsal.buildspec import Buildspec
from rehearsal.cloud import Credentials

IMAGE_TOOLS = ("node", "npm", "npx", "uv")
"""Tools taken from the rehearsal's own environment where CodeBuild's image brings them."""

PASSED_ON = (
    "HOME",
    "LANG",
    "LC_ALL",
    "TERM",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
"""Variables of the user's that a build needs to work on this machine at all."""

PASSED_ON_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "npm_config_")
"""Settings of package managers: how this machine reaches its registries."""


def build_environment(
    run: Run, project: Mapping[str, Any], specification: Buildspec, directory: Path
) -> dict[str, str]:
    """Return all of a build's variables; nothing of the rehearsal's own environment but what the constants above name.

    `directory` is the build's own folder, in which its inputs already lie.
    """
    context = run.context
    role = context.cloud.assume(project["serviceRole"], Credentials(context.home.account), context.home.region)
    build_id = f"{project['name']}:{uuid.uuid4()}"
    sources = input_directories(run, directory)
    primary, *others = sources
    temporary = directory / "tmp"
    temporary.mkdir()
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
        },
        "PATH": _path(directory),
        "TMPDIR": str(temporary),
        "NPM_CONFIG_PREFIX": str(directory / "npm"),
        "NPM_CONFIG_PREFER_OFFLINE": "true",
        "CI": "true",
        "CODEBUILD_CI": "true",
        "CODEBUILD_BUILD_ID": build_id,
        "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:{context.home.region}:{context.home.account}:build/{build_id}",
        "CODEBUILD_BUILD_IMAGE": project["environment"].get("image", ""),
        "CODEBUILD_BUILD_NUMBER": "1",
        "CODEBUILD_INITIATOR": f"codepipeline/{context.definition.name}",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": context.commit,
        "CODEBUILD_SOURCE_VERSION": f"arn:aws:s3:::{context.definition.artifact_bucket}/{primary}",
        "CODEBUILD_SRC_DIR": str(sources[primary]),
        **{f"CODEBUILD_SRC_DIR_{name}": str(sources[name]) for name in others},
        **specification.variables,
    }
    for variable in [*project["environment"].get("environmentVariables", []), *_action_variables(run)]:
        environment[variable["name"]] = _value(run, variable)
    # Last, so that nothing a project sets leads a build out of the emulator.
    environment.update(context.cloud.environment(context.home.region, role))
    return environment


def _path(directory: Path) -> str:
    """Return a search path like the build image's: system tools, Python, Node, and what the build itself installs."""
    tools = directory / "tools"
    tools.mkdir()
    own = Path(sys.executable).parent
    for name in IMAGE_TOOLS:
        if found := shutil.which(name):
            (tools / name).symlink_to(Path(found).absolute())
    interpreter = Path(sys.executable).resolve()
    for name in ("python", "python3"):
        (tools / name).symlink_to(interpreter)
    system = [
        entry
        for entry in os.environ.get("PATH", "").split(os.pathsep)
        if entry and Path(entry) != own and not entry.endswith("node_modules/.bin")
    ]
    return os.pathsep.join([str(directory / "npm" / "bin"), str(tools), *system])


def _action_variables(run: Run) -> list[dict[str, str]]:
    return json.loads(run.configuration.get("EnvironmentVariables", "[]"))


def _value(run: Run, variable: Mapping[str, str]) -> str:
    kind = variable.get("type", "PLAINTEXT")
    if kind == "PLAINTEXT":
        return variable["value"]
    client = run.context.cloud.client
    region, credentials = run.context.home.region, Credentials(run.context.home.account)
    if kind == "PARAMETER_STORE":
        answer = client("ssm", region, credentials).get_parameter(Name=variable["value"], WithDecryption=True)
        return answer["Parameter"]["Value"]
    secret, _, key = variable["value"].partition(":")
    text = client("secretsmanager", region, credentials).get_secret_value(SecretId=secret)["SecretString"]
    return json.loads(text)[key] if key else text


def input_directories(run: Run, directory: Path) -> dict[str, Path]:
    """Return where each input artifact lies, the primary source first."""
    primary = run.configuration.get("PrimarySource") or run.action.inputs[0]
    others = [name for name in run.action.inputs if name != primary]
    return {primary: directory / "src", **{name: directory / "inputs" / name for name in others}}

"""The environment of a build, as a fresh CodeBuild container has it."""

import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.actions.build_python import hide_other_pythons, make_python
from rehearsal.actions.buildspec import Buildspec
from rehearsal.actions.run import ActionFailed, Run
from rehearsal.actions.secret_reference import SecretNotFound, resolve_secret
from rehearsal.engine.cloud import Credentials
from rehearsal.process.isolation import machine_environment
from rehearsal.process.run_directory import CACHE

IMAGE_TOOLS = ("node", "npm", "npx", "uv")
"""Tools taken from the rehearsal's own environment where CodeBuild's image brings them."""

PASSED_ON = re.compile(
    r"(PIP|UV|NPM_CONFIG)_.*(INDEX|FIND_LINKS|HOST|CERT|SSL|TLS|CAFILE|REGISTRY|AUTH|USERNAME|PASSWORD|KEYRING|PROXY"
    r"|TIMEOUT|RETRIES|CONCURRENT|MIRROR|OFFLINE|CONFIG_FILE|NO_CONFIG|VERSION_CHECK|LINK_MODE)",
    re.IGNORECASE,
)
"""How the settings of package managers begin that say how this machine reaches its registries; none names a folder."""

REGISTRY_SETTINGS = (".npmrc", ".netrc", ".pip", ".config/pip", ".config/uv", "Library/Application Support/pip")
"""The same, in the user's folder. A build has copies: `npm config set` and `pip config set` write into them."""

CACHES = {
    "UV_CACHE_DIR": f"{CACHE}/uv",
    "PIP_CACHE_DIR": f"{CACHE}/pip",
    "NPM_CONFIG_CACHE": f"{CACHE}/npm",
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT": f"{CACHE}/jsii",
    "PYTHONPYCACHEPREFIX": f"{CACHE}/bytecode",
}
"""The rehearsals' own caches of what was downloaded, unpacked and compiled. No tool of the user's has its own there."""

LEADING_OUT = (
    "AWS_ENDPOINT_URL_",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONTAINER_",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
)
"""How the variables begin by which a project would lead its build past the emulator."""


def build_environment(
    run: Run, project: Mapping[str, Any], specification: Buildspec, directory: Path, role: Credentials
) -> dict[str, str]:
    """Return all of a build's variables; nothing of the user's own but what is named above and in `isolation`.

    `directory` is the build's own folder, in which its inputs already lie; `role` are the project's credentials.
    """
    context = run.context
    build_id = f"{project['name']}:{uuid.uuid4()}"
    sources = input_directories(run, directory)
    primary, *others = sources
    temporary = directory / "tmp"
    temporary.mkdir()
    home = Path.home()
    own_home = _home(directory, home)
    environment = {
        **{name: value for name, value in os.environ.items() if PASSED_ON.match(name)},
        **{variable: str(home / folder) for variable, folder in CACHES.items()},
        **machine_environment(own_home),
        "PATH": _path(directory, context.cloud.hooks, context.directory.with_name("python-packages")),
        "TMPDIR": str(temporary),
        "NPM_CONFIG_PREFIX": str(directory / "npm"),
        "NPM_CONFIG_PREFER_OFFLINE": "true",
        # Java asks the system for the user's folder, not the environment.
        "JAVA_TOOL_OPTIONS": f"-Duser.home={own_home}",
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
        **{name: _parameter(run, role, parameter) for name, parameter in specification.parameters.items()},
        **{name: _secret(run, role, reference) for name, reference in specification.secrets.items()},
    }
    for variable in [*project["environment"].get("environmentVariables", []), *_action_variables(run)]:
        environment[variable["name"]] = _value(run, role, variable)
    for name in environment.keys() & context.variable_overrides.keys():
        run.log(f"{name} is {context.variable_overrides[name]} in this rehearsal, not {environment[name]}")
        environment[name] = context.variable_overrides[name]
        run.details.replaced.add(name)
    if _lies_apart(Path(environment["UV_CACHE_DIR"]), directory):
        # uv would copy what it cannot link to, a gigabyte for this project, and warn of it.
        environment.setdefault("UV_LINK_MODE", "symlink")
    # Last, so that nothing a project sets leads a build out of the emulator.
    kept = {name: value for name, value in environment.items() if not name.startswith(LEADING_OUT)}
    return {**kept, **context.cloud.environment(context.home.region, role), **context.cloud.proxy_environment(kept)}


def _lies_apart(cache: Path, directory: Path) -> bool:
    """Tell whether a cache is in another file system than a build, where only symbolic links reach."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    return existing.stat().st_dev != directory.stat().st_dev


def _home(directory: Path, home: Path) -> Path:
    """Make a folder of the build's own in which package managers find the user's settings, and nothing else is."""
    own = directory / "home"
    own.mkdir(parents=True, exist_ok=True)
    for name in REGISTRY_SETTINGS:
        found, copy = home / name, own / name
        if found.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(found, copy) if found.is_dir() else shutil.copy(found, copy)
    return own


def _path(directory: Path, hooks: Path | None, unpacked: Path) -> str:
    """Return a search path like the build image's: system tools, Python, Node, and what the build itself installs."""
    tools = directory / "tools"
    tools.mkdir()
    own = Path(sys.executable).parent
    hooked = hooks / "bin" if hooks else tools
    for name in IMAGE_TOOLS:
        if found := shutil.which(name):
            is_hooked = (hooked / name).exists()
            (tools / name).symlink_to(hooked / name if is_hooked else Path(found).absolute())
    system = os.pathsep.join(
        entry
        for entry in os.environ.get("PATH", "").split(os.pathsep)
        if entry and Path(entry) != own and not entry.endswith("node_modules/.bin")
    )
    programs = make_python(directory / "python", unpacked=unpacked)
    hide_other_pythons(programs, directory / "other-pythons", system)
    return os.pathsep.join([str(directory / "npm" / "bin"), str(programs), str(tools), system])


def _action_variables(run: Run) -> list[dict[str, str]]:
    return json.loads(run.configuration.get("EnvironmentVariables", "[]"))


def _value(run: Run, role: Credentials, variable: Mapping[str, str]) -> str:
    kind = variable.get("type", "PLAINTEXT")
    if kind == "PLAINTEXT":
        return variable["value"]
    if kind == "PARAMETER_STORE":
        return _parameter(run, role, variable["value"])
    if kind == "SECRETS_MANAGER":
        return _secret(run, role, variable["value"])
    raise ActionFailed(f"variable {variable['name']}: CodeBuild has no type {kind}")


def _parameter(run: Run, role: Credentials, name: str) -> str:
    try:
        found = _client(run, role, "ssm").get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    except ClientError as error:
        raise ActionFailed(f"parameter {name}: {error.response['Error']['Message']}") from None
    if not found:
        raise ActionFailed(f"parameter {name}: there is no such parameter")
    [parameter] = found
    if parameter.get("Type") == "SecureString":
        run.details.secrets.add(parameter["Value"])
    return parameter["Value"]


def _secret(run: Run, role: Credentials, reference: str) -> str:
    try:
        value = resolve_secret(_client(run, role, "secretsmanager"), reference)
    except SecretNotFound as error:
        raise ActionFailed(str(error)) from None
    run.details.secrets.add(value)
    return value


def _client(run: Run, role: Credentials, service: str) -> Any:
    return run.context.cloud.client(service, run.context.home.region, role)


def input_directories(run: Run, directory: Path) -> dict[str, Path]:
    """Return where each input artifact lies, the primary source first."""
    primary = run.configuration.get("PrimarySource") or run.action.inputs[0]
    others = [name for name in run.action.inputs if name != primary]
    return {primary: directory / "src", **{name: directory / "inputs" / name for name in others}}

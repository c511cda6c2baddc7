"""The environment variables of a build, as in a new CodeBuild container."""

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
from rehearsal.actions.secrets import SecretNotFound, resolve_secret
from rehearsal.engine.cloud import Credentials
from rehearsal.process.isolation import machine_environment
from rehearsal.process.run_directory import cache

IMAGE_TOOLS = ("node", "npm", "npx", "uv")
"""Tools of CodeBuild's image, taken from the rehearsal's own environment."""

REGISTRY_VARIABLES = re.compile(
    r"(PIP|UV|NPM_CONFIG)_.*(INDEX|FIND_LINKS|HOST|CERT|SSL|TLS|CAFILE|REGISTRY|AUTH|USERNAME|PASSWORD|KEYRING|PROXY"
    r"|TIMEOUT|RETRIES|CONCURRENT|MIRROR|OFFLINE|CONFIG_FILE|NO_CONFIG|VERSION_CHECK|LINK_MODE)",
    re.IGNORECASE,
)
"""Package manager settings that say how to reach the registries; none names a folder."""

REGISTRY_SETTINGS = (".npmrc", ".netrc", ".pip", ".config/pip", ".config/uv", "Library/Application Support/pip")
"""The same, as files in the home folder. A build gets copies, because `npm config set` and `pip config set` write."""

CACHES = {
    "UV_CACHE_DIR": "uv",
    "PIP_CACHE_DIR": "pip",
    "NPM_CONFIG_CACHE": "npm",
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT": "jsii",
    "PYTHONPYCACHEPREFIX": "bytecode",
}
"""Caches shared by all rehearsals and separate from those of the user's tools, below `cache()`."""

ENDPOINT_OVERRIDES = (
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
"""Prefixes of variables that would make a build bypass the emulator."""


def build_environment(
    run: Run, project: Mapping[str, Any], specification: Buildspec, directory: Path, role: Credentials
) -> dict[str, str]:
    """Return a build's variables; of the user's, only those named above and in `process.isolation`.

    `directory` is the build's folder with its unpacked inputs; `role` are the credentials of the project's role.
    """
    context = run.context
    build_id = f"{project['name']}:{uuid.uuid4()}"
    sources = input_directories(run, directory)
    primary, *others = sources
    temporary = directory / "tmp"
    temporary.mkdir()
    shared = cache()
    own_home = _home(directory, Path.home())
    environment = {
        **{name: value for name, value in os.environ.items() if REGISTRY_VARIABLES.match(name)},
        **{variable: str(shared / folder) for variable, folder in CACHES.items()},
        **machine_environment(own_home),
        "PATH": _path(directory, context.cloud.hooks, context.directory.with_name("python-packages")),
        "TMPDIR": str(temporary),
        "NPM_CONFIG_PREFIX": str(directory / "npm"),
        "NPM_CONFIG_PREFER_OFFLINE": "true",
        # Java asks the system for the home folder, not the environment.
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
        run.log(f"--set overrides {name}: {context.variable_overrides[name]} instead of {environment[name]}")
        environment[name] = context.variable_overrides[name]
        run.details.replaced.add(name)
    if _on_other_file_system(Path(environment["UV_CACHE_DIR"]), directory):
        # uv cannot hard-link across file systems and would copy a gigabyte for this project.
        environment.setdefault("UV_LINK_MODE", "symlink")
    # Last, so that no variable of a project makes a build bypass the emulator.
    allowed = {name: value for name, value in environment.items() if not name.startswith(ENDPOINT_OVERRIDES)}
    return {
        **allowed,
        **context.cloud.environment(context.home.region, role),
        **context.cloud.proxy_environment(allowed),
    }


def _on_other_file_system(cache: Path, directory: Path) -> bool:
    """Tell whether a cache is in another file system than a build, so that only symbolic links work."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    return existing.stat().st_dev != directory.stat().st_dev


def _home(directory: Path, home: Path) -> Path:
    """Create the build's home folder with copies of the user's registry settings."""
    own = directory / "home"
    own.mkdir(parents=True, exist_ok=True)
    for name in REGISTRY_SETTINGS:
        found, copy = home / name, own / name
        if found.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(found, copy) if found.is_dir() else shutil.copy(found, copy)
    return own


def _path(directory: Path, hooks: Path | None, unpacked: Path) -> str:
    """Return a PATH like the build image's: the system's tools, Python, Node, and what the build installs."""
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
    raise ActionFailed(f"variable {variable['name']}: unknown type {kind}")


def _parameter(run: Run, role: Credentials, name: str) -> str:
    try:
        found = _client(run, role, "ssm").get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    except ClientError as error:
        raise ActionFailed(f"parameter {name}: {error.response['Error']['Message']}") from None
    if not found:
        raise ActionFailed(f"parameter {name} does not exist")
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
    """Return the folder of each input artifact, the primary source first."""
    primary = run.configuration.get("PrimarySource") or run.action.inputs[0]
    others = [name for name in run.action.inputs if name != primary]
    return {primary: directory / "src", **{name: directory / "inputs" / name for name in others}}

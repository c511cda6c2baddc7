"""The environment variables of a build, as in a new CodeBuild container."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.actions.builds.build_python import hide_other_pythons, make_python, make_python_of
from rehearsal.actions.builds.buildspec import Buildspec
from rehearsal.actions.builds.image_tools import ImageTools, make_tools, without_own_programs
from rehearsal.actions.builds.runtimes import Runtimes
from rehearsal.actions.run import ActionFailed, Run
from rehearsal.actions.secrets import SecretNotFound, resolve_secret
from rehearsal.engine.cloud import Credentials
from rehearsal.process import bytecode
from rehearsal.process.isolation import machine_environment
from rehearsal.process.run_directory import cache

REGISTRY_VARIABLES = re.compile(
    r"(PIP|UV|NPM_CONFIG)_.*(INDEX|FIND_LINKS|HOST|CERT|SSL|TLS|CAFILE|REGISTRY|AUTH|USERNAME|PASSWORD|KEYRING|PROXY"
    r"|TIMEOUT|RETRIES|CONCURRENT|MIRROR|OFFLINE|CONFIG_FILE|NO_CONFIG|VERSION_CHECK|LINK_MODE)",
    re.IGNORECASE,
)
"""Package manager settings that say how to reach the registries; none names a folder."""

REGISTRY_SETTINGS = (".npmrc", ".netrc", ".pip", ".config/pip", ".config/uv", "Library/Application Support/pip")
"""The same, as files in the home folder. A build gets copies, because `npm config set` and `pip config set` write."""

NPM_REGISTRY_SETTING = re.compile(
    r"\s*(//|@[^=]*:registry\b|registry\b|(https?-)?proxy\b|noproxy\b|ca(file)?\b|cert\b|key\b|strict-ssl\b|fetch-|_|email\b)"
)
"""Lines of npm's file that say how to reach the registries; a container has none of the user's other settings."""

CACHES = {
    "UV_CACHE_DIR": "uv",
    "PIP_CACHE_DIR": "pip",
    "NPM_CONFIG_CACHE": "npm",
    "JSII_RUNTIME_PACKAGE_CACHE_ROOT": "jsii",
    "PYTHONPYCACHEPREFIX": bytecode.FOLDER,
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


@dataclass(frozen=True)
class BuildRequest:
    """A build to start: its project, and what the action or a batch changes of it."""

    project: Mapping[str, Any]
    directory: Path
    """The build's own folder, with its unpacked inputs."""
    role: Credentials
    """The credentials of the project's role."""
    build_id: str
    log_stream: str = ""
    identifier: str = ""
    """The build's name in its batch."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables of the build in its batch."""

    @property
    def address(self) -> str:
        """The loopback address from which its requests come, by the number of its folder."""
        number = int(self.directory.name) + 1
        return f"127.1.{number // 256}.{number % 256}"

    @property
    def privileged(self) -> bool:
        """Whether the build has a Docker daemon on AWS."""
        return bool(self.project["environment"].get("privilegedMode"))


@dataclass(frozen=True)
class BuildEnvironment:
    """A build's variables and the programs on its PATH."""

    variables: dict[str, str]
    tools: ImageTools


def build_environment(run: Run, request: BuildRequest, specification: Buildspec) -> BuildEnvironment:
    """Return a build's variables; of the user's, only those named above and in `process.isolation`."""
    context, directory = run.context, request.directory
    temporary, own_home = directory / "tmp", _home(directory, Path.home())
    temporary.mkdir()
    tools = make_tools(directory, context.cloud.hooks, privileged=request.privileged)
    declared = _declared_variables(run, request, specification)
    base = {
        **{name: value for name, value in os.environ.items() if REGISTRY_VARIABLES.match(name)},
        **{variable: str(cache() / folder) for variable, folder in CACHES.items()},
        **machine_environment(own_home),
        "TMPDIR": str(temporary),
        "NPM_CONFIG_PREFIX": str(directory / "npm"),
        "NPM_CONFIG_PREFER_OFFLINE": "true",
        # Python compiles what it imports; compiling all of the CDK library takes pip half a minute for each build.
        "PIP_COMPILE": "0",
        "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
        # Java asks the system for the home folder, not the environment.
        "JAVA_TOOL_OPTIONS": f"-Duser.home={own_home}",
        # Node's own `fetch` and `https` then find distributions, whose names no DNS knows.
        "NODE_USE_ENV_PROXY": "1",
        "CI": "true",
        **_codebuild_variables(run, request),
    }
    runtimes = Runtimes(specification.runtimes, tools, run.log)
    runtimes.expand({**base, **declared})
    base = _with_runtimes(run, base, tools, runtimes, directory)
    environment = {**base, **declared}
    for name in environment.keys() & context.variable_overrides.keys():
        run.log(f"--set overrides {name}: {context.variable_overrides[name]} instead of {environment[name]}")
        environment[name] = context.variable_overrides[name]
        run.details.replaced.add(name)
    if _on_other_file_system(Path(environment["UV_CACHE_DIR"]), directory):
        # uv cannot hard-link across file systems and would copy a gigabyte for this project.
        environment.setdefault("UV_LINK_MODE", "symlink")
    return BuildEnvironment(_without_ways_out(run, request, environment), tools)


def _declared_variables(run: Run, request: BuildRequest, specification: Buildspec) -> dict[str, str]:
    """Return the variables of the specification, the project, the action and the batch; each overrides those before."""
    role = request.role
    declared = {
        **specification.variables,
        **{name: _parameter(run, role, parameter) for name, parameter in specification.parameters.items()},
        **{name: _secret(run, role, reference) for name, reference in specification.secrets.items()},
    }
    for variable in [*request.project["environment"].get("environmentVariables", []), *_action_variables(run)]:
        declared[variable["name"]] = _value(run, role, variable)
    return {**declared, **request.variables}


def _codebuild_variables(run: Run, request: BuildRequest) -> dict[str, str]:
    """Return the variables that CodeBuild sets ("Environment variables in build environments")."""
    context, project = run.context, request.project
    home, sources = context.home, input_directories(run, request.directory)
    primary, *others = sources
    arn = f"arn:aws:codebuild:{home.region}:{home.account}"
    in_batch = {"CODEBUILD_BATCH_BUILD_IDENTIFIER": request.identifier} if request.identifier else {}
    return {
        "CODEBUILD_CI": "true",
        "CODEBUILD_BUILD_ID": request.build_id,
        "CODEBUILD_BUILD_ARN": f"{arn}:build/{request.build_id}",
        "CODEBUILD_BUILD_IMAGE": project["environment"].get("image", ""),
        "CODEBUILD_BUILD_NUMBER": "1",
        "CODEBUILD_INITIATOR": f"codepipeline/{context.definition.name}",
        "CODEBUILD_KMS_KEY_ID": project.get("encryptionKey")
        or f"arn:aws:kms:{home.region}:{home.account}:alias/aws/s3",
        "CODEBUILD_LOG_PATH": request.log_stream,
        "CODEBUILD_PROJECT_ARN": f"{arn}:project/{project['name']}",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": context.commit,
        "CODEBUILD_SOURCE_REPO_URL": "",
        "CODEBUILD_SOURCE_VERSION": f"arn:aws:s3:::{context.definition.artifact_bucket}/{primary}",
        "CODEBUILD_SRC_DIR": str(sources[primary]),
        **{f"CODEBUILD_SRC_DIR_{name}": str(sources[name]) for name in others},
        "CODEBUILD_START_TIME": str(int(context.clock().timestamp() * 1000)),
        **in_batch,
    }


def _with_runtimes(
    run: Run, base: Mapping[str, str], tools: ImageTools, runtimes: Runtimes, directory: Path
) -> dict[str, str]:
    """Return the variables with a PATH like the image's and the runtimes that the specification names."""
    system = without_own_programs(os.environ.get("PATH", ""))
    front, *more = map(str, tools.first)
    proxies = run.context.cloud.proxy_environment(base)
    environment = {**base, "PATH": os.pathsep.join([front, *more, system])}
    python = directory / "python"
    if other := runtimes.python({**environment, **proxies}):
        programs = make_python_of(other, python)
    else:
        programs = make_python(python, unpacked=run.context.directory.with_name("python-packages"))
    hide_other_pythons(programs, directory / "other-pythons", system)
    global_programs = str(directory / "npm" / "bin")
    environment["PATH"] = os.pathsep.join([global_programs, front, str(programs), *more, system])
    environment |= runtimes.others({**environment, **proxies})
    # Last, also because these scripts would answer the question which runtimes there are.
    environment["PATH"] += f"{os.pathsep}{tools.last}"
    return environment


def _without_ways_out(run: Run, request: BuildRequest, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with the emulator's last, so that none of a project's makes a build bypass it."""
    cloud = run.context.cloud
    allowed = {name: value for name, value in environment.items() if not name.startswith(ENDPOINT_OVERRIDES)}
    return {
        **allowed,
        **cloud.environment(run.context.home.region, request.role),
        **cloud.proxy_environment(allowed),
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
    npm = own / ".npmrc"
    if npm.exists():
        lines = npm.read_text().splitlines(keepends=True)
        npm.write_text("".join(line for line in lines if NPM_REGISTRY_SETTING.match(line)))
    return own


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

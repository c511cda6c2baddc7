"""CodeBuild: the deployed project's build specification, run in a clean folder that holds only the input artifacts."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal import buildspec
from rehearsal.actions.run import ActionFailed, ActionSkipped, Outcome, Run
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


def run(run: Run) -> Outcome:
    """Run the build to its end and keep its artifacts and exported variables."""
    project = _project(run)
    if project["environment"].get("privilegedMode") and not _docker_works():
        raise ActionSkipped("needs a Docker daemon, and none runs here")
    directory = run.context.directory / f"{run.stage}-{run.action.name}-{uuid.uuid4().hex[:6]}"
    source = _unpack_inputs(run, directory)
    try:
        specification = buildspec.parse(_specification_text(project, source))
        environment = _environment(run, project, specification, directory, source)
        exported = directory / "exported"
        script = directory / "build.sh"
        script.write_text(specification.script(exported))
        _execute(run, project, specification.shell, script, source, environment)
        _pack_outputs(run, specification, source)
    except buildspec.BuildspecError as error:
        raise ActionFailed(str(error)) from None
    variables = _exported_variables(exported)
    shutil.rmtree(directory, ignore_errors=True)
    return Outcome(variables=variables)


def _project(run: Run) -> dict[str, Any]:
    name = run.configuration["ProjectName"]
    home = run.context.home
    found = run.context.cloud.client("codebuild", home.region, Credentials(home.account)).batch_get_projects(
        names=[name]
    )
    if not found["projects"]:
        raise ActionFailed(f"there is no CodeBuild project {name} in {home}")
    return found["projects"][0]


def _docker_works() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=20).returncode == 0


def _unpack_inputs(run: Run, directory: Path) -> Path:
    primary = run.configuration.get("PrimarySource") or run.action.inputs[0]
    for name in run.action.inputs:
        run.context.artifacts.unpack(name, _input_directory(directory, primary, name))
    return _input_directory(directory, primary, primary)


def _input_directory(directory: Path, primary: str, name: str) -> Path:
    return directory / "src" if name == primary else directory / "inputs" / name


def _specification_text(project: dict[str, Any], source: Path) -> str:
    text = project["source"].get("buildspec", "buildspec.yml")
    if "\n" in text or text.lstrip().startswith("{"):
        return text
    file = source / text
    if not file.is_file():
        raise ActionFailed(f"the build specification {text} is not in the input artifact")
    return file.read_text()


def _environment(
    run: Run, project: dict[str, Any], specification: buildspec.Buildspec, directory: Path, source: Path
) -> dict[str, str]:
    """Build the environment from nothing, as a fresh container has it."""
    context = run.context
    role = context.cloud.assume(project["serviceRole"], Credentials(context.home.account), context.home.region)
    build_id = f"{project['name']}:{uuid.uuid4()}"
    primary = run.configuration.get("PrimarySource") or run.action.inputs[0]
    extra_sources = {
        f"CODEBUILD_SRC_DIR_{name}": str(_input_directory(directory, primary, name))
        for name in run.action.inputs
        if name != primary
    }
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
        "CODEBUILD_SOURCE_VERSION": f"arn:aws:s3:::{context.definition.artifact_bucket}/{run.action.inputs[0]}",
        "CODEBUILD_SRC_DIR": str(source),
        **extra_sources,
        **specification.variables,
    }
    for variable in [*project["environment"].get("environmentVariables", []), *_action_variables(run)]:
        environment[variable["name"]] = _value(run, variable)
    # Last, so that nothing a project sets leads a build out of the emulator.
    environment.update(context.cloud.environment(context.home.region, role))
    return environment


def _path(directory: Path) -> str:
    """Return a search path like the build image's: system tools, one Python, Node, and what the build itself installs."""
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


def _execute(
    run: Run, project: dict[str, Any], shell: str, script: Path, source: Path, environment: Mapping[str, str]
) -> None:
    minutes = project.get("timeoutInMinutes", 60)
    last_lines: list[str] = []

    def keep(line: str) -> None:
        last_lines[:] = [*last_lines[-4:], line]
        run.log(line)

    if run.fail_on_purpose:
        raise ActionFailed("made to fail by --fail")
    try:
        code = run.context.processes.run(
            [shell, str(script)],
            directory=source,
            environment=environment,
            on_line=keep,
            timeout_seconds=minutes * 60,
        )
    except TimeoutError:
        raise ActionFailed(f"the build took longer than its {minutes} minutes") from None
    if code:
        reason = next((line for line in reversed(last_lines) if line.startswith("phase ")), f"exit status {code}")
        raise ActionFailed(reason)


def _pack_outputs(run: Run, specification: buildspec.Buildspec, source: Path) -> None:
    outputs = run.action.outputs
    if not outputs:
        return
    if len(outputs) == 1 and specification.primary_output:
        run.context.artifacts.pack(outputs[0], *specification.primary_output.files(source))
        return
    for name in outputs:
        if name not in specification.secondary_outputs:
            raise ActionFailed(f"the build specification has no artifact {name}")
        run.context.artifacts.pack(name, *specification.secondary_outputs[name].files(source))


def _exported_variables(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    pairs = (entry.partition("=") for entry in file.read_text().split("\0") if entry)
    return {name: value for name, _, value in pairs}

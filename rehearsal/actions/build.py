"""CodeBuild: runs the deployed project's buildspec in an empty folder with the input artifacts."""

import contextlib
import re
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.actions import artifacts, buildspec, kept_pages
from rehearsal.actions.build_environment import build_environment, input_directories
from rehearsal.actions.run import CODEBUILD, ActionFailed, ActionNotEmulated, ActionNotRehearsed, Outcome, Run
from rehearsal.actions.sources import full_clone
from rehearsal.engine.account_kind import TooManyBuildsError
from rehearsal.engine.cloud import Credentials, Forbidden
from rehearsal.errors import NOT_EMULATED
from rehearsal.gaps import GapKind
from rehearsal.process import closed_network
from rehearsal.report import failing_line, junit

LOG_EVENTS_AT_ONCE = 1000
NO_DOCKER = "the build needs Docker, and no Docker daemon is running on this machine"
_PHASE_FAILED = re.compile(r"phase \w+ failed with exit status \d+")


def execute(run: Run) -> Outcome:
    """Run the build; return its exported variables and store its artifacts."""
    project = _project(run)
    role = _start_build(run, project)
    if project["environment"].get("privilegedMode") and not docker_works():
        raise ActionNotRehearsed(GapKind.DOCKER, NO_DOCKER)
    try:
        with run.context.build_slots.taken():
            return _run_in_slot(run, project, role)
    except TooManyBuildsError as refusal:
        raise ActionFailed(str(refusal)) from None


def _run_in_slot(run: Run, project: dict[str, Any], role: Credentials) -> Outcome:
    directory = _new_build_directory(run.context.directory)
    log = _Log(run, project, role)
    try:
        return Outcome(variables=_build(replace(run, log=log.line), project, directory, role))
    except buildspec.BuildspecError as error:
        raise ActionFailed(str(error)) from None
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    finally:
        log.upload()
        kept_pages.keep(run, log.links)
        _remove(directory)


def _start_build(run: Run, project: Mapping[str, Any]) -> Credentials:
    """Check that the pipeline's role may start the build; return the credentials of the project's role."""
    context = run.context
    arn = f"arn:aws:codebuild:{context.home.region}:{context.home.account}:project/{project['name']}"
    try:
        for action in ("StartBuild", "BatchGetBuilds"):
            context.cloud.check(run.action.role_arn or context.definition.role_arn, f"codebuild:{action}", arn)
        return context.cloud.assume_as_service(CODEBUILD, project["serviceRole"], f"AWSCodeBuild-{uuid.uuid4()}")
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None


def _new_build_directory(builds: Path) -> Path:
    """Create an empty folder whose path is reused by later builds and rehearsals.

    Python caches bytecode by source path, so each environment's test packages are compiled only once.
    """
    builds.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        folder = builds / str(number)
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _remove(directory: Path) -> None:
    """Delete a build's folder in the background; the rehearsal's clean-up deletes what remains."""
    renamed = directory.with_name(f"{directory.name}-{uuid.uuid4()}")
    with contextlib.suppress(FileNotFoundError):
        directory.rename(renamed)
    # In a process, because a thread would compete with the next action for the interpreter.
    removal = partial(subprocess.run, ["rm", "-rf", str(renamed)], stderr=subprocess.DEVNULL, check=False)
    threading.Thread(target=removal, daemon=True).start()


class _Log:
    """A build's output: shown at once, and written to CloudWatch Logs at the end."""

    def __init__(self, run: Run, project: dict[str, Any], role: Credentials) -> None:
        self._role = role
        self._run = run
        self._group = project.get("logsConfig", {}).get("cloudWatchLogs", {}).get("groupName")
        self._stream = str(uuid.uuid4())
        self._events: list[dict[str, Any]] = []
        self.links: set[tuple[str, str]] = set()
        """Bucket and key of the objects that the build linked to."""
        run.details.external_id = f"{project['name']}:{self._stream}"

    def line(self, text: str) -> None:
        self._run.log(text)
        if text.strip():
            self._events.append({"timestamp": int(time.time() * 1000), "message": text})
            self.links.update(kept_pages.links(text))

    def upload(self) -> None:
        if self._group is None:
            return
        home = self._run.context.home
        client = self._run.context.cloud.client("logs", home.region, self._role)
        stream = {"logGroupName": self._group, "logStreamName": self._stream}
        client.create_log_stream(**stream)
        for first in range(0, len(self._events), LOG_EVENTS_AT_ONCE):
            client.put_log_events(**stream, logEvents=self._events[first : first + LOG_EVENTS_AT_ONCE])
        self._run.details.log = (self._group, self._stream)


def _build(run: Run, project: dict[str, Any], directory: Path, role: Credentials) -> dict[str, str]:
    artifacts.read_inputs(run, role_arn=project["serviceRole"])
    source = _unpack_inputs(run, directory, role_arn=project["serviceRole"])
    specification = buildspec.parse(_specification_text(project, source))
    environment = build_environment(run, project, specification, directory, role)
    exported = directory / "exported"
    script = directory / "build.sh"
    script.write_text(specification.script(exported))
    minutes = project.get("timeoutInMinutes", 60)
    try:
        command = [specification.shell, str(script)]
        if not project["environment"].get("privilegedMode"):
            # A privileged build needs the loopback interface of this machine, where Docker publishes ports.
            command = closed_network.closed(command, run.context.cloud.ports)
        _execute(run, command, source, environment, minutes=minutes)
    finally:
        _read_reports(run, specification, source)
    if not exported.is_file():
        # A command replaced the shell (`exec`) or its EXIT trap.
        raise ActionFailed("the build's shell ended before the last phase did")
    _pack_outputs(run, specification, source)
    artifacts.write_outputs(run, role_arn=project["serviceRole"])
    return _exported_variables(exported)


def _project(run: Run) -> dict[str, Any]:
    name = run.configuration["ProjectName"]
    home = run.context.home
    found = run.context.cloud.client("codebuild", home.region, Credentials(home.account)).batch_get_projects(
        names=[name]
    )
    if not found["projects"]:
        raise ActionFailed(f"CodeBuild project {name} does not exist in {home}")
    return found["projects"][0]


def docker_works() -> bool:
    """Return whether a Docker daemon runs on this machine."""
    if not shutil.which("docker"):
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _unpack_inputs(run: Run, directory: Path, *, role_arn: str) -> Path:
    sources = input_directories(run, directory)
    for name, target in sources.items():
        run.context.artifacts.unpack(name, target)
        full_clone.clone(run, target, role_arn=role_arn)
    return next(iter(sources.values()))


def _specification_text(project: dict[str, Any], source: Path) -> str:
    text = project["source"].get("buildspec", "buildspec.yml")
    if "\n" in text or text.lstrip().startswith("{"):
        return text
    file = source / text
    if not file.is_file():
        raise ActionFailed(f"buildspec {text} is not in the input artifact")
    return file.read_text()


def _execute(run: Run, command: list[str], source: Path, environment: Mapping[str, str], *, minutes: int) -> None:
    lines: list[str] = []
    gaps: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if NOT_EMULATED in line:
            gaps.append(line.strip())
        run.log(line)

    if run.fail_on_purpose:
        raise ActionFailed("made to fail by --fail")
    try:
        code = run.context.processes.run(
            command,
            directory=source,
            environment=environment,
            on_line=on_line,
            timeout_seconds=minutes * 60,
        )
    except TimeoutError:
        raise ActionFailed(f"the build timed out after {minutes} minutes") from None
    if code and gaps:
        # A gap of the emulator says nothing about the release.
        raise ActionNotEmulated(gaps[0])
    if code:
        phases = [line for line in lines if _PHASE_FAILED.fullmatch(line)]
        raise ActionFailed(failing_line.reason(lines, ", ".join(phases) or f"exit status {code}"))


def _read_reports(run: Run, specification: buildspec.Buildspec, source: Path) -> None:
    """Read the build's test reports. As in CodeBuild, a missing or broken report does not fail the build."""
    for report in specification.reports:
        if report.file_format != buildspec.JUNIT:
            run.log(f"report {report.name}: the rehearsal does not support {report.file_format}")
            continue
        try:
            for file in report.output.files(source).values():
                run.details.tests += junit.parse(file.read_text(errors="replace"))
        except (buildspec.BuildspecError, junit.JunitError) as error:
            run.log(f"report {report.name}: {error}")


def _pack_outputs(run: Run, specification: buildspec.Buildspec, source: Path) -> None:
    outputs = run.action.outputs
    if not outputs:
        return
    if len(outputs) == 1 and specification.primary_output:
        run.context.artifacts.pack(outputs[0], specification.primary_output.files(source))
        return
    for name in outputs:
        if name not in specification.secondary_outputs:
            raise ActionFailed(f"the buildspec does not define the artifact {name}")
        run.context.artifacts.pack(name, specification.secondary_outputs[name].files(source))


def _exported_variables(file: Path) -> dict[str, str]:
    # As bytes: text mode would convert line endings in values.
    pairs = (entry.partition("=") for entry in file.read_bytes().decode(errors="replace").split("\0") if entry)
    return {name: value for name, _, value in pairs}

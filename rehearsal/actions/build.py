"""CodeBuild: the deployed project's build specification, run in a clean folder that holds only the input artifacts."""

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

from rehearsal.actions import artifacts, buildspec
from rehearsal.actions.build_environment import build_environment, input_directories
from rehearsal.actions.run import CODEBUILD, ActionFailed, ActionNotEmulated, ActionSkipped, Outcome, Run
from rehearsal.engine.account_kind import TooManyBuildsError
from rehearsal.engine.cloud import Credentials, Forbidden
from rehearsal.errors import NOT_EMULATED
from rehearsal.process import closed_network
from rehearsal.report import junit

LOG_EVENTS_AT_ONCE = 1000
_PHASE_FAILED = re.compile(r"phase \w+ failed with exit status \d+")


def execute(run: Run) -> Outcome:
    """Run the build to its end and keep its artifacts and exported variables."""
    project = _project(run)
    role = _begin(run, project)
    if project["environment"].get("privilegedMode") and not _docker_works():
        raise ActionSkipped("needs a Docker daemon, and none runs here")
    try:
        with run.context.build_slots.taken():
            return _run(run, project, role)
    except TooManyBuildsError as refusal:
        raise ActionFailed(str(refusal)) from None


def _run(run: Run, project: dict[str, Any], role: Credentials) -> Outcome:
    directory = _folder_that_is_free(run.context.directory)
    log = _Log(run, project, role)
    try:
        return Outcome(variables=_build(replace(run, log=log.line), project, directory, role))
    except buildspec.BuildspecError as error:
        raise ActionFailed(str(error)) from None
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None
    finally:
        log.keep()
        _remove(directory)


def _begin(run: Run, project: Mapping[str, Any]) -> Credentials:
    """Start the build as CodePipeline does, by its role; return the credentials of the project's own."""
    context = run.context
    arn = f"arn:aws:codebuild:{context.home.region}:{context.home.account}:project/{project['name']}"
    try:
        for action in ("StartBuild", "BatchGetBuilds"):
            context.cloud.check(run.action.role_arn or context.definition.role_arn, f"codebuild:{action}", arn)
        return context.cloud.assume_as_service(CODEBUILD, project["serviceRole"], f"AWSCodeBuild-{uuid.uuid4()}")
    except Forbidden as refusal:
        raise ActionFailed(str(refusal)) from None


def _folder_that_is_free(builds: Path) -> Path:
    """Make an empty folder whose path comes again, in the next builds and in the next rehearsals.

    Python keeps bytecode by a source's path: what each environment's tests install is compiled once.
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
    """Have a build's folder go while the next action runs; what is left of it goes with the rehearsal's own folder."""
    going = directory.with_name(f"{directory.name}-{uuid.uuid4()}")
    with contextlib.suppress(FileNotFoundError):
        directory.rename(going)
    # In a process of its own: a thread would take turns with what unpacks the next action's inputs.
    removal = partial(subprocess.run, ["rm", "-rf", str(going)], stderr=subprocess.DEVNULL, check=False)
    threading.Thread(target=removal, daemon=True).start()


class _Log:
    """What a build prints: shown as it comes, then kept where CodeBuild keeps it."""

    def __init__(self, run: Run, project: dict[str, Any], role: Credentials) -> None:
        self._role = role
        self._run = run
        self._group = project.get("logsConfig", {}).get("cloudWatchLogs", {}).get("groupName")
        self._stream = str(uuid.uuid4())
        self._events: list[dict[str, Any]] = []
        run.details.external_id = f"{project['name']}:{self._stream}"

    def line(self, text: str) -> None:
        self._run.log(text)
        if text.strip():
            self._events.append({"timestamp": int(time.time() * 1000), "message": text})

    def keep(self) -> None:
        if self._group is None:
            return
        home = self._run.context.home
        client = self._run.context.cloud.client("logs", home.region, self._role)
        place = {"logGroupName": self._group, "logStreamName": self._stream}
        client.create_log_stream(**place)
        for first in range(0, len(self._events), LOG_EVENTS_AT_ONCE):
            client.put_log_events(**place, logEvents=self._events[first : first + LOG_EVENTS_AT_ONCE])
        self._run.details.log = (self._group, self._stream)


def _build(run: Run, project: dict[str, Any], directory: Path, role: Credentials) -> dict[str, str]:
    artifacts.read_inputs(run, role_arn=project["serviceRole"])
    source = _unpack_inputs(run, directory)
    specification = buildspec.parse(_specification_text(project, source))
    environment = build_environment(run, project, specification, directory, role)
    exported = directory / "exported"
    script = directory / "build.sh"
    script.write_text(specification.script(exported))
    minutes = project.get("timeoutInMinutes", 60)
    try:
        command = [specification.shell, str(script)]
        if not project["environment"].get("privilegedMode"):
            # What a Docker daemon serves is on this machine's own loopback.
            command = closed_network.closed(command, run.context.cloud.ports)
        _execute(run, command, source, environment, minutes=minutes)
    finally:
        _read_reports(run, specification, source)
    if not exported.is_file():
        # `exec`, or a trap of the build's own, took the shell away.
        raise ActionFailed("the build's shell ended before its last phase was over")
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
        raise ActionFailed(f"there is no CodeBuild project {name} in {home}")
    return found["projects"][0]


def _docker_works() -> bool:
    if not shutil.which("docker"):
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _unpack_inputs(run: Run, directory: Path) -> Path:
    sources = input_directories(run, directory)
    for name, target in sources.items():
        run.context.artifacts.unpack(name, target)
    return next(iter(sources.values()))


def _specification_text(project: dict[str, Any], source: Path) -> str:
    text = project["source"].get("buildspec", "buildspec.yml")
    if "\n" in text or text.lstrip().startswith("{"):
        return text
    file = source / text
    if not file.is_file():
        raise ActionFailed(f"the build specification {text} is not in the input artifact")
    return file.read_text()


def _execute(run: Run, command: list[str], source: Path, environment: Mapping[str, str], *, minutes: int) -> None:
    failed_phases: list[str] = []
    gaps: list[str] = []

    def keep(line: str) -> None:
        if _PHASE_FAILED.fullmatch(line):
            failed_phases.append(line)
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
            on_line=keep,
            timeout_seconds=minutes * 60,
        )
    except TimeoutError:
        raise ActionFailed(f"the build took longer than its {minutes} minutes") from None
    if code and gaps:
        # What the emulator cannot do says nothing about the release.
        raise ActionNotEmulated(gaps[0])
    if code:
        raise ActionFailed(", ".join(failed_phases) or f"exit status {code}")


def _read_reports(run: Run, specification: buildspec.Buildspec, source: Path) -> None:
    """Keep the results of the build's tests. As in CodeBuild, a report that is missing or broken fails no build."""
    for report in specification.reports:
        if report.file_format != buildspec.JUNIT:
            run.log(f"report {report.name}: the rehearsal does not read {report.file_format}")
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
            raise ActionFailed(f"the build specification has no artifact {name}")
        run.context.artifacts.pack(name, specification.secondary_outputs[name].files(source))


def _exported_variables(file: Path) -> dict[str, str]:
    # As bytes: reading text would turn a value's line ends into others.
    pairs = (entry.partition("=") for entry in file.read_bytes().decode(errors="replace").split("\0") if entry)
    return {name: value for name, _, value in pairs}
